"""`drop_noise`: 4-connected spots below the limit go."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy import ndimage

from pipelines.actions.drop_noise import DropNoise
from pipelines.figures import Bitmap, Figure, Polygon
from pipelines.tag import Tag
from tests.pipelines.figures.strategies import bitmaps
from tests.support import mask_of, tiny_sample

SPOTS = Bitmap(10, 20, mask_of("##..#", "##...", "..#.#", "....#"))


def cleaned(mask: Bitmap, min_area: str, src_type: str = "image") -> list[Bitmap]:
    action = DropNoise.from_settings({"classes": ["car"], "min_area": min_area, "src_type": src_type})
    (found,) = action.apply(tiny_sample([Figure("car", mask, (Tag("rusty"),), "a wreck")]), None)
    assert all((figure.tags, figure.description) == ((Tag("rusty"),), "a wreck") for figure in found.figures)
    return [figure.shape for figure in found.figures]


def test_only_spots_with_fewer_pixels_go():
    assert cleaned(SPOTS, "2px") == [Bitmap(10, 20, mask_of("##...", "##...", "....#", "....#"))]
    assert cleaned(SPOTS, "3px") == cleaned(SPOTS, "4px") == [Bitmap(10, 20, mask_of("##", "##"))]
    assert cleaned(SPOTS, "5px") == []


@pytest.mark.parametrize("limit", ["0px", "1px", "0%"])
def test_a_limit_that_no_spot_is_below_changes_nothing(limit):
    assert cleaned(SPOTS, limit) == [SPOTS]


def test_a_percentage_is_of_the_image_or_of_the_box_and_truncated():
    """The image has 60 * 40 = 2400 pixels, the box of the spots 5 * 4 = 20."""
    assert cleaned(SPOTS, "0.12%") == cleaned(SPOTS, "2px")
    assert cleaned(SPOTS, "0.125%") == cleaned(SPOTS, "3px")
    assert cleaned(SPOTS, "14.99%", "bbox") == cleaned(SPOTS, "2px")
    assert cleaned(SPOTS, "15%", "bbox") == cleaned(SPOTS, "3px")


@given(bitmaps(), st.integers(0, 12))
def test_what_is_left_is_every_spot_that_is_large_enough(mask, limit):
    labels, count = ndimage.label(mask.pixels)
    spots = [labels == number for number in range(1, count + 1)]
    large = sum((spot for spot in spots if spot.sum() >= limit), start=mask.pixels & False)
    assert cleaned(mask, f"{limit}px") == list(Bitmap.trimmed(mask.x, mask.y, large))


def test_other_classes_stay():
    action = DropNoise.from_settings({"classes": ["car"], "min_area": "99px", "src_type": "image"})
    sample = tiny_sample([Figure("road", SPOTS)])
    assert action.apply(sample, None) == (sample,)


@pytest.mark.parametrize("text", ["3", "3.5px", "-1px", "%", 3])
def test_a_malformed_area_is_refused_when_the_graph_is_read(text):
    with pytest.raises(ValidationError, match=re.escape(f"found {text!r}, a length is a whole number of pixels")):
        DropNoise.from_settings({"classes": ["car"], "min_area": text, "src_type": "image"})


def test_another_shape_fails_the_image():
    action = DropNoise.from_settings({"classes": ["car"], "min_area": "1px", "src_type": "image"})
    with pytest.raises(ValueError, match=r"^an object of class 'car' is a polygon, drop_noise works on bitmaps"):
        action.apply(tiny_sample([Figure("car", Polygon([(0, 0), (5, 0), (5, 5)]))]), None)
