"""`contour_sliding_box`: boxes every so many pixels of the outline."""

from typing import Any

import pytest

from pipelines.actions.base import Notes
from pipelines.actions.contour_sliding_box import ContourSlidingBox
from pipelines.figures import Figure, Line, Point, Polygon, Rectangle
from pipelines.image import Size
from pipelines.meta import ClassSpec, Meta
from tests.support import tiny_sample

SQUARE = Polygon([(10, 10), (60, 10), (60, 60), (10, 60)])


def action(width: str = "12px", height: str = "10px", distance: str = "15px") -> ContourSlidingBox:
    box = {"width": width, "height": height}
    return ContourSlidingBox.from_settings({"box": box, "distance": distance, "classes": ["road"], "box_class": "edge"})


def boxes(polygon: Polygon, size: Size = (95, 127), **settings: Any) -> list[Rectangle]:
    (found,) = action(**settings).apply(tiny_sample([Figure("road", polygon)], size=size), None)
    assert found.figures[0] == Figure("road", polygon)
    assert all(figure.title == "edge" for figure in found.figures[1:])
    return [figure.shape for figure in found.figures[1:]]


def centers(found: list[Rectangle]) -> list[tuple[float, float]]:
    return [((box.left + box.right) / 2, (box.top + box.bottom) / 2) for box in found]


def test_boxes_follow_the_outline_at_even_distances():
    """Steps of a tenth, and sums of tenths fall short of fifteen by a rounding: each distance takes one step more."""
    found = boxes(SQUARE)
    assert all((box.right - box.left, box.bottom - box.top) == pytest.approx((12, 10)) for box in found)
    expected = [(25.1, 10), (40.2, 10), (55.3, 10), (60, 20.4), (60, 35.5), (60, 50.6), (54.3, 60)]
    assert centers(found)[:7] == [pytest.approx(center) for center in expected]
    assert len(found) == int(200 / 15.1)


def test_boxes_are_moved_into_the_image():
    found = boxes(Polygon([(2, 2), (12, 2), (12, 10)]), (12, 16), width="4px", height="4px", distance="5px")
    assert found[0].bounds == pytest.approx((5.1, 0, 9.1, 4))
    assert all(box.left >= 0 and box.top >= 0 and box.right <= 15 and box.bottom <= 11 for box in found)


def test_odd_sides_lose_a_pixel_and_percentages_are_truncated():
    (first, *_) = boxes(SQUARE, (96, 128), width="20%", height="10%", distance="30%")
    assert (first.right - first.left, first.bottom - first.top) == pytest.approx((24, 8))
    assert centers([first]) == [pytest.approx((10 + 28, 10))]


def test_boxes_that_do_not_fit_or_have_no_extent_are_left_out():
    assert boxes(SQUARE, width="128px") == []
    assert boxes(SQUARE, height="1%") == []


def test_boxes_come_after_their_polygon():
    (found,) = action().apply(tiny_sample([Figure("road", SQUARE), Figure("tree", Point(1, 1))], size=(95, 127)), None)
    assert [figure.title for figure in found.figures] == ["road", *["edge"] * 13, "tree"]


def test_the_class_of_the_boxes_is_added():
    meta = action().map_meta(Meta((ClassSpec("road", "polygon"),)), Notes())
    assert meta.classes[1:] == (ClassSpec("edge", "rectangle", "#00ee00"),)


@pytest.mark.parametrize(
    ("wrong", "path", "text"),
    [
        ({"distance": "0px"}, ("distance",), "found 0px; at least 1px is expected"),
        ({"width": "1px"}, ("box", "width"), "found 1px; at least 2px is expected"),
        ({"height": "0%"}, ("box", "height"), "found 0%; at least 2px is expected"),
    ],
)
def test_lengths_of_nothing_are_refused(wrong, path, text):
    (finding,) = action(**wrong).problems()
    assert (finding.path, finding.message) == (path, text)


def test_another_shape_fails_the_image():
    with pytest.raises(
        ValueError, match=r"^an object of class 'road' is a line, contour_sliding_box works on polygons"
    ):
        action().apply(tiny_sample([Figure("road", Line([(0, 0), (9, 9)]))]), None)
