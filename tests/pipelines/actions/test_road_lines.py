"""`road_lines`: a line along each side of a road."""

import pytest

from pipelines.actions.base import Notes
from pipelines.actions.road_lines import RoadLines, edges
from pipelines.figures import Bitmap, Figure, Line, Polygon
from pipelines.meta import ClassSpec, Meta
from tests.support import mask_of, tiny_sample

ACTION = RoadLines.from_settings({"road_class": "road", "road_lines_class": "edge"})
TRAPEZOID = Polygon([(50, 50), (70, 50), (120, 95), (5, 95)])


@pytest.mark.parametrize("direction", [1, -1])
@pytest.mark.parametrize("start", [0, 1, 2, 3])
def test_a_trapezoid_has_its_legs_whatever_way_it_is_drawn(direction, start):
    ring = TRAPEZOID.exterior.tolist()
    ring = (ring[start:] + ring[:start])[::direction]
    assert edges(Polygon(ring)) == (Line([(50, 50), (5, 95)]), Line([(70, 50), (120, 95)]))


def test_small_bends_do_not_end_an_edge():
    bent = Polygon([(55, 50), (72, 50), (90, 62), (126, 94), (100, 95), (64, 95), (20, 95), (2, 94), (40, 62)])
    assert edges(bent) == (Line([(55, 50), (2, 94)]), Line([(72, 50), (126, 94)]))


def test_the_edge_over_the_most_rows_stands_for_a_side():
    house = Polygon([(20, 12), (70, 10), (80, 50), (45, 70), (15, 48)])
    assert edges(house) == (Line([(20, 12), (15, 48)]), Line([(70, 10), (80, 50)]))


def test_fractions_are_kept():
    (left, _) = edges(Polygon([(10.5, 8.25), (100.75, 12.5), (110.5, 80.5), (14.25, 84.75)]))
    assert left == Line([(10.5, 8.25), (14.25, 84.75)])


@pytest.mark.parametrize("ring", [[(1, 5), (9, 5), (20, 5)], [(3, 3), (3, 3), (3, 3)], [(1, 1), (5, 5), (9, 9)]])
def test_a_polygon_without_area_has_no_edges(ring):
    assert edges(Polygon(ring)) == ()


def test_lines_follow_their_road():
    (found,) = ACTION.apply(tiny_sample([Figure("road", TRAPEZOID), Figure("tree", TRAPEZOID)], size=(96, 128)), None)
    assert [figure.title for figure in found.figures] == ["road", "edge", "edge", "tree"]


@pytest.mark.parametrize(("least", "lines"), [(40428, 2), (40430, 0)])
def test_small_roads_have_no_lines(least, lines):
    """The box has 115 * 45 = 5175 square pixels; in an image 128 wide a limit of 40429.7 is that much."""
    action = RoadLines.from_settings({"road_class": "road", "road_lines_class": "edge", "min_road_area": least})
    (found,) = action.apply(tiny_sample([Figure("road", TRAPEZOID)], size=(96, 128)), None)
    assert len(found.figures) == 1 + lines


def test_the_class_of_the_lines_is_added():
    meta = ACTION.map_meta(Meta((ClassSpec("road", "polygon"),)), Notes())
    assert meta.classes[1:] == (ClassSpec("edge", "line", "#000088"),)


def test_another_shape_fails_the_image():
    with pytest.raises(ValueError, match=r"^an object of class 'road' is a bitmap, road_lines works on polygons"):
        ACTION.apply(tiny_sample([Figure("road", Bitmap(1, 1, mask_of("#")))]), None)
