"""Random masks, rectangles and shapes for the properties of figures."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from pipelines.figures import Bitmap, Figure, Line, Point, Polygon, Rectangle, Shape
from pipelines.image import Rect, Size
from pipelines.sample import Sample
from pipelines.tag import Tag
from tests.support import tiny_sample

WIDTH, HEIGHT = 24, 18
SIZE: Size = (HEIGHT, WIDTH)


@st.composite
def masks(draw: DrawFn, largest: int = 10) -> np.ndarray:
    height, width = draw(st.integers(1, largest)), draw(st.integers(1, largest))
    bits = draw(st.lists(st.booleans(), min_size=height * width, max_size=height * width))
    return np.array(bits, bool).reshape(height, width)


@st.composite
def bitmaps(draw: DrawFn, outside: bool = False) -> Bitmap:
    """A trimmed mask inside an image of SIZE, or partly outside of it."""
    pixels = draw(masks().filter(lambda mask: bool(mask.any())))
    reach = 5 if outside else 0
    x = draw(st.integers(-reach, WIDTH - pixels.shape[1] + reach))
    y = draw(st.integers(-reach, HEIGHT - pixels.shape[0] + reach))
    return Bitmap.trimmed(x, y, pixels)[0]


@st.composite
def rects(draw: DrawFn, size: Size = SIZE) -> Rect:
    """A rectangle of at least one pixel inside an image of this (height, width)."""
    left, top = draw(st.integers(0, size[1] - 1)), draw(st.integers(0, size[0] - 1))
    return Rect(left, top, draw(st.integers(left + 1, size[1])), draw(st.integers(top + 1, size[0])))


def coordinate(limit: int) -> SearchStrategy[float]:
    """Halves and whole numbers, where rounding can go wrong, and everything between."""
    return st.one_of(
        st.integers(0, 2 * limit).map(lambda v: v / 2), st.floats(0, limit, allow_nan=False, width=32).map(float)
    )


vertices = st.tuples(coordinate(WIDTH), coordinate(HEIGHT))
points = st.builds(Point, coordinate(WIDTH), coordinate(HEIGHT))
rectangles = st.builds(Rectangle, coordinate(WIDTH), coordinate(HEIGHT), coordinate(WIDTH), coordinate(HEIGHT))
lines = st.lists(vertices, min_size=2, max_size=6).map(Line)
polygons = st.lists(vertices, min_size=3, max_size=7).map(Polygon)
shapes: SearchStrategy[Shape] = st.one_of(bitmaps(), polygons, rectangles, lines, points)


@st.composite
def samples(draw: DrawFn, name: str = "tiny.png") -> Sample:
    """A sample of SIZE with up to five figures, classes named after their shapes, and up to two tags."""
    figures = [Figure(shape.kind, shape) for shape in draw(st.lists(shapes, max_size=5))]
    tags = [Tag(word) for word in draw(st.lists(st.sampled_from(["day", "night"]), unique=True, max_size=2))]
    return tiny_sample(figures, tags, SIZE, name)
