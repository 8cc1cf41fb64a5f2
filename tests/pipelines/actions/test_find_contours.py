"""`find_contours`: polygons through the centres of border pixels."""

import numpy as np
import pytest
from hypothesis import given
from scipy import ndimage

from pipelines.actions import find_action
from pipelines.actions.base import Notes
from pipelines.actions.find_contours import FindContours
from pipelines.figures import Bitmap, Figure, Polygon, Rectangle
from pipelines.meta import ClassSpec, Meta
from pipelines.tag import Tag
from tests.pipelines.figures.strategies import SIZE, bitmaps
from tests.support import drawn, mask_of, tiny_sample


def polygons(mask: Bitmap, **settings: float) -> list[Polygon]:
    action = FindContours.from_settings({"classes_mapping": {"car": "car"}, **settings})
    (found,) = action.apply(tiny_sample([Figure("car", mask, (Tag("rusty"),), "a wreck")]), None)
    assert all(figure.tags == (Tag("rusty"),) and figure.description == "a wreck" for figure in found.figures)
    return [figure.shape for figure in found.figures]


def vertices(ring: np.ndarray) -> set[tuple[float, float]]:
    return {(x, y) for x, y in ring.tolist()}


def test_a_ring_has_its_outline_and_its_hole_at_pixel_centres():
    (found,) = polygons(Bitmap(3, 2, mask_of("#####", "#...#", "#...#", "#####")))
    assert vertices(found.exterior) == {(3.5, 2.5), (3.5, 5.5), (7.5, 5.5), (7.5, 2.5)}
    (hole,) = found.holes
    assert vertices(hole) == {
        *((3.5, 3.5), (4.5, 2.5), (6.5, 2.5), (7.5, 3.5), (7.5, 4.5), (6.5, 5.5), (4.5, 5.5), (3.5, 4.5)),
    }


def test_an_island_in_a_hole_is_a_polygon_of_its_own():
    target = np.ones((9, 9), bool)
    target[1:8, 1:8] = False
    target[3:6, 3:6] = True
    found = polygons(Bitmap(10, 10, target))
    assert sorted((len(polygon.holes), polygon.area) for polygon in found) == [(0, 4), (1, 64)]


def test_straight_runs_of_one_pixel_vanish():
    assert polygons(Bitmap(3, 3, mask_of("#"))) == []
    assert polygons(Bitmap(3, 3, mask_of("#####"))) == []
    assert len(polygons(Bitmap(3, 3, mask_of("##", "#.")))) == 1


def test_parts_that_touch_at_a_corner_stay_together():
    assert len(polygons(Bitmap(3, 3, mask_of("##..", "##..", "..##", "..##")))) == 1
    assert len(polygons(Bitmap(3, 3, mask_of("##...", "##...", "...##", "...##")))) == 2


def test_approximation_keeps_pixel_centres():
    stairs = np.tri(12, dtype=bool)
    (exact,), (rough,) = polygons(Bitmap(5, 5, stairs)), polygons(Bitmap(5, 5, stairs), approx_epsilon=2)
    assert len(rough.exterior) < len(exact.exterior) or len(exact.exterior) == 3
    assert vertices(rough.exterior) <= vertices(exact.exterior)
    assert polygons(Bitmap(5, 5, stairs), approx_epsilon=0) == [exact]


def test_no_ring_is_approximated_away():
    ring = Bitmap(3, 2, mask_of("###", "#.#", "###"))
    assert polygons(ring, approx_epsilon=50) == polygons(ring)


@given(bitmaps())
def test_polygons_drawn_again_cover_the_parts_they_came_from(mask):
    """Drawn at pixel indices, the outlines give back each 8-connected part that has one."""
    expected = np.zeros(SIZE, bool)
    for outer, _ in mask.outlines():
        if len(outer) >= 3:
            drawing = drawn(Polygon(outer), SIZE)
            assert drawing[outer[:, 1], outer[:, 0]].all()
            expected |= drawing
    labels, count = ndimage.label(drawn(mask, SIZE), np.ones((3, 3)))
    covered = [(labels == number) & expected for number in range(1, count + 1)]
    for number, part in enumerate(covered, 1):
        assert not part.any() or np.array_equal(part, labels == number)


def test_another_shape_fails_the_image():
    action = FindContours.from_settings({"classes_mapping": {"car": "x"}})
    with pytest.raises(
        ValueError, match=r"^an object of class 'car' is a rectangle, find_contours works on bitmaps; convert it before"
    ):
        action.apply(tiny_sample([Figure("car", Rectangle(1, 1, 5, 5))]), None)


def test_the_class_becomes_a_polygon_class():
    notes = Notes()
    action = FindContours.from_settings({"classes_mapping": {"car": "outline"}})
    assert action.map_meta(Meta((ClassSpec("car", "bitmap", "#ff0000"),)), notes).classes == (
        ClassSpec("outline", "polygon", "#ff0000"),
    )
    assert notes.findings == []


def test_newer_words_find_it():
    assert find_action("mask_to_polygon") is find_action("bitmap2poly") is FindContours
