"""`skeletonize`: masks thinned to lines by three methods."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from pipelines.actions.skeletonize import Skeletonize
from pipelines.figures import Bitmap, Figure, Rectangle
from pipelines.tag import Tag
from tests.pipelines.figures.strategies import bitmaps
from tests.support import mask_of, tiny_sample

METHODS = ["skeletonization", "medial_axis", "thinning"]


def skeleton(mask: Bitmap, method: str) -> Bitmap:
    action = Skeletonize.from_settings({"classes": ["crack"], "method": method})
    (found,) = action.apply(tiny_sample([Figure("crack", mask, (Tag("old"),), "deep")]), None)
    (figure,) = found.figures
    assert (figure.title, figure.tags, figure.description) == ("crack", (Tag("old"),), "deep")
    return figure.shape


BLOCK = Bitmap(2, 2, np.ones((3, 7), bool))


def test_a_block_is_thinned_to_its_middle():
    assert skeleton(BLOCK, "thinning") == Bitmap(3, 3, mask_of("#####"))


def test_a_mask_that_fills_its_box_has_a_medial_axis_with_a_branch_to_each_corner():
    found = skeleton(BLOCK, "medial_axis")
    assert found == Bitmap(2, 2, mask_of("#.....#", ".#####.", "#.....#"))


@pytest.mark.parametrize("method", METHODS)
def test_a_thin_line_stays(method):
    line = Bitmap(4, 4, np.eye(6, dtype=bool))
    assert skeleton(line, method) == line


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=30)
@given(st.data())
def test_a_skeleton_lies_inside_and_holds_together(method, data):
    mask = data.draw(bitmaps())
    found = skeleton(mask, method)
    rows, columns = np.nonzero(found.pixels)
    assert mask.pixels[rows + found.y - mask.y, columns + found.x - mask.x].all()
    eight = np.ones((3, 3))
    assert ndimage.label(found.pixels, eight)[1] == ndimage.label(mask.pixels, eight)[1]


def test_another_shape_fails_the_image():
    action = Skeletonize.from_settings({"classes": ["crack"], "method": "thinning"})
    with pytest.raises(ValueError, match=r"^an object of class 'crack' is a rectangle, skeletonize works on bitmaps"):
        action.apply(tiny_sample([Figure("crack", Rectangle(1, 1, 5, 5))]), None)
