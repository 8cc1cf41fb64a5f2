"""`iaa_imgcorruptlike_blur`: blurs keep light where it is, on average."""

import numpy as np
import pytest

from pipelines.actions.iaa_imgcorruptlike_blur import DEFOCUS, GAUSSIAN_SIGMA, CorruptByBlur

OPTIONS = ["gaussian_blur", "glass_blur", "defocus_blur", "motion_blur", "zoom_blur"]


def spot(option: str, severity: int, seed: int = 1) -> np.ndarray:
    picture = np.zeros((101, 101, 3), np.uint8)
    picture[47:54, 47:54] = 255
    return CorruptByBlur(option, severity, seed).apply(picture)[:, :, 0].astype(float)


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("severity", [1, 3, 5])
def test_an_even_area_stays_as_it_is(option, severity):
    for level in (0, 77, 255):
        even = np.full((50, 60, 3), level, np.uint8)
        assert np.array_equal(CorruptByBlur(option, severity, 9).apply(even), even)


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("severity", [1, 3])
def test_an_object_does_not_move(option, severity):
    light = spot(option, severity)
    y, x = np.mgrid[0:101, 0:101]
    assert (light * x).sum() / light.sum() == pytest.approx(50, abs=0.7)
    assert (light * y).sum() / light.sum() == pytest.approx(50, abs=0.7)


def test_a_gaussian_has_its_width():
    light = spot("gaussian_blur", 3)
    x = np.arange(101) - 50
    variance = (light.sum(axis=0) * x**2).sum() / light.sum()
    assert variance == pytest.approx(GAUSSIAN_SIGMA[2] ** 2 + (49 - 1) / 12, rel=0.15)


def test_defocus_is_a_disc():
    picture = np.zeros((61, 61, 3), np.uint8)
    picture[30, 30] = 255
    radius = DEFOCUS[0][0]
    light = CorruptByBlur("defocus_blur", 1, 0).apply(picture)[:, :, 0] > 0
    y, x = np.mgrid[-30:31, -30:31]
    assert np.array_equal(light, x**2 + y**2 <= radius**2)


def test_motion_has_a_direction_that_the_seed_decides():
    spreads = []
    for seed in range(6):
        light = spot("motion_blur", 5, seed)
        y, x = np.argwhere(light > 20).T
        spreads.append((np.ptp(x), np.ptp(y)))
    assert all(wide >= high for wide, high in spreads)
    assert len(set(spreads)) > 2
