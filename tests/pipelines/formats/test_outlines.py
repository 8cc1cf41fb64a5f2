"""Outlines become the pixels whose middles they hold."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.formats.left_out import LeftOut
from pipelines.formats.outlines import BadOutline, ellipse, filled

SIZE = (30, 40)


def box(left, top, right, bottom):
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def mask_at(left, top, right, bottom):
    mask = np.zeros(SIZE, bool)
    mask[top:bottom, left:right] = True
    return mask


@given(st.integers(0, 19), st.integers(0, 14), st.integers(20, 40), st.integers(15, 30))
def test_a_box_on_the_grid_is_exactly_its_pixels(left, top, right, bottom):
    assert np.array_equal(filled([box(left, top, right, bottom)], SIZE), mask_at(left, top, right, bottom))


def test_several_are_one_mask_and_what_leaves_the_image_is_cut():
    found = filled([box(2, 2, 8, 8), box(5, 5, 12, 12), box(30, 20, 90, 70)], SIZE)
    assert np.array_equal(found, mask_at(2, 2, 8, 8) | mask_at(5, 5, 12, 12) | mask_at(30, 20, 40, 30))
    assert not filled([], SIZE).any()


def test_a_bridge_there_and_back_adds_nothing():
    parts = [*box(1, 1, 4, 4), (1, 1), *box(20, 20, 24, 24), (20, 20)]
    assert np.array_equal(filled([parts], SIZE), mask_at(1, 1, 4, 4) | mask_at(20, 20, 24, 24))


@pytest.mark.parametrize(
    ("points", "problem"),
    [
        ([], "no list of pairs"),
        ([(1, 2)], "an outline of 1 point; it needs 3 or more"),
        ([(1, 2), (3, 4)], "an outline of 2 points; it needs 3 or more"),
        ([(1, 2, 3)] * 3, "no list of pairs of numbers"),
        ([(1, "x"), (1, 2), (3, 4)], "no list of pairs of numbers"),
        ([(1, 2), (1,)], "no list of pairs of numbers"),
        (None, "no list of pairs of numbers"),
        ([(1, 2), (3, 4), (math.nan, 1)], "beyond 100000 pixels from the image, or no numbers"),
        ([(1, 2), (3, 4), (1e12, 1)], "beyond 100000 pixels from the image, or no numbers"),
    ],
)
def test_what_is_no_outline_is_said(points, problem):
    with pytest.raises((BadOutline, LeftOut), match=problem):
        filled([points], SIZE)


@given(st.floats(5, 14), st.floats(5, 14), st.floats(-180, 180))
def test_an_ellipse_has_its_area_and_its_middle(rx, ry, degrees):
    mask = ellipse((20, 15), (rx, ry), degrees, (60, 60))
    assert mask.sum() == pytest.approx(math.pi * rx * ry, abs=rx + ry)
    assert mask[15, 20]


def test_an_ellipse_is_turned_clockwise():
    mask = ellipse((20, 15), (10, 2), 45, SIZE)
    assert mask[20, 25]
    assert not mask[10, 25]


@pytest.mark.parametrize("radii", [(0, 3), (3, -1), (math.nan, 1)])
def test_an_ellipse_needs_radii(radii):
    with pytest.raises((BadOutline, LeftOut), match=r"must be above 0|no numbers"):
        ellipse((5, 5), radii, 0, SIZE)
