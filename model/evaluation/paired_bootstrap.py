"""How sure a difference between two candidates is that did the same objects: the paired bootstrap.

Efron's percentile interval: objects are drawn with replacement, as many as there are, each with both of its values; the
mean difference of each drawing is one value of a distribution, whose middle part is the interval.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

RESAMPLES = 10_000
CONFIDENCE = 0.95
_VALUES_AT_ONCE = 4_000_000
"""Drawn numbers that are in memory together."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A mean difference new − old, and the interval that holds it with the confidence asked for."""

    mean: float
    low: float
    high: float

    @property
    def surely_below_zero(self) -> bool:
        """The whole interval is below zero."""
        return self.high < 0

    @property
    def surely_above_zero(self) -> bool:
        """The whole interval is above zero."""
        return self.low > 0


def paired_difference(
    new: ArrayLike,
    old: ArrayLike,
    rng: np.random.Generator,
    resamples: int = RESAMPLES,
    confidence: float = CONFIDENCE,
) -> Difference:
    """The mean of new − old over the objects, (n,) each in the same order, with its interval.

    The interval goes from the (1 − confidence) / 2 quantile of the resampled means to its mirror image, interpolated
    linearly. ValueError where the two are not as long as each other, or empty.
    """
    differences = np.asarray(new, np.float64) - np.asarray(old, np.float64)
    if np.shape(new) != np.shape(old) or differences.ndim != 1 or differences.size == 0:
        raise ValueError(f"two equally long rows of values are compared, found shapes {np.shape(new)}, {np.shape(old)}")
    means = resampled_means(differences, rng, resamples)
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Difference(float(differences.mean()), float(low), float(high))


def resampled_means(values: NDArray[np.float64], rng: np.random.Generator, resamples: int) -> NDArray[np.float64]:
    """Means of `resamples` drawings with replacement from (n,) values, (resamples,)."""
    rows = max(1, _VALUES_AT_ONCE // values.size)
    means = []
    for begun in range(0, resamples, rows):
        count = min(rows, resamples - begun)
        means.append(values[rng.integers(values.size, size=(count, values.size))].mean(axis=1))
    return np.concatenate(means)
