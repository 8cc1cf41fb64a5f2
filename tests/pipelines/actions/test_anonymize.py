"""`anonymize`: what an object covers is blurred or painted, and nothing else."""

import json

import numpy as np
import pytest

from pipelines.actions.anonymize import Anonymize
from pipelines.figures import Bitmap, Figure, Point, Rectangle
from pipelines.image import PixelOp
from pipelines.meta import color_of
from pipelines.sample import Sample
from tests.support import drawn, mask_of, pixels_of, tiny_sample

SIZE = (60, 80)
NOISE = np.random.default_rng(0).integers(0, 256, (*SIZE, 3), np.uint8)
FACE = Figure("person", Bitmap(20, 10, np.pad(np.ones((20, 30), bool), ((0, 3), (0, 2)))))
PLATE = Figure("plate", Rectangle(40, 20, 60, 40))
OTHER = Figure("car", Rectangle(5, 5, 75, 55))
SAMPLE = tiny_sample([OTHER, FACE, PLATE], size=SIZE)


def anonymized(sample: Sample = SAMPLE, **settings: object) -> Sample:
    action = Anonymize.from_settings(settings)
    assert list(action.problems()) == []
    (found,) = action.apply(sample, None)
    return found


def test_only_covered_pixels_change_and_the_objects_stay():
    found = anonymized(classes=["person", "plate"], type="color", color=[1, 2, 3])
    pixels = pixels_of(found, NOISE)
    covered = drawn(FACE.shape, SIZE) | drawn(PLATE.shape, SIZE)
    assert (pixels[covered] == (1, 2, 3)).all()
    assert np.array_equal(pixels[~covered], NOISE[~covered])
    assert found.figures == SAMPLE.figures
    assert len(found.image.ops) == 1


def test_a_blur_leaves_no_detail_inside_and_all_of_it_outside():
    found = pixels_of(anonymized(classes=["person"], type="blur"), NOISE)
    covered = drawn(FACE.shape, SIZE)
    assert found[covered].std(axis=0).max() < 3
    assert np.abs(found[covered].mean(axis=0) - NOISE.mean(axis=(0, 1))).max() < 8
    assert np.array_equal(found[~covered], NOISE[~covered])


def test_an_even_picture_stays_even_under_a_blur():
    even = np.full((*SIZE, 3), 77, np.uint8)
    assert np.array_equal(pixels_of(anonymized(classes=["person"], type="blur"), even), even)


def test_class_colours_follow_the_drawing_order():
    pixels = pixels_of(anonymized(classes=["person", "plate"], type="class_color"), NOISE)
    colors = {title: [int(color_of(title)[i : i + 2], 16) for i in (1, 3, 5)] for title in ("person", "plate")}
    assert pixels[12, 22].tolist() == colors["person"]
    # Both cover this one, the plate comes later.
    assert pixels[25, 45].tolist() == colors["plate"]


def test_the_recipe_is_text_and_small():
    found = anonymized(classes=["person"], type="blur")
    (op,) = found.image.ops
    text = json.dumps(op.record())
    assert len(text) < 300
    assert PixelOp.from_record(json.loads(text)) == op


def test_without_such_objects_the_image_is_not_touched():
    assert anonymized(classes=["dog"], type="blur").image == SAMPLE.image
    outside = tiny_sample([Figure("dog", Point(500, 500))], size=SIZE)
    assert anonymized(outside, classes=["dog"], type="blur").image == outside.image


def test_objects_over_the_border_are_covered_as_far_as_the_image_goes():
    sample = tiny_sample([Figure("person", Bitmap(-2, -1, mask_of("####", "####")))], size=SIZE)
    pixels = pixels_of(anonymized(sample, classes=["person"], type="color", color=[0, 0, 0]), NOISE | 1)
    assert (pixels == 0).all(axis=2).sum() == 2


def test_a_missing_colour_is_named():
    (finding,) = Anonymize.from_settings({"classes": ["person"], "type": "color"}).problems()
    assert finding.message == 'the type "color" needs "color": [red, green, blue], which is missing'


@pytest.mark.parametrize("color", [[0, 0], [0, 0, 0, 0], [256, 0, 0], [-1, 0, 0]])
def test_a_colour_has_three_levels(color):
    with pytest.raises(ValueError, match="color"):
        Anonymize.from_settings({"classes": ["person"], "type": "color", "color": color})
