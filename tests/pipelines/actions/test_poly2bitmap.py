"""`poly2bitmap`: the pixels of the filled drawing."""

import numpy as np
from hypothesis import given

from pipelines.actions import find_action
from pipelines.actions.poly2bitmap import PolygonToBitmap
from pipelines.figures import Bitmap, Figure, Line, Point, Polygon, Rectangle, Shape
from pipelines.image import Size
from tests.pipelines.figures.strategies import SIZE, shapes
from tests.support import drawn, mask_of, tiny_sample


def masks(*before: Shape, size: Size = (40, 60)) -> list[Shape]:
    sample = tiny_sample([Figure("car", shape) for shape in before], size=size)
    (found,) = PolygonToBitmap.from_settings({"classes_mapping": {"car": "car"}}).apply(sample, None)
    return [figure.shape for figure in found.figures]


def test_outlines_are_included():
    assert masks(Polygon([(1, 1), (1, 4), (4, 4), (4, 1)])) == [Bitmap(1, 1, np.ones((4, 4), bool))]
    assert masks(Rectangle(1, 1, 4, 3)) == [Bitmap(1, 1, np.ones((3, 4), bool))]


def test_the_outline_of_a_hole_belongs_to_the_mask():
    (ring,) = masks(Polygon([(1, 1), (6, 1), (6, 6), (1, 6)], ([(2, 2), (5, 2), (5, 5), (2, 5)],)))
    assert ring.area == 36 - 4


def test_lines_are_one_pixel_thick_and_points_one_pixel():
    assert masks(Line([(1, 1), (4, 2)])) == [Bitmap(1, 1, mask_of("##..", "..##"))]
    assert masks(Point(4.5, 3.5)) == [Bitmap(4, 4, mask_of("#"))]


def test_what_lies_outside_is_cut_or_dropped():
    assert masks(Rectangle(-5, 38, 2, 50)) == [Bitmap(0, 38, np.ones((2, 3), bool))]
    assert masks(Polygon([(100, 100), (110, 100), (110, 110)])) == []


@given(shapes)
def test_a_mask_is_the_drawing_of_its_shape(shape):
    (found,) = masks(shape, size=SIZE) or (None,)
    expected = drawn(shape, SIZE)
    assert (found is None) == (not expected.any())
    if found is not None:
        assert np.array_equal(drawn(found, SIZE), expected)
        assert found.pixels.any(axis=0)[[0, -1]].all(), "the mask has an empty column at its border"
        assert found.pixels.any(axis=1)[[0, -1]].all(), "the mask has an empty row at its border"


def test_the_newer_word_finds_it():
    assert find_action("polygon_to_mask") is PolygonToBitmap
