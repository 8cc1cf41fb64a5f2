"""Rectangles: corners in order, areas without a pixel more, drawing with both borders."""

from hypothesis import given
from hypothesis import strategies as st

from pipelines.figures import Rectangle
from pipelines.image import Rect
from tests.pipelines.figures.strategies import SIZE, rectangles, rects
from tests.support import drawn


def test_corners_are_put_in_order():
    assert Rectangle(5, 6, 1, 2).bounds == (1, 2, 5, 6)


def test_area_has_no_pixel_more():
    assert Rectangle(1, 2, 5, 6).area == 16


def test_crop_intersects():
    (piece,) = Rectangle(1, 2, 5, 6).crop(Rect(4, 1, 17, 10))
    assert piece.shift(-4, -1) == Rectangle(0, 1, 1, 5)


def test_an_empty_intersection_gives_nothing():
    assert Rectangle(1, 2, 5, 6).crop(Rect(5, 0, 9, 9)) == ()
    assert Rectangle(3, 2, 3, 6).crop(Rect(0, 0, 9, 9)) == ()


def test_flip_mirrors_the_plane():
    assert Rectangle(1, 2, 5, 6).flip("vertical", (10, 20)) == Rectangle(15, 2, 19, 6)
    assert Rectangle(1, 2, 5, 6).flip("horizontal", (10, 20)) == Rectangle(1, 4, 5, 8)


def test_resize_scales_without_rounding():
    (stretched,) = Rectangle(10, 20, 30, 40).resize((50, 100), (256, 256), 0, 0)
    assert stretched == Rectangle(25.6, 102.4, 76.8, 204.8)
    (kept,) = Rectangle(10, 20, 30, 40).resize((50, 100), (128, 256), 0, 64)
    assert kept == Rectangle(25.6, 115.2, 76.8, 166.4)


def test_both_borders_are_drawn():
    canvas = drawn(Rectangle(1, 1, 4, 3), (6, 6))
    assert canvas.sum() == 12
    assert canvas[1:4, 1:5].all()


def test_corners_round_half_up_and_what_is_outside_is_cut():
    assert drawn(Rectangle(0.5, 0.5, 2.5, 1.49), (6, 6))[1, 1:4].all()
    assert drawn(Rectangle(-3, -3, 1, 1), (6, 6)).sum() == 4
    assert drawn(Rectangle(-3, -3, -2, -2), (6, 6)).sum() == 0


def test_clean_clips_or_drops():
    assert Rectangle(-5, 2, 50, 6).clean((10, 20)) == (Rectangle(0, 2, 20, 6),)
    assert Rectangle(20, 2, 25, 6).clean((10, 20)) == ()


@given(rectangles, rects(), rects())
def test_a_crop_of_a_crop_is_the_crop_of_the_intersection(rectangle, one, other):
    both = Rect(
        max(one.left, other.left), max(one.top, other.top), min(one.right, other.right), min(one.bottom, other.bottom)
    )
    in_turn = [piece for first in rectangle.crop(one) for piece in first.crop(other)]
    assert in_turn == list(rectangle.crop(both))


@given(rectangles, st.sampled_from(["vertical", "horizontal"]))
def test_a_flip_keeps_the_area(rectangle, axis):
    flipped = rectangle.flip(axis, SIZE)
    assert abs(flipped.area - rectangle.area) < 1e-6
