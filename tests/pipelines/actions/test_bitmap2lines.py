"""`bitmap2lines`: longest paths through thin masks."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from pipelines.actions import find_action
from pipelines.actions.bitmap2lines import BitmapToLines, longest_paths, spanning_forest
from pipelines.figures import Bitmap, Figure, Line, Point
from pipelines.tag import Tag
from tests.pipelines.figures.strategies import bitmaps, masks
from tests.support import mask_of, tiny_sample


def lines(mask: Bitmap, min_points: int = 2, **settings: float) -> list[list[list[float]]]:
    action = BitmapToLines.from_settings(
        {"classes_mapping": {"crack": "line"}, "min_points_cnt": min_points, **settings}
    )
    (found,) = action.apply(tiny_sample([Figure("crack", mask, (Tag("old"),), "deep")]), None)
    assert all(figure.title == "line" and isinstance(figure.shape, Line) for figure in found.figures)
    assert all((figure.tags, figure.description) == ((Tag("old"),), "deep") for figure in found.figures)
    return [figure.shape.points.tolist() for figure in found.figures]


T_SHAPE = Bitmap(2, 3, mask_of("######", "...#..", "...#..", "...#..", "...#.."))


def test_the_longest_path_comes_first_and_a_short_rest_is_dropped():
    (path,) = lines(T_SHAPE)
    ends = {tuple(path[0]), tuple(path[-1])}
    assert ends == {(5, 7), (2, 3)}
    assert len(path) == 8
    assert [5, 3] in path, "a corner is walked around, not cut"


def test_the_rest_of_a_cross_is_a_line_of_its_own():
    cross = Bitmap(0, 0, mask_of(*["....#......"] * 4, "###########", *["....#......"] * 5))
    assert [len(path) for path in lines(cross)] == [12, 9]


def test_three_pixels_are_no_line_and_four_are():
    assert lines(Bitmap(1, 1, mask_of("###"))) == []
    assert len(lines(Bitmap(1, 1, mask_of("####")))) == 1


def test_short_paths_are_left_out():
    row = Bitmap(1, 1, mask_of("#####"))
    assert len(lines(row, 5)) == 1
    assert lines(row, 6) == []


def test_every_part_of_a_mask_has_lines():
    found = lines(Bitmap(4, 4, mask_of("####...", ".......", "...####")))
    assert sorted(sorted(path[::3]) for path in found) == [[[4, 4], [7, 4]], [[7, 6], [10, 6]]]


def test_approximation_leaves_vertices_out():
    assert sorted(lines(Bitmap(1, 1, mask_of("######")), approx_epsilon=0.5)[0]) == [[1, 1], [6, 1]]


def by_search(tree: dict[int, set[int]]) -> int:
    """The longest path of a forest, found by walking from every node."""

    def reach(node: int, before: int) -> int:
        return 1 + max((reach(other, node) for other in tree[node] if other != before), default=0)

    return max((reach(node, -1) for node in tree), default=0)


@given(masks(7).filter(lambda mask: bool(mask.any())))
def test_the_first_path_of_a_forest_is_as_long_as_any(pixels):
    longest = by_search(spanning_forest(pixels))
    found = max((len(path) for path in longest_paths(spanning_forest(pixels), 2)), default=0)
    assert found == longest or (longest <= 3 and found <= 3)


@given(bitmaps(), st.integers(2, 6))
def test_paths_run_from_neighbour_to_neighbour_and_share_no_step(mask, min_points):
    steps: list[frozenset[tuple[float, ...]]] = []
    for path in lines(mask, min_points):
        assert len(path) >= min_points
        assert all(mask.pixels[int(y) - mask.y, int(x) - mask.x] for x, y in path)
        assert np.abs(np.diff(path, axis=0)).max() == 1
        steps += [frozenset((tuple(a), tuple(b))) for a, b in pairwise(path)]
    assert len(steps) == len(set(steps))


@given(masks().filter(lambda mask: bool(mask.any())))
def test_a_forest_has_no_circle_and_joins_what_touches(pixels):
    tree = spanning_forest(pixels)
    parts = ndimage.label(pixels, np.ones((3, 3)))[1]
    assert sum(map(len, tree.values())) // 2 == pixels.sum() - parts


def test_another_shape_fails_the_image():
    action = BitmapToLines.from_settings({"classes_mapping": {"crack": "x"}, "min_points_cnt": 2})
    with pytest.raises(ValueError, match=r"^an object of class 'crack' is a point, bitmap2lines works on bitmaps"):
        action.apply(tiny_sample([Figure("crack", Point(1, 1))]), None)


def test_the_newer_word_finds_it():
    assert find_action("mask_to_lines") is BitmapToLines
