"""An image expression must mean what its operations, done one after another on pixels, would give."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from pipelines import render
from pipelines.image import CropPixels, FlipPixels, Image, PixelOp, Rect, ResizePixels
from tests.support import coordinates

SIZE = (40, 60)
WHOLE = Image("memory://picture.png", SIZE, SIZE)


@st.composite
def steps(draw: DrawFn) -> list[tuple[object, ...]]:
    """Crops, flips and resizes that fit one after another."""
    height, width = SIZE
    result: list[tuple[object, ...]] = []
    for kind in draw(st.lists(st.sampled_from(["crop", "crop", "flip", "flip", "resize"]), max_size=8)):
        if kind == "crop":
            left, top = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
            right, bottom = draw(st.integers(left + 1, width)), draw(st.integers(top + 1, height))
            result.append(("crop", Rect(left, top, right, bottom)))
            height, width = bottom - top, right - left
        elif kind == "flip":
            result.append(("flip", draw(st.sampled_from(["vertical", "horizontal"]))))
        else:
            height, width = draw(st.integers(1, 50)), draw(st.integers(1, 50))
            result.append(("resize", ResizePixels(width, height, width, height, 0, 0, 0.0)))
    return result


@given(steps())
def test_rewriting_gives_the_pixels_of_the_steps_in_turn(chain):
    picture = coordinates(SIZE)
    image, expected = WHOLE, picture
    for kind, value in chain:
        if kind == "crop":
            image = image.crop(value)
            expected = expected[value.top : value.bottom, value.left : value.right]
        elif kind == "flip":
            image = image.flip(value)
            expected = expected[:, ::-1] if value == "vertical" else expected[::-1]
        else:
            image = image.then(value)
            expected = value.apply(np.ascontiguousarray(expected))
        assert image.size == expected.shape[:2]
    assert np.array_equal(render.evaluate(image, picture), expected)


@given(steps())
def test_an_expression_survives_its_recipe(chain):
    image = WHOLE
    for kind, value in chain:
        image = image.crop(value) if kind == "crop" else image.flip(value) if kind == "flip" else image.then(value)
    assert tuple(PixelOp.from_record(op.record()) for op in image.ops) == image.ops


def test_crops_merge_also_through_flips():
    image = WHOLE.crop(Rect(10, 5, 50, 35)).flip("vertical").crop(Rect(0, 0, 10, 10))
    assert image.ops == (CropPixels(40, 5, 50, 15), FlipPixels("vertical"))
    assert image.size == (10, 10)


def test_two_flips_at_one_axis_cancel_out():
    assert WHOLE.flip("vertical").flip("vertical") == WHOLE
    assert len(WHOLE.flip("vertical").flip("horizontal").ops) == 2


def test_a_crop_does_not_move_in_front_of_a_resize():
    resize = ResizePixels(20, 20, 20, 20, 0, 0, 0.0)
    assert WHOLE.then(resize).crop(Rect(0, 0, 5, 5)).ops == (resize, CropPixels(0, 0, 5, 5))


def test_an_image_is_not_changed_by_what_is_made_of_it():
    WHOLE.crop(Rect(0, 0, 5, 5))
    WHOLE.flip("vertical")
    assert WHOLE.ops == ()


def test_a_resize_with_margins_is_black_around_the_content():
    picture = np.full((10, 20, 3), 200, np.uint8)
    canvas = ResizePixels(40, 40, 40, 20, 0, 10, 2.0).apply(picture)
    assert (canvas[10:30] == 200).all()
    assert not canvas[:10].any()
    assert not canvas[30:].any()


def test_a_resize_aligns_pixel_centres():
    ramp = np.repeat(np.arange(4, dtype=np.uint8)[None, :, None] * 40, 3, axis=2)
    halved = ResizePixels(2, 1, 2, 1, 0, 0, 0.0).apply(ramp)
    assert halved[0, :, 0].tolist() == [20, 100], "the centre of a result pixel lies between two source pixels"


@pytest.mark.parametrize(
    ("rect", "expected"),
    [
        (Rect(-3, -4, 5, 6), Rect(0, 0, 5, 6)),
        (Rect(55, 35, 70, 50), Rect(55, 35, 60, 40)),
        (Rect(1, 2, 3, 4), Rect(1, 2, 3, 4)),
    ],
)
def test_clip(rect, expected):
    assert rect.clip(SIZE) == expected
    assert expected.within(SIZE)
    assert rect.within(SIZE) == (rect == expected)


@given(st.integers(-5, 70), st.integers(-5, 50), st.integers(0, 20), st.integers(0, 20), st.booleans())
def test_a_rectangle_flips_there_and_back(left, top, width, height, sideways):
    rect, axis = Rect(left, top, left + width, top + height), "vertical" if sideways else "horizontal"
    flipped = rect.flip(axis, SIZE)
    assert (flipped.width, flipped.height) == (width, height)
    assert flipped.flip(axis, SIZE) == rect


def test_an_empty_rectangle_says_so():
    assert Rect(5, 5, 5, 9).empty
    assert Rect(6, 5, 5, 9).empty
    assert not Rect(5, 5, 6, 6).empty
