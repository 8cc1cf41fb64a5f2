"""`line2bitmap`: pixels within half the width of an outline, and no others."""

from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pipelines.actions import find_action
from pipelines.actions.line2bitmap import LineToBitmap
from pipelines.figures import Bitmap, Figure, Line, Point, Polygon, Rectangle, Shape
from pipelines.figures.shape import pixel_vertices
from pipelines.image import Size
from tests.pipelines.figures.strategies import HEIGHT, SIZE, WIDTH, lines
from tests.support import drawn, mask_of, tiny_sample


def strokes(shape: Shape, width: int, size: Size = (40, 60)) -> list[Shape]:
    action = LineToBitmap.from_settings({"classes_mapping": {"lane": "mask"}, "width": width})
    (found,) = action.apply(tiny_sample([Figure("lane", shape)], size=size), None)
    assert [figure.title for figure in found.figures] == ["mask"] * len(found.figures)
    return [figure.shape for figure in found.figures]


def test_a_stroke_has_its_width_and_round_ends():
    assert strokes(Line([(2, 2), (6, 2)]), 3) == [Bitmap(1, 1, mask_of("#######", "#######", "#######"))]
    assert strokes(Line([(5, 5), (8, 5)]), 5) == [
        Bitmap(3, 3, mask_of(".######.", "########", "########", "########", ".######."))
    ]


def test_half_the_width_counts_in_every_direction():
    """Two pixels wide means one to each side of the line, which runs through pixel centres."""
    assert strokes(Line([(5, 5), (5, 8)]), 2)[0].bounds == (4, 4, 7, 10)


def test_a_point_becomes_a_disc():
    assert strokes(Point(4, 5), 1) == [Bitmap(4, 5, mask_of("#"))]
    assert strokes(Point(4, 5), 4) == [Bitmap(2, 3, mask_of("..#..", ".###.", "#####", ".###.", "..#.."))]
    assert strokes(Point(99, 99), 3) == []


def test_rectangles_and_polygons_become_frames():
    frame = mask_of("#####", "#...#", "#...#", "#####")
    assert strokes(Rectangle(2, 3, 6, 6), 1) == [Bitmap(2, 3, frame)]
    assert strokes(Polygon([(2, 3), (6, 3), (6, 6), (2, 6)]), 1) == [Bitmap(2, 3, frame)]


def test_holes_are_framed_too():
    ring = Polygon([(2, 2), (20, 2), (20, 20), (2, 20)], ([(8, 8), (14, 8), (14, 14), (8, 14)],))
    canvas = drawn(strokes(ring, 1)[0], (40, 60))
    assert canvas[8, 8:15].all()
    assert canvas[2, 2:21].all()
    assert canvas.sum() == 4 * 18 + 4 * 6
    (frame,) = strokes(Bitmap(2, 2, drawn(ring, (40, 60))[2:21, 2:21]), 1)
    corners = np.argwhere(canvas & ~drawn(frame, (40, 60))).tolist()
    assert corners == [[8, 8], [8, 14], [14, 8], [14, 14]], "the border of a mask's hole cuts corners"


def test_strokes_end_at_the_border():
    assert strokes(Line([(-9, 0), (99, 0)]), 3) == [Bitmap(0, 0, np.ones((2, 60), bool))]


def by_distance(points: np.ndarray, width: int) -> np.ndarray:
    """Every pixel of SIZE asked for its distance to every segment."""
    segments = [
        shapely.LineString(pair) if (pair[0] != pair[1]).any() else shapely.Point(pair[0]) for pair in pairwise(points)
    ]
    x, y = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT))
    distances = [shapely.distance(segment, shapely.points(x, y)) for segment in segments]
    return np.min(distances, axis=0) <= width / 2 + 1e-9


@given(lines, st.integers(1, 9))
def test_a_stroke_is_what_lies_near_enough(line, width):
    found = strokes(line, width, SIZE)
    expected = by_distance(pixel_vertices(line.points), width)
    assert bool(found) == expected.any()
    if found:
        assert np.array_equal(drawn(found[0], SIZE), expected)


@given(lines.map(lambda line: Line(np.minimum(line.points, (WIDTH - 1, HEIGHT - 1)))))
def test_a_stroke_holds_the_thin_drawing(line):
    """Of lines inside of the canvas: OpenCV draws those that leave it along a slightly different way."""
    thin = drawn(line, SIZE)
    assert not (thin & ~drawn(strokes(line, 1, SIZE)[0], SIZE)).any()


def test_a_width_of_nothing_is_refused():
    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        LineToBitmap.from_settings({"classes_mapping": {}, "width": 0})


def test_the_newer_word_finds_it():
    assert find_action("line_to_mask") is LineToBitmap
