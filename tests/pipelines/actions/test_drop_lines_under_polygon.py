"""`drop_lines_under_polygon`: only what no polygon covers is left of a line."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.actions.base import Notes
from pipelines.actions.drop_lines_under_polygon import DropLinesUnderPolygon
from pipelines.figures import Figure, Line, Point, Polygon, Rectangle
from pipelines.meta import ClassSpec, Meta
from pipelines.tag import Tag
from tests.pipelines.figures.strategies import HEIGHT, WIDTH, lines
from tests.support import tiny_sample

ACTION = DropLinesUnderPolygon.from_settings({"lines_class": "crack", "polygons_class": "patch"})


def square(left: float, right: float, *holes: list[tuple[float, float]]) -> Figure:
    return Figure("patch", Polygon([(left, 0), (right, 0), (right, 10), (left, 10)], tuple(holes)))


def pieces(line: Line, *patches: Figure) -> list[list[list[float]]]:
    (found,) = ACTION.apply(tiny_sample([Figure("crack", line), *patches]), None)
    return [figure.shape.points.tolist() for figure in found.figures if figure.title == "crack"]


STRAIGHT = Line([(0, 5), (15, 5)])


def test_the_covered_part_is_cut_out():
    assert pieces(STRAIGHT, square(4, 8)) == [[[0, 5], [4, 5]], [[8, 5], [15, 5]]]


def test_polygons_act_together_and_covered_lines_vanish():
    assert pieces(STRAIGHT, square(-1, 8), square(7, 16)) == []
    assert pieces(STRAIGHT, square(-1, 8), square(10, 16)) == [[[8, 5], [10, 5]]]


def test_a_hole_does_not_cover():
    assert pieces(STRAIGHT, square(-1, 16, [(4, 4), (8, 4), (8, 6), (4, 6)])) == [[[4, 5], [8, 5]]]


def test_an_outline_that_crosses_itself_covers_what_its_drawing_fills():
    bow = Figure("patch", Polygon([(2, 0), (6, 10), (6, 0), (2, 10)]))
    assert pieces(Line([(0, 2), (15, 2)]), bow) == [
        [[0, 2], [2, 2]],
        [[2.8, 2], [5.2, 2]],
        [[6, 2], [15, 2]],
    ]


def test_lines_that_meet_no_polygon_stay_whole():
    loop = Line([(0, 0), (10, 10), (10, 0), (0, 10)])
    assert pieces(loop) == [loop.points.tolist()]
    assert pieces(loop, square(20, 30)) == [loop.points.tolist()]


def test_pieces_carry_what_people_attached_and_come_last():
    attached = (Tag("old"),), "deep", {"priority": 1}
    before = [Figure("crack", STRAIGHT, *attached), Figure("tree", Point(1, 1)), square(4, 8)]
    (found,) = ACTION.apply(tiny_sample(before), None)
    assert found.figures[:2] == (before[1], before[2])
    assert found.figures[2:] == (
        Figure("crack", Line([(0, 5), (4, 5)]), *attached),
        Figure("crack", Line([(8, 5), (15, 5)]), *attached),
    )


@given(lines, st.integers(0, WIDTH - 2), st.integers(1, 10))
def test_the_lengths_inside_and_outside_add_up(line, left, width):
    """Against another way of cutting: the line clipped to the rectangle is what the polygon of the same corners removes."""
    right = min(left + width, WIDTH)
    patch = Figure("patch", Polygon([(left, -1), (right, -1), (right, HEIGHT + 1), (left, HEIGHT + 1)]))
    outside = sum(float(np.hypot(*np.diff(path, axis=0).T).sum()) for path in pieces(line, patch))
    inside = 0.0
    for start, end in zip(line.points[:-1], line.points[1:], strict=True):
        span = sorted((start[0], end[0]))
        share = (
            max(min(span[1], right) - max(span[0], left), 0) / (span[1] - span[0])
            if span[1] > span[0]
            else float(left <= span[0] <= right)
        )
        inside += share * float(np.hypot(*(end - start)))
    # What runs twice along one way counts once in a piece, so the whole may be longer.
    assert outside + inside <= line.length + 1e-6
    if len(line.points) == 2:
        assert outside + inside == pytest.approx(line.length, abs=1e-6)


def test_a_covering_class_of_another_shape_fails_the_image():
    with pytest.raises(
        ValueError, match=r"^an object of class 'patch' is a rectangle, drop_lines_under_polygon works on polygons"
    ):
        pieces(STRAIGHT, Figure("patch", Rectangle(0, 0, 5, 5)))


def test_a_line_class_of_another_shape_is_doubted_and_stays():
    notes = Notes()
    ACTION.map_meta(Meta((ClassSpec("crack", "bitmap"), ClassSpec("patch", "polygon"))), notes)
    assert [(finding.path, finding.severity) for finding in notes.findings] == [(("lines_class",), "warning")]
    figure = Figure("crack", Rectangle(1, 1, 5, 5))
    (found,) = ACTION.apply(tiny_sample([figure, square(0, 20)]), None)
    assert figure in found.figures
