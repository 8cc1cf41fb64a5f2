"""`contrast_brightness`: a factor around 0 or grey, then an addend."""

import numpy as np
import pytest

from pipelines.actions.contrast_brightness import ContrastBrightness, LinearPixels
from tests.support import pixels_of, tiny_sample

RAMP = np.arange(256, dtype=np.uint8).repeat(3).reshape(1, 256, 3)


@pytest.mark.parametrize(
    ("factor", "offset", "center", "expected"),
    [(2, -50, 0, 150), (2, 0, 128, 72), (0.555, 0, 0, 55), (1, 0, 0, 100), (10, 0, 0, 255), (1, -255, 0, 0)],
)
def test_the_worked_numbers(factor, offset, center, expected):
    found = LinearPixels(factor, offset, center).apply(np.full((2, 3, 3), 100, np.uint8))
    assert (found == expected).all()


@pytest.mark.parametrize(("factor", "offset", "center"), [(1.37, -20.6, 0), (0.5, 33.3, 128), (3.21, -120, 128)])
def test_every_level_follows_the_formula(factor, offset, center):
    values = (
        (RAMP.astype(np.float32) - np.float32(center)) * np.float32(factor) + np.float32(center) + np.float32(offset)
    )
    assert np.array_equal(LinearPixels(factor, offset, center).apply(RAMP), np.clip(values, 0, 255).astype(np.uint8))


def test_neutral_settings_change_nothing():
    settings = {"contrast": {"min": 1, "max": 1}, "brightness": {"min": 0, "max": 0}}
    (found,) = ContrastBrightness.from_settings(settings).apply(
        tiny_sample((), size=(1, 256)), np.random.default_rng(0)
    )
    assert np.array_equal(pixels_of(found, RAMP), RAMP)


def test_one_pair_is_drawn_for_a_sample():
    action = ContrastBrightness.from_settings(ContrastBrightness.examples[0])
    rng = np.random.default_rng(2)
    ops = [next(iter(action.apply(tiny_sample(), rng))).image.ops[-1] for _ in range(30)]
    assert all(0.5 <= op.factor < 2 and -50 <= op.offset < 50 and op.center == 128 for op in ops)
    assert len({op.factor for op in ops}) == len({op.offset for op in ops}) == 30


@pytest.mark.parametrize(
    ("contrast", "brightness", "message"),
    [
        ((2, 1), (0, 0), "min 2 is greater than max 1; exchange them"),
        ((-1, 1), (0, 0), "found -1, at least 0 is expected"),
        ((1, 11), (0, 0), "found 11, at most 10 is expected"),
        ((1, 1), (-300, 0), "found -300, at least -255 is expected"),
        ((1, 1), (0, 256), "found 256, at most 255 is expected"),
    ],
)
def test_limits_are_checked(contrast, brightness, message):
    settings = {
        "contrast": dict(zip(("min", "max"), contrast, strict=True)),
        "brightness": dict(zip(("min", "max"), brightness, strict=True)),
    }
    assert message in [finding.message for finding in ContrastBrightness.from_settings(settings).problems()]
