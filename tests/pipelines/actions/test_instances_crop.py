"""`instances_crop`: every object alone in its surroundings."""

import numpy as np
import pytest
from hypothesis import given

from pipelines.actions.base import Notes
from pipelines.actions.instances_crop import InstancesCrop
from pipelines.figures import Bitmap, Figure, Line, Point, Polygon
from pipelines.image import CropPixels
from pipelines.meta import ClassSpec, Meta
from pipelines.sample import Sample
from pipelines.tag import Tag
from tests.pipelines.figures.strategies import SIZE, bitmaps
from tests.support import coordinates, drawn, pixels_of, tiny_sample

TWICE = dict.fromkeys(("left", "right", "top", "bottom"), "200%")


def block(x: int, y: int, width: int, height: int) -> Bitmap:
    return Bitmap(x, y, np.ones((height, width), bool))


def cut(sample: Sample, classes: list[str], sides: dict[str, str], save: list[str] | None = None) -> list[Sample]:
    settings = {"classes": classes, "pad": {"sides": sides}} | ({"save_classes": save} if save else {})
    return list(InstancesCrop.from_settings(settings).apply(sample, None))


def test_the_worked_mask():
    (found,) = cut(tiny_sample([Figure("car", block(50, 40, 20, 10))], size=(100, 200)), ["car"], TWICE)
    assert found.image.ops == (CropPixels(10, 20, 110, 70),)
    assert found.image.size == (50, 100)
    assert found.figures[0].shape == block(40, 20, 20, 10)


def test_the_worked_mask_at_a_border():
    (found,) = cut(tiny_sample([Figure("car", block(100, 100, 120, 90))], size=(375, 500)), ["car"], TWICE)
    assert found.image.ops == (CropPixels(0, 0, 460, 370),)
    assert found.figures[0].shape == block(100, 100, 120, 90)


def test_the_worked_polygon():
    outline = Polygon([(10.4, 10.5), (20.6, 10.5), (20.6, 30.49), (10.4, 30.49)])
    (found,) = cut(tiny_sample([Figure("car", outline)], size=(200, 200)), ["car"], TWICE)
    # The box rounds to (10, 11, 21, 30), the pads are 22 and 38.
    assert found.image.ops == (CropPixels(0, 0, 43, 68),)


def test_percentages_are_of_the_box_width_at_the_left_and_its_height_at_the_top():
    (found,) = cut(
        tiny_sample([Figure("car", block(50, 40, 20, 10))], size=(100, 200)), ["car"], {"left": "50%", "top": "50%"}
    )
    assert found.image.ops == (CropPixels(40, 35, 70, 50),)


def test_one_sample_an_object_in_order_each_with_its_object_alone():
    figures = [
        Figure("car", block(5, 5, 4, 4)),
        Figure("person", block(6, 6, 4, 4)),
        Figure("bus", block(30, 20, 6, 6)),
        Figure("car", block(7, 7, 4, 4)),
    ]
    found = cut(tiny_sample(figures, (Tag("night"),)), ["bus", "car"], {"left": "5px", "right": "50px"})
    assert [[figure.title for figure in one.figures] for one in found] == [["car"], ["bus"], ["car"]]
    assert [one.figures[0].shape for one in found] == [block(5, 0, 4, 4), block(5, 0, 6, 6), block(5, 0, 4, 4)]
    assert all(one.tags == (Tag("night"),) for one in found)


def test_classes_kept_beside_stay_in_order_and_are_cut():
    figures = [
        Figure("person", block(0, 6, 8, 1)),
        Figure("car", block(5, 5, 4, 4)),
        Figure("person", block(50, 30, 2, 2)),
        Figure("dog", block(5, 5, 4, 4)),
    ]
    (found,) = cut(tiny_sample(figures), ["car"], {}, ["person"])
    assert [(figure.title, figure.shape) for figure in found.figures] == [
        ("person", block(0, 1, 3, 1)),
        ("car", block(0, 0, 4, 4)),
    ]


def test_equal_objects_are_two_samples_with_one_object_each():
    figures = [Figure("car", block(5, 5, 4, 4)), Figure("car", block(5, 5, 4, 4))]
    found = cut(tiny_sample(figures), ["car"], {})
    assert [len(one.figures) for one in found] == [1, 1]


def test_objects_without_a_box_are_skipped():
    figures = [Figure("car", Point(5, 5)), Figure("car", Line([(3, 3), (3, 9)])), Figure("car", Line([(3, 3), (4, 9)]))]
    (found,) = cut(tiny_sample(figures), ["car"], {})
    assert found.image.size == (6, 1)


def test_an_object_outside_of_the_image_is_skipped():
    outside = Polygon([(70, 5), (80, 5), (80, 15)])
    assert cut(tiny_sample([Figure("car", outside)]), ["car"], {}) == []


def test_no_such_object_is_no_sample():
    assert cut(tiny_sample(), ["car"], TWICE) == []


def test_the_meta_keeps_the_named_classes_in_its_own_order():
    meta = Meta(tuple(ClassSpec(title, "bitmap") for title in ("unused", "person", "car")))
    notes = Notes()
    action = InstancesCrop.from_settings({"classes": ["car", "bus"], "pad": {"sides": {}}, "save_classes": ["person"]})
    assert action.map_meta(meta, notes).titles == ("person", "car")
    assert [finding.severity for finding in notes.findings] == ["warning"]


@given(bitmaps())
def test_the_mask_stays_on_its_pixels(mask):
    picture = coordinates(SIZE)
    (found,) = cut(tiny_sample([Figure("car", mask)], size=SIZE), ["car"], {"left": "30%", "bottom": "2px"})
    pixels = pixels_of(found, picture)
    expected = drawn(mask, SIZE)[pixels[:, :, 1], pixels[:, :, 0]]
    assert np.array_equal(drawn(found.figures[0].shape, found.image.size), expected)
    assert expected.sum() == mask.area, "the whole object is on its crop"


@pytest.mark.parametrize("missing", ["classes", "pad"])
def test_both_settings_are_needed(missing):
    settings = {"classes": ["car"], "pad": {"sides": {}}}
    del settings[missing]
    with pytest.raises(ValueError, match=missing):
        InstancesCrop.from_settings(settings)
