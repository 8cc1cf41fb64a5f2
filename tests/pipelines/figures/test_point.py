"""Points: kept half-open by crops, drawn on the nearest pixel."""

import numpy as np
import pytest
from hypothesis import given

from pipelines.figures import Point
from pipelines.image import Rect
from tests.pipelines.figures.strategies import SIZE, points, rects
from tests.support import drawn


def test_a_point_has_no_size():
    assert Point(4, 3).area == 0
    assert Point(4, 3).bounds == (4, 3, 4, 3)


def test_a_crop_keeps_it_with_its_coordinates():
    (found,) = Point(4, 3).crop(Rect(4, 1, 17, 10))
    assert found.shift(-4, -1) == Point(0, 2)


@pytest.mark.parametrize(
    ("x", "y", "kept"), [(4, 1, True), (16.9, 9.9, True), (17, 5, False), (5, 10, False), (3.9, 5, False)]
)
def test_a_crop_includes_its_near_sides_and_not_its_far_ones(x, y, kept):
    assert bool(Point(x, y).crop(Rect(4, 1, 17, 10))) == kept


def test_flip_mirrors_the_plane():
    assert Point(7, 3).flip("vertical", (10, 20)) == Point(13, 3)
    assert Point(7, 3).flip("horizontal", (10, 20)) == Point(7, 7)


def test_resize_scales_and_moves():
    assert Point(10, 20).resize((50, 100), (256, 256), 1, 2) == (Point(26.6, 104.4),)


def test_drawn_on_the_nearest_pixel_halves_to_even():
    assert np.argwhere(drawn(Point(4.5, 3.5), (8, 16))).tolist() == [[4, 4]]
    assert drawn(Point(16, 3), (8, 16)).sum() == 0
    assert np.argwhere(drawn(Point(-0.2, 3), (8, 16))).tolist() == [[3, 0]]
    assert drawn(Point(-0.6, 3), (8, 16)).sum() == 0


def test_clean_includes_the_far_borders():
    assert Point(20, 10).clean((10, 20)) == (Point(20, 10),)
    assert Point(20.5, 10).clean((10, 20)) == ()


@given(points, rects())
def test_a_cropped_point_lies_on_the_new_image(point, rect):
    for kept in point.crop(rect):
        moved = kept.shift(-rect.left, -rect.top)
        assert 0 <= moved.x < rect.width
        assert 0 <= moved.y < rect.height


@given(points)
def test_flipping_twice_is_nothing(point):
    again = point.flip("vertical", SIZE).flip("vertical", SIZE)
    assert (again.x, again.y) == pytest.approx((point.x, point.y), abs=1e-9)
