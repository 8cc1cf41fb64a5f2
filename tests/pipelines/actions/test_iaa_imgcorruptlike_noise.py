"""`iaa_imgcorruptlike_noise`: each noise has the statistics of its formula."""

import numpy as np
import pytest

from pipelines.actions.iaa_imgcorruptlike_noise import (
    GAUSSIAN_STD,
    IMPULSE_SHARE,
    PHOTONS,
    SPECKLE_STD,
    CorruptByNoise,
)


def values(option: str, severity: int, level: int = 128) -> np.ndarray:
    return CorruptByNoise(option, severity, 3).apply(np.full((120, 120, 3), level, np.uint8)).astype(float)


def test_gaussian_noise_is_the_same_everywhere():
    for level in (100, 150):
        assert (values("gaussian_noise", 1, level) - level).std() == pytest.approx(255 * GAUSSIAN_STD[0], rel=0.05)


def test_shot_noise_grows_with_the_root_of_the_light():
    for level in (64, 128):
        photons = PHOTONS[0] * level / 255
        assert values("shot_noise", 1, level).std() == pytest.approx(level / np.sqrt(photons), rel=0.06)
        assert values("shot_noise", 1, level).mean() == pytest.approx(level, rel=0.03)


@pytest.mark.parametrize("severity", [1, 5])
def test_impulses_are_black_and_full_in_equal_numbers(severity):
    found = values("impulse_noise", severity)
    share = IMPULSE_SHARE[severity - 1] / 2
    assert (found == 0).mean() == pytest.approx(share, abs=0.006)
    assert (found == 255).mean() == pytest.approx(share, abs=0.006)
    assert set(np.unique(found)) == {0, 128, 255}


def test_speckles_are_proportional_and_leave_black_alone():
    assert values("speckle_noise", 1, 100).std() == pytest.approx(100 * SPECKLE_STD[0], rel=0.05)
    assert not values("speckle_noise", 5, 0).any()
