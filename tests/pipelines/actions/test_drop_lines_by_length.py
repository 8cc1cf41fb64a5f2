"""`drop_lines_by_length`: bounds include their own length."""

from typing import Any

import pytest

from pipelines.actions.drop_lines_by_length import DropLinesByLength
from pipelines.figures import Figure, Line, Rectangle
from tests.support import tiny_sample

LINES = {
    2: Line([(0, 0), (2, 0)]),
    3: Line([(0, 0), (3, 0)]),
    5: Line([(0, 0), (3, 0), (3, 2)]),
    5.5: Line([(0, 0), (0, 5.5)]),
}


def kept(size: tuple[int, int] = (40, 60), **settings: Any) -> list[float]:
    action = DropLinesByLength.from_settings({"lines_class": "crack", **settings})
    (found,) = action.apply(tiny_sample([Figure("crack", line) for line in LINES.values()], size=size), None)
    return [length for length, line in LINES.items() if line in [figure.shape for figure in found.figures]]


def test_lengths_are_summed_and_bounds_included():
    assert kept(min_length=3, max_length=5) == [3, 5]
    assert kept(min_length=3) == [3, 5, 5.5]
    assert kept(max_length=3) == [2, 3]


def test_invert_keeps_the_others():
    assert kept(min_length=3, max_length=5, invert=True) == [2, 5.5]
    assert kept(min_length=3, invert=True) == [2]


def test_compensated_bounds_scale_with_the_width():
    assert kept(min_length=6, max_length=10, resolution_compensation=True, size=(100, 500)) == [3, 5]
    assert kept(min_length=1.5, max_length=2.5, resolution_compensation=True, size=(100, 2000)) == [3, 5]


def test_other_classes_and_shapes_stay():
    others = [Figure("lane", LINES[2]), Figure("crack", Rectangle(0, 0, 1, 1))]
    (found,) = DropLinesByLength.from_settings({"lines_class": "crack", "min_length": 99}).apply(
        tiny_sample(others), None
    )
    assert found.figures == tuple(others)


def test_a_bound_is_needed_when_the_graph_is_read():
    (finding,) = DropLinesByLength.from_settings({"lines_class": "crack"}).problems()
    assert finding.message == "give min_length, max_length or both; without a bound no line could be judged"
    (finding,) = DropLinesByLength.from_settings({"lines_class": "crack", "min_length": 5, "max_length": 3}).problems()
    assert finding.path == ("min_length",)
    assert finding.message.startswith(
        "min_length 5 is greater than max_length 3, so no length lies between; exchange them"
    )


@pytest.mark.parametrize("settings", [{"lines_class": "", "min_length": 1}, {"lines_class": "crack", "min_length": -1}])
def test_empty_names_and_negative_lengths_are_refused(settings):
    with pytest.raises(ValueError, match=r"at least 1 character|greater than or equal to 0"):
        DropLinesByLength.from_settings(settings)
