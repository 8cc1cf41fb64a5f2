"""`random_color`: one mixing matrix for a sample."""

import numpy as np
import pytest

from pipelines.actions.random_color import MixChannels, RandomColor
from tests.support import coordinates, pixels_of, tiny_sample


def test_the_worked_numbers():
    found = MixChannels((1.1, 0, 0, 0, 1, 0, 0, 0, 1)).apply(np.full((2, 2, 3), 100, np.uint8))
    assert (found == (110, 100, 100)).all()


def test_rows_of_pixels_are_multiplied_from_the_left():
    # The first row of the matrix says what red gives.
    found = MixChannels((0.0, 0.5, 0, 0, 0, 0, 0, 0, 0)).apply(np.array([[[200, 10, 20]]], np.uint8))
    assert found.tolist() == [[[0, 100, 0]]]


def test_strength_0_changes_nothing():
    (found,) = RandomColor(0.0).apply(tiny_sample((), size=(40, 60)), np.random.default_rng(0))
    assert np.array_equal(pixels_of(found, coordinates((40, 60))), coordinates((40, 60)))


def test_entries_deviate_by_a_fifth_of_the_strength():
    action, rng = RandomColor.from_settings({"strength": 0.5}), np.random.default_rng(0)
    matrices = np.array([next(iter(action.apply(tiny_sample(), rng))).image.ops[-1].matrix for _ in range(400)])
    deviations = matrices - np.eye(3).ravel()
    assert deviations.std() == pytest.approx(0.1, abs=0.005)
    assert np.abs(deviations.mean(axis=0)).max() < 0.02


def test_the_default_strength():
    assert RandomColor.from_settings({}).strength == 0.25
