"""`resize`: stretched, or fitted on a black canvas."""

import numpy as np
import pytest

from pipelines.actions.resize import Resize
from pipelines.figures import Bitmap, Figure, Rectangle
from pipelines.sample import Sample
from tests.support import coordinates, pixels_of, tiny_sample

FIGURES = [Figure("r", Rectangle(10, 20, 30, 40)), Figure("b", Bitmap(20, 20, np.ones((10, 10), bool)))]
SAMPLE = tiny_sample(FIGURES, size=(50, 100))


def resize(width: int, height: int, keep: bool, sample: Sample = SAMPLE) -> Sample:
    (found,) = Resize.from_settings({"width": width, "height": height, "aspect_ratio": {"keep": keep}}).apply(
        sample, None
    )
    return found


def test_stretched():
    found = resize(256, 256, False)
    rectangle, bitmap = (figure.shape for figure in found.figures)
    assert rectangle == Rectangle(25.6, 102.4, 76.8, 204.8)
    assert bitmap.bounds == (51, 102, 77, 154)
    assert found.image.size == (256, 256)


def test_fitted_on_a_canvas():
    found = resize(256, 256, True)
    assert found.figures[0].shape == Rectangle(25.6, 115.2, 76.8, 166.4)
    pixels = pixels_of(found, coordinates((50, 100)) + np.uint8(50))
    assert pixels.shape == (256, 256, 3)
    assert not pixels[:64].any()
    assert not pixels[192:].any()
    assert pixels[64:192].all()


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [(33, -1, (16, 33)), (-1, 25, (25, 50)), (35, -1, (18, 35)), (200, -1, (100, 200))],
    ids=["16.5 goes to even", "half", "17.5 goes to even", "enlarged"],
)
def test_a_free_side_follows(width, height, expected):
    found = resize(width, height, True)
    assert found.image.size == expected
    assert pixels_of(found, coordinates((50, 100))).shape[:2] == expected


def test_the_offset_is_rounded_down():
    found = resize(21, 40, True, tiny_sample(FIGURES[:1], size=(50, 100)))
    # 10 rows of content (10.5 to even) on 40: 15 above.
    assert found.figures[0].shape.top == pytest.approx(20 * 0.21 + 15)


def test_a_mask_that_vanishes_is_dropped_and_the_rest_kept():
    lonely = Figure("lonely", Bitmap(0, 0, np.ones((1, 1), bool)))
    found = resize(10, 5, False, tiny_sample([lonely, *FIGURES], size=(50, 100)))
    assert [figure.title for figure in found.figures] == ["r", "b"]


def test_a_side_below_a_pixel_gives_nothing():
    action = Resize.from_settings({"width": 5, "height": -1, "aspect_ratio": {"keep": True}})
    assert list(action.apply(tiny_sample((), size=(2, 100)), None)) == []


@pytest.mark.parametrize("size", [(33, 17), (97, 61), (200, 120), (1, 1)])
def test_the_picture_has_the_size_the_labels_are_for(size):
    for settings in ((64, 48, False), (64, 48, True), (31, -1, True), (-1, 31, True)):
        sample = tiny_sample((), size=size)
        action = Resize.from_settings(
            {"width": settings[0], "height": settings[1], "aspect_ratio": {"keep": settings[2]}}
        )
        for found in action.apply(sample, None):
            assert pixels_of(found, coordinates(size)).shape[:2] == found.image.size
