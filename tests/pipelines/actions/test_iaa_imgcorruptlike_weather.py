"""`iaa_imgcorruptlike_weather`: veils, flakes and drops."""

import numpy as np
import pytest

from pipelines.actions.iaa_imgcorruptlike_weather import MUD, CorruptByWeather, clouds

DARK = np.full((120, 160, 3), 40, np.uint8)
DARK[0, 0] = 255  # Fog never exceeds the brightest place of the picture.


def test_clouds_fill_the_whole_range_and_are_smooth():
    found = clouds((90, 130), 2.0, np.random.default_rng(0))
    assert found.dtype == np.float32
    assert (found.min(), found.max()) == pytest.approx((0, 1))
    rough = clouds((90, 130), 1.2, np.random.default_rng(0))
    assert np.abs(np.diff(found, axis=1)).mean() < np.abs(np.diff(rough, axis=1)).mean()


@pytest.mark.parametrize("option", ["fog", "frost", "snow", "spatter"])
def test_dark_pictures_get_brighter_in_places(option):
    found = CorruptByWeather(option, 2, 5).apply(DARK).astype(int)
    assert found[10:].max() > 60
    assert not np.array_equal(found, CorruptByWeather(option, 2, 6).apply(DARK))


def test_fog_takes_contrast():
    picture = np.tile(np.array([20, 220], np.uint8)[:, None], (60, 160))[:, :, None].repeat(3, axis=2)
    found = CorruptByWeather("fog", 4, 1).apply(picture).astype(int)
    assert np.abs(np.diff(found[:, 40, 0])).mean() < 80


def test_snow_is_white_and_colourless():
    found = CorruptByWeather("snow", 1, 1).apply(np.zeros((100, 100, 3), np.uint8)).astype(int)
    assert np.ptp(found, axis=2).max() == 0
    assert found.std() > 5


@pytest.mark.parametrize("severity", [1, 4, 5])
def test_drops_leave_most_of_the_picture_alone(severity):
    found = CorruptByWeather("spatter", severity, 2).apply(DARK)
    touched = (found != DARK).any(axis=2).mean()
    assert 0.01 < touched < 0.35


def test_mud_is_brown():
    found = CorruptByWeather("spatter", 5, 2).apply(np.full((120, 160, 3), 255, np.uint8)).astype(int)
    darkest = found[found.sum(axis=2) < 300]
    assert len(darkest) > 20
    assert (np.argsort(darkest.mean(axis=0)) == np.argsort(MUD)).all()
