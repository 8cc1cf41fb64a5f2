"""`flip`: the axis is the line of reflection, so `vertical` exchanges left and right."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.actions.flip import Flip
from pipelines.figures import Bitmap, Figure, Point, Rectangle
from tests.pipelines.figures.strategies import SIZE, bitmaps
from tests.support import assert_same, coordinates, drawn, mask_of, pixels_of, tiny_sample


def flip(sample, axis: str):
    (found,) = Flip.from_settings({"axis": axis}).apply(sample, None)
    return found


def test_vertical_exchanges_left_and_right_horizontal_top_and_bottom():
    picture = coordinates((10, 20))
    sample = tiny_sample((), size=(10, 20))
    assert np.array_equal(pixels_of(flip(sample, "vertical"), picture), picture[:, ::-1])
    assert np.array_equal(pixels_of(flip(sample, "horizontal"), picture), picture[::-1])


def test_the_worked_numbers():
    figures = [
        Figure("r", Rectangle(1, 2, 5, 6)),
        Figure("b", Bitmap(3, 4, mask_of("##.", ".#."))),
        Figure("p", Point(7, 3)),
    ]
    sample = tiny_sample(figures, size=(10, 20))
    assert [figure.shape for figure in flip(sample, "vertical").figures] == [
        Rectangle(15, 2, 19, 6),
        Bitmap(14, 4, mask_of(".##", ".#.")),
        Point(13, 3),
    ]
    assert flip(sample, "horizontal").figures[2].shape == Point(7, 7)


@pytest.mark.parametrize("axis", ["vertical", "horizontal"])
def test_flipping_twice_gives_the_original(axis):
    assert_same(flip(flip(tiny_sample(), axis), axis), tiny_sample())


@given(bitmaps(), st.sampled_from(["vertical", "horizontal"]))
def test_the_mask_covers_the_same_content(mask, axis):
    picture = coordinates(SIZE)
    found = flip(tiny_sample([Figure("b", mask)], size=SIZE), axis)
    before = picture[drawn(mask, SIZE)]
    after = pixels_of(found, picture)[drawn(found.figures[0].shape, SIZE)]
    assert sorted(map(tuple, before)) == sorted(map(tuple, after))
