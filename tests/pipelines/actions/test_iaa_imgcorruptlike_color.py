"""`iaa_imgcorruptlike_color`: contrast around the mean, and changes of HSV."""

import numpy as np
import pytest

from pipelines.actions.iaa_imgcorruptlike_color import BRIGHTNESS, CONTRAST, CorruptByColor


def test_contrast_draws_towards_the_mean_of_each_channel():
    picture = np.zeros((10, 10, 3), np.uint8)
    picture[:5] = (200, 100, 50)
    found = CorruptByColor("contrast", 1).apply(picture)
    expected = [int((v - v / 2) * CONTRAST[0] + v / 2) for v in (200, 100, 50)]
    assert found[0, 0].tolist() == expected
    assert found.astype(float).mean(axis=(0, 1)) == pytest.approx([100, 50, 25], abs=1)


def test_brightness_adds_to_the_largest_channel_and_keeps_the_hue():
    found = CorruptByColor("brightness", 2).apply(np.array([[[100, 50, 0]]], np.uint8))[0, 0]
    assert found[0] == int(100 + 255 * BRIGHTNESS[1])
    assert found[1] / found[0] == pytest.approx(0.5, abs=0.01)
    assert found[2] == 0


def test_saturation_goes_and_comes():
    picture = np.array([[[130, 125, 120]]], np.uint8)
    spreads = [int(np.ptp(CorruptByColor("saturate", severity).apply(picture))) for severity in range(1, 6)]
    assert spreads[1] < spreads[0] < 10 < spreads[2] < spreads[3] < spreads[4]


@pytest.mark.parametrize("severity", [1, 3, 5])
def test_black_gets_no_colour_of_its_own(severity):
    assert not CorruptByColor("saturate", severity).apply(np.zeros((3, 3, 3), np.uint8)).any()
