"""Arithmetic on pixels: in 32-bit floats, clipped and truncated to 8 bits at the end."""

from __future__ import annotations

import numpy as np

from pipelines.image import Pixels

SEEDS = 2**63


def to_pixels(values: np.ndarray) -> Pixels:
    """Floats on the scale 0..255, clipped to it; fractions are dropped, not rounded. The input may be written to."""
    return np.clip(values, 0, 255, out=values).astype(np.uint8)


def draw_seed(rng: np.random.Generator) -> int:
    """A seed for per-pixel noise, small enough for a recipe."""
    return int(rng.integers(SEEDS))


def seeded(seed: int) -> np.random.Generator:
    """The generator of a recipe's seed: the same numbers on every machine."""
    return np.random.Generator(np.random.Philox(key=seed))
