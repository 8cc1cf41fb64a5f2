"""Polylines: clipped with their vertices, split and joined again, one pixel thick when drawn."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from pipelines.figures import Line
from pipelines.image import Rect
from tests.pipelines.figures.strategies import SIZE, lines, rects
from tests.support import drawn


def length(line: Line) -> float:
    return float(np.hypot(*np.diff(line.points, axis=0).T).sum())


def test_a_line_has_no_area():
    assert Line([(0, 0), (9, 9), (9, 0)]).area == 0
    assert Line([(0, 0), (9, 4), (7, -3)]).bounds == (0, -3, 9, 4)


def test_a_crop_cuts_at_the_border():
    (piece,) = Line([(0, 5), (15, 5)]).crop(Rect(4, 0, 8, 10))
    assert piece.points.tolist() == [[4, 5], [8, 5]]


def test_a_line_that_leaves_and_comes_back_splits():
    zigzag = Line([(1, 1), (1, 9), (3, 9), (3, 1)])
    pieces = zigzag.crop(Rect(0, 0, 10, 5))
    assert sorted(piece.bounds for piece in pieces) == [(1, 1, 1, 5), (3, 1, 3, 5)]


def test_pieces_that_share_an_end_are_joined():
    (piece,) = Line([(-2, 2), (4, 2), (4, 8), (12, 8)]).crop(Rect(0, 0, 10, 10))
    assert piece.points.tolist() == [[0, 2], [4, 2], [4, 8], [10, 8]]


def test_inside_is_unchanged_even_where_it_crosses_itself():
    crossing = Line([(1, 1), (8, 8), (8, 1), (1, 8)])
    assert crossing.crop(Rect(0, 0, 10, 10)) == (crossing,)


def test_a_line_along_the_far_border_survives_and_a_touching_point_does_not():
    border = Line([(10, 2), (10, 8)])
    assert border.crop(Rect(0, 0, 10, 10)) == (border,)
    assert Line([(10, 2), (14, 4)]).crop(Rect(0, 0, 10, 10)) == ()
    assert Line([(20, 20), (24, 24)]).crop(Rect(0, 0, 10, 10)) == ()


@given(lines, rects())
def test_a_crop_keeps_the_length_inside(line, rect):
    pieces = line.crop(rect)
    if pieces == (line,):
        return
    inside = shapely.LineString(line.points).intersection(shapely.box(rect.left, rect.top, rect.right, rect.bottom))
    # The intersection counts a stretch that is run over twice once.
    assert sum(map(length, pieces)) == pytest.approx(inside.length, abs=1e-5)
    for piece in pieces:
        left, top, right, bottom = piece.bounds
        assert left >= rect.left - 1e-6
        assert top >= rect.top - 1e-6
        assert right <= rect.right + 1e-6
        assert bottom <= rect.bottom + 1e-6


@given(lines, st.sampled_from(["vertical", "horizontal"]))
def test_flipping_twice_is_nothing(line, axis):
    assert np.allclose(line.flip(axis, SIZE).flip(axis, SIZE).points, line.points, atol=1e-9)


def test_resize_scales_without_rounding():
    (found,) = Line([(1, 1), (3, 2)]).resize((10, 10), (25, 15), 1, 2)
    assert found.points.tolist() == [[2.5, 4.5], [5.5, 7]]


def test_drawn_one_pixel_thick():
    canvas = drawn(Line([(1, 1), (4, 2)]), (4, 6))
    assert np.argwhere(canvas).tolist() == [[1, 1], [1, 2], [2, 3], [2, 4]]


def test_clean_clips_to_the_closed_image():
    (piece,) = Line([(5, 5), (5, 50)]).clean((10, 20))
    assert piece.points.tolist() == [[5, 5], [5, 10]]


@pytest.mark.parametrize("epsilon", [1e9, 1e30, 1e300, float("inf")])
def test_a_tolerance_beyond_all_pictures_leaves_the_ends(epsilon):
    (line,) = Line([(0, 0), (30, 40), (60, 0)]).simplified(epsilon)
    assert line.points.tolist() == [[0, 0], [60, 0]]
