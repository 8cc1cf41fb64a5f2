"""`blur`: Gaussian and median filters."""

import cv2
import numpy as np
import pytest

from pipelines.actions.blur import Blur, GaussianPixels, MedianPixels
from tests.support import pixels_of, tiny_sample

PICTURE = np.random.default_rng(0).integers(0, 256, (30, 40, 3), np.uint8)


def test_a_point_becomes_a_gaussian():
    picture = np.zeros((41, 41, 3), np.uint8)
    picture[20, 20] = 255
    found = GaussianPixels(2.0).apply(picture)[:, :, 0].astype(float)
    y, x = np.mgrid[-20:21, -20:21]
    weights = np.exp(-(x**2 + y**2) / 8)
    expected = np.floor(255 * weights / weights.sum())
    assert np.abs(found - expected).max() <= 1
    assert found[20, 20] == expected[20, 20]


def test_the_kernel_ends_where_the_original_ends_it():
    # 8 * 2 + 1 = 17 taps: eight pixels away there still is a trace of a bright line, nine away there is none.
    picture = np.zeros((1, 60, 3), np.uint8)
    kernel = cv2.getGaussianKernel(17, 2.0)[:, 0]
    picture[0, 30] = 255
    found = GaussianPixels(2.0).apply(picture)[0, :, 0]
    assert np.array_equal(found[22:39], np.floor(kernel * 255 + 1e-3))
    assert not found[:22].any()


@pytest.mark.parametrize("sigma", [0.3, 1.0, 2.7, 9.0])
def test_an_even_area_stays_as_it_is(sigma):
    for level in (0, 1, 99, 200, 255):
        picture = np.full((20, 30, 3), level, np.uint8)
        assert np.array_equal(GaussianPixels(sigma).apply(picture), picture)


@pytest.mark.parametrize("kernel", [3, 5, 7, 9])
def test_a_median_of_any_odd_size(kernel):
    half = kernel // 2
    found = MedianPixels(kernel).apply(PICTURE)
    for row, column in ((half, half), (15, 20), (29 - half, 39 - half)):
        window = PICTURE[row - half : row + half + 1, column - half : column + half + 1]
        assert found[row, column].tolist() == np.median(window.reshape(-1, 3), axis=0).tolist()


def test_sigma_is_drawn_between_its_limits():
    action = Blur.from_settings({"name": "gaussian", "sigma": {"min": 0.5, "max": 2}})
    rng = np.random.default_rng(1)
    sigmas = [next(iter(action.apply(tiny_sample(), rng))).image.ops[-1].sigma for _ in range(40)]
    assert all(0.5 <= sigma < 2 for sigma in sigmas)
    assert len(set(sigmas)) == 40
    assert not Blur.from_settings({"name": "median", "kernel": 5}).random


def test_the_sample_is_blurred_and_nothing_else():
    sample = tiny_sample(size=(30, 40))
    (found,) = Blur.from_settings({"name": "median", "kernel": 3}).apply(sample, None)
    assert np.array_equal(pixels_of(found, PICTURE), cv2.medianBlur(PICTURE, 3))
    assert found.figures == sample.figures


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"name": "median", "kernel": 4}, "found 4, an odd number is expected: 3 or 5"),
        ({"name": "median"}, 'a median blur needs "kernel", which is missing'),
        ({"name": "gaussian"}, 'a gaussian blur needs "sigma", which is missing'),
        ({"name": "gaussian", "sigma": {"min": 1, "max": 2}, "kernel": 3}, 'takes "sigma" only; leave "kernel" out'),
        ({"name": "gaussian", "sigma": {"min": 3, "max": 2}}, "min 3 is greater than max 2; exchange them"),
        ({"name": "gaussian", "sigma": {"min": 0, "max": 2}}, "found 0, at least 0.01 is expected"),
    ],
)
def test_settings_that_make_no_sense_are_named(settings, message):
    assert any(message in finding.message for finding in Blur.from_settings(settings).problems())
