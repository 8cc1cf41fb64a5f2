"""The bootstrap against a slow twin, and what it knows of chance."""

import numpy as np
import pytest

from model.evaluation.paired_bootstrap import paired_difference, resampled_means


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=seed))


def slow_means(values: np.ndarray, generator: np.random.Generator, resamples: int) -> list[float]:
    """The slow twin: object by object, drawing by drawing."""
    means = []
    for _ in range(resamples):
        places = generator.integers(len(values), size=(1, len(values)))[0]
        total = 0.0
        for place in places:
            total += values[place]
        means.append(total / len(values))
    return means


@pytest.mark.parametrize("count", [1, 2, 37])
def test_the_interval_is_that_of_the_slow_twin(count: int) -> None:
    old = rng(1).integers(1, 21, count).astype(float)
    new = rng(2).integers(1, 18, count).astype(float)
    found = paired_difference(new, old, rng(3), resamples=400)
    means = sorted(slow_means(new - old, rng(3), 400))
    assert found.mean == pytest.approx(sum(n - o for n, o in zip(new, old, strict=True)) / count)

    def quantile(share: float) -> float:
        at = share * (len(means) - 1)
        below = int(at)
        above = min(below + 1, len(means) - 1)
        return means[below] + (at - below) * (means[above] - means[below])

    assert (found.low, found.high) == (pytest.approx(quantile(0.025)), pytest.approx(quantile(0.975)))


def test_many_objects_are_drawn_in_several_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    values = rng(4).normal(size=50)
    whole = resampled_means(values, rng(5), 101)
    monkeypatch.setattr("model.evaluation.paired_bootstrap._VALUES_AT_ONCE", 500)
    np.testing.assert_array_equal(resampled_means(values, rng(5), 101), whole)
    assert whole.shape == (101,)


def test_pairs_are_compared_and_not_groups() -> None:
    """Objects differ by far more than the two candidates, yet every single one is better."""
    old = rng(6).uniform(1, 20, 60)
    found = paired_difference(old - 0.5 + 0.1 * rng(7).normal(size=60), old, rng(8))
    assert found.surely_below_zero
    assert found.low == pytest.approx(-0.5, abs=0.1)
    unpaired = paired_difference(rng(9).permutation(old) - 0.5, old, rng(8))
    assert not unpaired.surely_below_zero
    assert not unpaired.surely_above_zero


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    held = 0
    for trial in range(200):
        values = rng(1000 + trial).normal(0.3, 1, 60)
        found = paired_difference(values, np.zeros(60), rng(trial), resamples=500)
        held += found.low <= 0.3 <= found.high
    assert 0.89 < held / 200 < 0.99


def test_equal_candidates_are_neither_better_nor_worse() -> None:
    same = paired_difference([3.0, 5.0], [3.0, 5.0], rng())
    assert (same.mean, same.low, same.high) == (0, 0, 0)
    assert not same.surely_below_zero
    assert not same.surely_above_zero


@pytest.mark.parametrize(("new", "old"), [([1.0], [1.0, 2.0]), ([], [])])
def test_rows_that_do_not_pair_are_refused(new: list[float], old: list[float]) -> None:
    with pytest.raises(ValueError, match="two equally long rows of values are compared, found shapes"):
        paired_difference(new, old, rng())
