"""`merge_lines`: lines joined across gaps, where gap, offset and turn allow."""

import math
from typing import Any

import pytest

from pipelines.actions.merge_lines import MergeLines
from pipelines.figures import Figure, Line, Point, Rectangle
from pipelines.tag import Tag
from tests.support import tiny_sample

Path = list[tuple[float, float]]


def merged(*paths: Path, distance: str = "5px", angle: float = 10, coefficient: float = 0.5) -> list[Path]:
    action = settings(max_ends_distance=distance, maximal_angle=angle, max_ortho_distance_coefficient=coefficient)
    (found,) = action.apply(tiny_sample([Figure("crack", Line(path)) for path in paths]), None)
    return [[(x, y) for x, y in figure.shape.points.tolist()] for figure in found.figures]


def settings(**changed: Any) -> MergeLines:
    usual = {
        "lines_class": "crack",
        "maximal_angle": 10,
        "max_ends_distance": "5px",
        "max_ortho_distance_coefficient": 0.5,
    }
    return MergeLines.from_settings(usual | changed)


ONE, TWO = [(0, 0), (10, 0)], [(12, 0), (20, 0)]


def test_a_line_that_goes_on_is_joined():
    assert merged(ONE, TWO) == [ONE + TWO]


@pytest.mark.parametrize("second", [TWO, TWO[::-1]])
def test_the_first_line_keeps_its_direction(second):
    assert merged(ONE, second) == [ONE + TWO]
    assert merged(ONE[::-1], second) == [TWO[::-1] + ONE[::-1]]


def test_the_gap_decides():
    assert merged(ONE, [(15, 0), (20, 0)]) == [[*ONE, (15, 0), (20, 0)]]
    assert len(merged(ONE, [(15.1, 0), (20, 0)])) == 2


def test_a_percentage_is_of_the_mean_side():
    """The mean of 60 and 40 is 50: four percent are two pixels."""
    assert len(merged(ONE, TWO, distance="4%")) == 1
    assert len(merged(ONE, TWO, distance="3.9%")) == 2


@pytest.mark.parametrize(("turn", "count"), [(0, 1), (29, 1), (31, 2), (180, 2)])
def test_the_turn_decides_in_travelling_direction(turn, count):
    x, y = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    assert len(merged(ONE, [(12, 0), (12 + 30 * x, 30 * y)], angle=30)) == count


def test_a_right_angle_is_ninety_degrees_exactly():
    assert len(merged([(10, 20), (0, 30)], [(0, 50), (10, 60)], angle=90, distance="20px", coefficient=2)) == 1


def test_the_offset_is_measured_against_the_gap():
    """Three right and four down: a gap of five, an offset of four."""
    beside = [(13, 4), (30, 4)]
    assert len(merged(ONE, beside, coefficient=0.81)) == 1
    assert len(merged(ONE, beside, coefficient=0.79)) == 2


def test_a_neighbour_beside_the_end_is_not_ahead():
    assert len(merged(ONE, [(8, 1), (40, 1)], coefficient=9, angle=180)) == 2


def test_touching_ends_become_one_vertex():
    assert merged(ONE, [(10, 0), (20, 0)]) == [[(0, 0), (10, 0), (20, 0)]]


def test_a_joined_line_goes_on_joining():
    third = [(22, 0), (30, 0)]
    assert merged(ONE, third, TWO) == [ONE + TWO + third]
    assert merged(TWO, ONE, third) == [ONE + TWO + third]


def test_lines_of_one_place_are_left_alone():
    assert merged(ONE, [(12, 0), (12, 0)]) == [ONE, [(12, 0), (12, 0)]]


def test_lines_come_last_and_only_untouched_ones_keep_what_people_attached():
    attached = (Tag("old"),), "deep"
    alone = Figure("crack", Line([(0, 30), (5, 30)]), *attached)
    before = [Figure("crack", Line(ONE), *attached), Figure("tree", Point(1, 1)), alone, Figure("crack", Line(TWO))]
    (found,) = settings().apply(tiny_sample(before), None)
    assert found.figures == (Figure("tree", Point(1, 1)), Figure("crack", Line(ONE + TWO)), alone)


def test_another_shape_fails_the_image():
    with pytest.raises(ValueError, match=r"^an object of class 'crack' is a rectangle, merge_lines works on lines"):
        settings().apply(tiny_sample([Figure("crack", Rectangle(0, 0, 4, 4))]), None)


@pytest.mark.parametrize(
    "wrong", [{"maximal_angle": 181}, {"max_ends_distance": "5"}, {"max_ortho_distance_coefficient": -1}]
)
def test_impossible_limits_are_refused(wrong):
    with pytest.raises(ValueError, match=r'less than or equal to 180|did you mean "5px"|greater than or equal to 0'):
        settings(**wrong)
