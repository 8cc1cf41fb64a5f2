"""`noise`: a normal number for every value, clipped and truncated."""

import numpy as np
import pytest
from pydantic import ValidationError

from pipelines.actions.noise import Noise, NoisePixels
from tests.support import pixels_of, tiny_sample

GREY = np.full((80, 100, 3), 100, np.uint8)


@pytest.mark.parametrize(("mean", "expected"), [(0.9, 100), (10, 110), (-0.5, 99), (300, 255), (-300, 0)])
def test_without_spread_every_value_moves_alike(mean, expected):
    assert (NoisePixels(mean, 0.0, 1).apply(GREY) == expected).all()


def test_mean_and_spread():
    found = NoisePixels(5.0, 12.0, 7).apply(GREY).astype(float) - 100
    assert found.mean() == pytest.approx(5 - 0.5, abs=0.3)
    assert found.std() == pytest.approx(12, abs=0.3)
    # Channels and neighbours are independent.
    red, green = found[:, :, 0].ravel(), found[:, :, 1].ravel()
    assert abs(np.corrcoef(red, green)[0, 1]) < 0.05
    assert abs(np.corrcoef(red[1:], red[:-1])[0, 1]) < 0.05


def test_each_sample_gets_noise_of_its_own_and_the_same_again():
    action, rng = Noise.from_settings({"mean": 0, "std": 12}), np.random.default_rng(0)
    one, other = (next(iter(action.apply(tiny_sample((), size=(80, 100)), rng))) for _ in range(2))
    assert not np.array_equal(pixels_of(one, GREY), pixels_of(other, GREY))
    assert np.array_equal(pixels_of(one, GREY), pixels_of(one, GREY))


def test_a_negative_spread_is_refused():
    with pytest.raises(ValidationError, match="greater than or equal to 0"):
        Noise.from_settings({"mean": 0, "std": -1})
