"""`resize_annotation`: objects scaled, the image left alone, the size remembered."""

import numpy as np
import pytest

from pipelines.actions.base import Notes
from pipelines.actions.resize_annotation import VIRTUAL_SIZE, ResizeAnnotation
from pipelines.figures import Bitmap, Figure, Rectangle
from pipelines.meta import ClassSpec, Meta
from pipelines.sample import Sample
from tests.support import mask_of, tiny_sample

FIGURES = [Figure("r", Rectangle(10, 20, 30, 40)), Figure("b", Bitmap(20, 20, np.ones((10, 10), bool)))]
SAMPLE = tiny_sample(FIGURES, size=(100, 200))


def resized(width: int, height: int, keep: bool = False, sample: Sample = SAMPLE, **more: list[str]) -> list[Sample]:
    settings = {"width": width, "height": height, "aspect_ratio": {"keep": keep}, **more}
    return list(ResizeAnnotation.from_settings(settings).apply(sample, None))


def test_the_worked_numbers():
    (found,) = resized(100, 50)
    assert [figure.shape for figure in found.figures] == [
        Rectangle(5, 10, 15, 20),
        Bitmap(10, 10, np.ones((5, 5), bool)),
    ]
    assert found.image == SAMPLE.image
    assert found.extra == {VIRTUAL_SIZE: [100, 50]}


def test_with_one_factor_objects_are_centred():
    (found,) = resized(100, 100, keep=True)
    assert found.figures[0].shape == Rectangle(5, 35, 15, 45)
    assert found.extra == {VIRTUAL_SIZE: [100, 100]}
    assert resized(50, -1, keep=True)[0].extra == {VIRTUAL_SIZE: [50, 25]}


def test_only_listed_classes_are_scaled_and_the_order_stays():
    (found,) = resized(100, 50, classes=["b"])
    assert [figure.shape.bounds for figure in found.figures] == [(10, 20, 30, 40), (10, 10, 15, 15)]


def test_a_vanished_mask_is_dropped_and_the_rest_kept():
    sample = tiny_sample([Figure("dot", Bitmap(0, 0, mask_of("#"))), *FIGURES], size=(100, 200))
    assert [figure.title for figure in resized(20, 10, sample=sample)[0].figures] == ["r", "b"]


def test_a_side_below_a_pixel_gives_nothing():
    assert resized(5, -1, True, tiny_sample((), size=(2, 100))) == []


@pytest.mark.parametrize(
    ("width", "height", "keep", "message"),
    [
        (0, 5, False, "found 0, a size is a positive number of pixels"),
        (-1, -1, True, "width and height are both -1"),
        (-1, 5, False, "needs"),
    ],
)
def test_sizes_are_checked_as_for_resize(width, height, keep, message):
    action = ResizeAnnotation.from_settings({"width": width, "height": height, "aspect_ratio": {"keep": keep}})
    assert message in next(iter(action.problems())).message


def test_an_unknown_class_is_a_warning():
    notes = Notes()
    action = ResizeAnnotation.from_settings(ResizeAnnotation.examples[1])
    action.map_meta(Meta((ClassSpec("cat", "bitmap"),)), notes)
    assert [finding.severity for finding in notes.findings] == ["warning"]
    assert "no class 'car' arrives here (did you mean 'cat'?)" in notes.findings[0].message
