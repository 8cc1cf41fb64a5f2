"""What holds for every shape: it is registered, travels as plain values, and stays itself under shifts."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.figures import SHAPES, Bitmap, Figure
from pipelines.figures.figure import reshape
from pipelines.figures.shape import half_up, outer_rect
from pipelines.image import Rect
from pipelines.meta import SHAPE_NAMES
from pipelines.tag import Tag
from tests.pipelines.figures.strategies import SIZE, rects, shapes
from tests.support import SHAPES_OF_TINY, drawn


def test_every_shape_of_a_meta_has_a_class_but_the_graph():
    assert set(SHAPES) == set(SHAPE_NAMES) - {"graph"}
    assert set(SHAPES_OF_TINY) == set(SHAPES)


@given(shapes)
def test_a_shape_survives_its_record_and_a_pickle(shape):
    assert SHAPES[shape.kind].from_record(shape.record()) == shape
    assert pickle.loads(pickle.dumps(shape)) == shape
    assert hash(SHAPES[shape.kind].from_record(shape.record())) == hash(shape)


@given(shapes, st.integers(-9, 9), st.integers(-9, 9))
def test_a_shift_moves_the_bounds_and_back(shape, dx, dy):
    moved = shape.shift(dx, dy)
    expected = [v + d for v, d in zip(shape.bounds, (dx, dy, dx, dy), strict=True)]
    assert list(moved.bounds) == pytest.approx(expected, abs=1e-9)
    assert moved.area == pytest.approx(shape.area, abs=1e-6)


@given(shapes, rects())
def test_pieces_lie_inside_the_rectangle(shape, rect):
    for piece in shape.crop(rect):
        left, top, right, bottom = piece.bounds
        assert left >= rect.left - 1e-6
        assert top >= rect.top - 1e-6
        assert right <= rect.right + 1e-6
        assert bottom <= rect.bottom + 1e-6
        assert piece.kind == shape.kind


@given(shapes)
def test_drawing_writes_the_value_and_nothing_else(shape):
    import numpy as np

    canvas = np.full(SIZE, 3, np.uint8)
    shape.draw(canvas, 7)
    assert set(np.unique(canvas)) <= {3, 7}
    assert np.array_equal(canvas == 7, drawn(shape, SIZE))


@given(shapes)
def test_no_operation_writes_to_the_shape(shape):
    before = shape.record()
    if isinstance(shape, Bitmap):
        shape.pixels.setflags(write=False)
    shape.crop(Rect(1, 1, 9, 9))
    shape.shift(1, 1)
    shape.flip("vertical", SIZE)
    shape.resize(SIZE, (9, 9), 1, 1)
    shape.clean(SIZE)
    drawn(shape, SIZE)
    assert shape.record() == before


@pytest.mark.parametrize(("value", "expected"), [(0.5, 1), (1.5, 2), (2.5, 3), (-0.5, 0), (-0.6, -1), (10.49, 10)])
def test_half_up(value, expected):
    assert half_up(value) == expected


def test_the_outer_rectangle_rounds_each_side_half_up():
    assert outer_rect((10.4, 10.5, 20.6, 30.49)) == Rect(10, 11, 21, 30)


def test_pieces_carry_what_was_said_of_the_object():
    figure = Figure("car", SHAPES_OF_TINY["bitmap"], (Tag("rusty"),), "a wreck", {"priority": 3})
    pieces = reshape([figure], lambda shape: (shape, shape.shift(1, 0)))
    assert [piece.shape.bounds[0] for piece in pieces] == [30, 31]
    assert all((piece.title, piece.tags, piece.description, piece.extra) == ("car", (Tag("rusty"),), "a wreck", {"priority": 3})
               for piece in pieces)  # fmt: skip
    assert reshape([figure], lambda shape: ()) == ()
