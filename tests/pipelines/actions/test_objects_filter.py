"""`objects_filter`: objects go by their size, strictly, or by their class."""

import numpy as np
import pytest

from pipelines.actions.objects_filter import ObjectsFilter
from pipelines.figures import Bitmap, Figure, Line, Point, Polygon, Rectangle, Shape
from tests.support import tiny_sample

SIZE = (100, 200)


def kept(
    comparator: str, limit: dict, *shapes: Shape, classes: tuple[str, ...] = ("car",), title: str = "car"
) -> list[bool]:
    sizes = {"filtering_classes": list(classes), "comparator": comparator, "area_size": limit, "action": "delete"}
    sample = tiny_sample(
        [Figure(title, shape, description=str(number)) for number, shape in enumerate(shapes)], size=SIZE
    )
    (found,) = ObjectsFilter.from_settings({"filter_by": {"polygon_sizes": sizes}}).apply(sample, None)
    left = {int(figure.description) for figure in found.figures}
    return [number in left for number in range(len(shapes))]


BOX = Rectangle(5, 5, 15, 25)
"""10x20 pixels: one percent of the image."""


@pytest.mark.parametrize(
    ("comparator", "percent", "stays"),
    [
        ("less", 1, True),
        ("less", 1.001, False),
        ("greater", 1, True),
        ("greater", 0.999, False),
        ("less", 0, True),
        ("greater", 100, True),
    ],
)
def test_shares_are_compared_strictly(comparator, percent, stays):
    assert kept(comparator, {"percent": percent}, BOX) == [stays]


def test_the_share_is_of_the_shape_not_of_its_box():
    half = Bitmap(0, 0, np.tri(20, dtype=bool))
    assert half.area == 210
    assert kept("less", {"percent": 1.05}, half) == [True]
    assert kept("less", {"percent": 1.06}, half) == [False]


def test_holes_of_polygons_count():
    ring = Polygon([(0, 0), (20, 0), (20, 10), (0, 10)], ([(1, 1), (19, 1), (19, 9), (1, 9)],))
    assert kept("less", {"percent": 1}, ring) == [True]


def test_lines_and_points_have_no_area():
    line, point = Line([(0, 0), (99, 99)]), Point(5, 5)
    assert kept("less", {"percent": 0.0001}, line, point) == [False, False]
    assert kept("less", {"percent": 0}, line, point) == [True, True]


def test_box_limits_act_on_either_side():
    limit = {"width": 10, "height": 5}
    assert kept("less", limit, Rectangle(0, 0, 9, 20), Rectangle(0, 0, 10, 5), Rectangle(0, 0, 50, 4)) == [
        False,
        True,
        False,
    ]
    assert kept("greater", limit, Rectangle(0, 0, 9, 20), Rectangle(0, 0, 10, 5), Rectangle(0, 0, 11, 1)) == [
        False,
        True,
        False,
    ]


def test_other_classes_are_not_judged():
    assert kept("less", {"percent": 100}, BOX, title="person") == [True]
    assert kept("less", {"percent": 100}, BOX, classes=("bus", "obj_Car")) == [True]


def test_the_share_is_of_the_present_size():
    sizes = {"filtering_classes": ["car"], "comparator": "less", "area_size": {"percent": 15}, "action": "delete"}
    action = ObjectsFilter.from_settings({"filter_by": {"polygon_sizes": sizes}})
    for pixels, stays in ((9830, False), (9831, True)):
        flat = np.zeros(256 * 256, bool)
        flat[:pixels] = True
        (found,) = action.apply(
            tiny_sample([Figure("car", Bitmap(0, 0, flat.reshape(256, 256)))], size=(256, 256)), None
        )
        assert bool(found.figures) == stays


def test_names_keep_the_listed_classes_and_drop_all_others():
    figures = [Figure(title, BOX) for title in ("car", "person", "bus", "car")]
    (found,) = ObjectsFilter.from_settings({"filter_by": {"names": ["car", "bus"]}}).apply(tiny_sample(figures), None)
    assert [figure.title for figure in found.figures] == ["car", "bus", "car"]


def test_a_sample_that_loses_all_objects_stays():
    (found,) = ObjectsFilter.from_settings({"filter_by": {"names": []}}).apply(tiny_sample(), None)
    assert found.figures == ()


def test_the_area_can_be_given_in_pixels():
    small, large = Bitmap(0, 0, np.ones((1, 9), bool)), Bitmap(0, 0, np.ones((2, 5), bool))
    assert kept("less", {"area": 10}, small, large) == [False, True]
    assert kept("less", {"area": 9.5}, small, large) == [False, True]
    assert kept("greater", {"area": 9}, small, large) == [True, False]
    assert kept("less", {"area": 0}, Point(1, 1)) == [True]


@pytest.mark.parametrize("limit", [{}, {"area": 5, "percent": 1}, {"width": 5}, {"area": 5, "width": 5, "height": 5}])
def test_one_form_of_limit_is_expected(limit):
    sizes = {"filtering_classes": ["car"], "comparator": "less", "area_size": limit, "action": "delete"}
    (finding,) = ObjectsFilter.from_settings({"filter_by": {"polygon_sizes": sizes}}).problems()
    assert finding.path == ("filter_by", "polygon_sizes", "area_size")
    assert finding.message == '{"percent": ...}, {"area": ...} in pixels, or {"width": ..., "height": ...} is expected'
