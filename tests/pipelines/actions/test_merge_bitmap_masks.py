"""`merge_bitmap_masks`: one mask a class, on top."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.actions import find_action
from pipelines.actions.base import Notes
from pipelines.actions.merge_bitmap_masks import MergeBitmapMasks
from pipelines.figures import Bitmap, Figure, Point, Rectangle
from pipelines.meta import ClassSpec, Meta
from pipelines.tag import Tag
from tests.pipelines.figures.strategies import SIZE, bitmaps
from tests.support import drawn, mask_of, tiny_sample

ACTION = MergeBitmapMasks.from_settings({"class": "road"})


def test_masks_are_united_and_come_last():
    before = [
        Figure("road", Bitmap(3, 2, mask_of("#")), (Tag("wet"),)),
        Figure("tree", Point(1, 1)),
        Figure("road", Bitmap(5, 2, mask_of("#.", "##")), description="a path"),
    ]
    (found,) = ACTION.apply(tiny_sample(before), None)
    assert found.figures == (before[1], Figure("road", Bitmap(3, 2, mask_of("#.#.", "..##"))))


def test_a_single_mask_is_only_moved():
    road = Figure("road", Bitmap(3, 2, mask_of("#")), (Tag("wet"),), "a path", {"priority": 1})
    (found,) = ACTION.apply(tiny_sample([road, Figure("tree", Point(1, 1))]), None)
    assert found.figures == (Figure("tree", Point(1, 1)), road)


def test_nothing_to_merge_changes_nothing():
    (found,) = ACTION.apply(tiny_sample([Figure("tree", Point(1, 1))]), None)
    assert found.figures == (Figure("tree", Point(1, 1)),)


@given(st.lists(bitmaps(), min_size=2, max_size=4))
def test_the_merged_mask_has_the_pixels_of_all(masks):
    (found,) = ACTION.apply(tiny_sample([Figure("road", mask) for mask in masks], size=SIZE), None)
    (merged,) = found.figures
    assert np.array_equal(drawn(merged.shape, SIZE), np.any([drawn(mask, SIZE) for mask in masks], axis=0))
    assert merged.shape == Bitmap.trimmed(merged.shape.x, merged.shape.y, merged.shape.pixels)[0]


def test_another_shape_fails_the_image_and_is_doubted_before():
    with pytest.raises(
        ValueError, match=r"^an object of class 'road' is a rectangle, merge_bitmap_masks works on bitmaps"
    ):
        ACTION.apply(tiny_sample([Figure("road", Rectangle(1, 1, 2, 2))]), None)
    notes = Notes()
    ACTION.map_meta(Meta((ClassSpec("road", "rectangle"),)), notes)
    assert [finding.path for finding in notes.findings] == [("class",)]


def test_the_newer_word_finds_it():
    assert find_action("merge_masks") is MergeBitmapMasks
