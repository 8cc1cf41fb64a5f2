"""Polygons: shoelace area of the outline, crops that cut holes open and split, drawing with both borders."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from pipelines.figures import Polygon
from pipelines.image import Rect
from tests.pipelines.figures.strategies import HEIGHT, SIZE, WIDTH, polygons, rects
from tests.support import drawn

RING = Polygon([(0, 0), (8, 0), (8, 8), (0, 8)], ([(2, 2), (6, 2), (6, 6), (2, 6)],))
L_SHAPE = Polygon([(0, 0), (2, 0), (2, 8), (10, 8), (10, 10), (0, 10)])


def body(polygon: Polygon) -> shapely.Polygon:
    return shapely.Polygon(polygon.exterior, polygon.holes)


def test_holes_and_the_outside_count_as_area():
    assert RING.area == 64
    assert Polygon([(15, 0), (30, 0), (30, 10), (15, 10)]).area == 150


def test_a_bow_tie_cancels_out():
    assert Polygon([(0, 0), (4, 4), (4, 0), (0, 4)]).area == 0


def test_bounds_are_over_all_vertices():
    assert Polygon([(1.5, 2), (7, 3), (4, 9.25)]).bounds == (1.5, 2, 7, 9.25)


def test_a_hole_cut_by_the_border_becomes_outline():
    (piece,) = RING.crop(Rect(4, 0, 17, 10))
    expected = Polygon([(4, 8), (8, 8), (8, 0), (4, 0), (4, 2), (6, 2), (6, 6), (4, 6)])
    assert piece.holes == ()
    assert len(piece.exterior) == 8, "the closing vertex is not repeated"
    assert shapely.equals(body(piece), body(expected))


def test_a_hole_wholly_inside_stays_a_hole():
    (piece,) = RING.crop(Rect(1, 1, 7, 7))
    assert piece.area == 36
    assert [sorted(map(tuple, hole)) for hole in piece.holes] == [[(2, 2), (2, 6), (6, 2), (6, 6)]]


def test_a_u_cut_through_its_legs_gives_two():
    u_shape = Polygon([(0, 0), (2, 0), (2, 6), (6, 6), (6, 0), (8, 0), (8, 8), (0, 8)])
    pieces = u_shape.crop(Rect(0, 0, 8, 4))
    assert sorted(piece.bounds for piece in pieces) == [(0, 0, 2, 4), (6, 0, 8, 4)]


def test_a_box_that_overlaps_without_the_body_gives_nothing():
    assert L_SHAPE.crop(Rect(4, 0, 10, 6)) == ()


def test_touching_is_not_overlapping():
    assert RING.crop(Rect(8, 0, 12, 8)) == ()
    assert L_SHAPE.crop(Rect(2, 0, 10, 8)) == (), "only two edges are shared: stray segments are no area"


def test_inside_is_unchanged():
    assert RING.crop(Rect(0, 0, 8, 8)) == (RING,)


def test_an_outline_that_crosses_itself_can_be_cropped():
    pieces = Polygon([(0, 0), (8, 8), (8, 0), (0, 8)]).crop(Rect(4, 0, 8, 8))
    assert sum(piece.area for piece in pieces) == pytest.approx(16)


@given(polygons, rects())
def test_a_crop_covers_what_the_body_and_the_rectangle_share(polygon, rect):
    whole = body(polygon).buffer(0)
    expected = whole.intersection(shapely.box(rect.left, rect.top, rect.right, rect.bottom)).area
    pieces = polygon.crop(rect)
    if pieces == (polygon,):
        return
    found = sum(body(piece).area for piece in pieces)
    assert found == pytest.approx(expected, abs=1e-6)


@given(polygons, rects())
def test_cropping_before_drawing_differs_from_drawing_before_cropping_only_beside_the_cut(polygon, rect):
    """Inside the rectangle, away from its border and from the outline's own pixels, both must give the same pixels."""
    if not shapely.Polygon(polygon.exterior).is_valid:
        return
    whole = drawn(polygon, SIZE)
    cut = np.zeros(SIZE, bool)
    for piece in polygon.crop(rect):
        piece.draw(cut, 1)
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    outline = shapely.LinearRing(polygon.exterior)
    far = shapely.distance(outline, shapely.points(columns, rows)) > 1.5
    deep = (columns > rect.left + 1) & (columns < rect.right - 1) & (rows > rect.top + 1) & (rows < rect.bottom - 1)
    assert np.array_equal(whole[far & deep], cut[far & deep])


@given(polygons, st.sampled_from(["vertical", "horizontal"]))
def test_flipping_twice_is_nothing(polygon, axis):
    again = polygon.flip(axis, SIZE).flip(axis, SIZE)
    assert np.allclose(again.exterior, polygon.exterior, atol=1e-9)


def test_flip_mirrors_the_plane_not_the_grid():
    triangle = Polygon([(0, 0), (5, 0), (0, 5)])
    assert triangle.flip("vertical", (10, 20)).exterior.tolist() == [[20, 0], [15, 0], [20, 5]]
    assert triangle.flip("horizontal", (10, 20)).exterior.tolist() == [[0, 10], [5, 10], [0, 5]]


def test_resize_scales_and_moves_without_rounding():
    (found,) = Polygon([(0, 0), (5, 0), (0, 5)], ([(1, 1), (2, 1), (1, 2)],)).resize((50, 100), (256, 256), 3, 4)
    assert found.exterior.tolist() == [[3, 4], [5 * 2.56 + 3, 4], [3, 5 * 5.12 + 4]]
    assert found.holes[0].tolist()[0] == [1 * 2.56 + 3, 1 * 5.12 + 4]


def test_both_borders_are_drawn():
    assert drawn(Polygon([(1, 1), (1, 4), (4, 4), (4, 1)]), (8, 8)).sum() == 16


def test_a_hole_keeps_its_outline():
    holed = Polygon([(1, 1), (6, 1), (6, 6), (1, 6)], ([(2, 2), (5, 2), (5, 5), (2, 5)],))
    canvas = drawn(holed, (8, 8))
    assert canvas.sum() == 32
    assert not canvas[3:5, 3:5].any()


def test_drawing_rounds_half_to_even():
    assert np.argwhere(drawn(Polygon([(0.5, 0.5), (2.5, 0.5), (2.5, 1.5), (0.5, 1.5)]), (5, 5))).tolist() == [
        [row, column] for row in (0, 1, 2) for column in (0, 1, 2)
    ]


def test_clean_leaves_vertices_outside_alone():
    outside = Polygon([(-5, -5), (50, 0), (0, 50)])
    assert outside.clean((10, 10)) == (outside,)


def test_vertices_cannot_be_written_to():
    with pytest.raises(ValueError, match="read-only"):
        RING.exterior[0, 0] = 7
