"""Arithmetic on pixels: clipped, truncated, and the same noise for the same seed."""

import numpy as np

from pipelines.photometry import SEEDS, draw_seed, seeded, to_pixels


def test_values_are_clipped_and_truncated_not_rounded():
    found = to_pixels(np.array([-3.0, -0.2, 0.9, 100.9, 254.999, 255.5, 900.0], np.float32))
    assert found.dtype == np.uint8
    assert found.tolist() == [0, 0, 0, 100, 254, 255, 255]


def test_a_seed_fits_a_recipe_and_gives_the_same_numbers_again():
    seed = draw_seed(np.random.default_rng(5))
    assert 0 <= seed < SEEDS
    assert type(seed) is int
    assert seeded(seed).random() == seeded(seed).random()
    assert seeded(seed).random() != seeded(seed + 1).random()
