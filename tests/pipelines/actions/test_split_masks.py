"""`split_masks`: one mask for each 8-connected part."""

import numpy as np
import pytest
from hypothesis import given

from pipelines.actions.split_masks import SplitMasks
from pipelines.figures import Bitmap, Figure, Line, Point
from pipelines.tag import Tag
from tests.pipelines.figures.strategies import bitmaps
from tests.support import mask_of, tiny_sample

ACTION = SplitMasks.from_settings({"classes": ["car"]})
SPOTS = mask_of("##..#", "##...", "..#.#", "....#")


def parts(mask: Bitmap) -> list[Bitmap]:
    (found,) = ACTION.apply(tiny_sample([Figure("car", mask)]), None)
    return [figure.shape for figure in found.figures]


def test_parts_come_row_by_row_and_hold_together_at_corners():
    assert parts(Bitmap(10, 20, SPOTS)) == [
        Bitmap(10, 20, mask_of("##.", "##.", "..#")),
        Bitmap(14, 20, mask_of("#")),
        Bitmap(14, 22, mask_of("#", "#")),
    ]


def test_parts_stand_where_their_mask_stood_with_what_people_attached():
    attached = (Tag("rusty"),), "a wreck", {"priority": 1}
    before = [
        Figure("tree", Point(1, 1)),
        Figure("car", Bitmap(3, 3, mask_of("#.#")), *attached),
        Figure("tree", Point(2, 2)),
    ]
    (found,) = ACTION.apply(tiny_sample(before), None)
    assert found.figures == (
        before[0],
        Figure("car", Bitmap(3, 3, mask_of("#")), *attached),
        Figure("car", Bitmap(5, 3, mask_of("#")), *attached),
        before[2],
    )


def by_flooding(mask: np.ndarray) -> list[set[tuple[int, int]]]:
    """Parts found by walking from pixel to pixel, row by row."""
    left = {(y, x) for y, x in np.argwhere(mask).tolist()}
    found = []
    for start in sorted(left):
        if start not in left:
            continue
        part, waiting = set(), [start]
        left.discard(start)
        while waiting:
            y, x = waiting.pop()
            part.add((y, x))
            near = {(y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)} & left
            left -= near
            waiting.extend(near)
        found.append(part)
    return found


@given(bitmaps())
def test_parts_are_those_that_flooding_finds(mask):
    expected = [{(y + mask.y, x + mask.x) for y, x in part} for part in by_flooding(mask.pixels)]
    found = [{(y + part.y, x + part.x) for y, x in np.argwhere(part.pixels).tolist()} for part in parts(mask)]
    assert found == expected


def test_another_shape_fails_the_image():
    with pytest.raises(ValueError, match=r"^an object of class 'car' is a line, split_masks works on bitmaps"):
        ACTION.apply(tiny_sample([Figure("car", Line([(0, 0), (5, 5)]))]), None)
