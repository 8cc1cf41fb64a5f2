"""`restore_annotation_scale`: the way back from `resize_annotation`."""

from dataclasses import replace

import pytest

from pipelines.actions.resize_annotation import VIRTUAL_SIZE, ResizeAnnotation
from pipelines.actions.restore_annotation_scale import RestoreAnnotationScale
from pipelines.figures import Figure, Line, Rectangle
from pipelines.sample import Sample
from tests.support import assert_same, chain, run, tiny_sample

SAMPLE = tiny_sample([Figure("r", Rectangle(10, 20, 30, 40)), Figure("l", Line([(0, 0), (64, 32)]))], size=(100, 200))
HALF = {"width": 100, "height": 50, "aspect_ratio": {"keep": False}}


def restored(sample: Sample, **settings: list[str]) -> Sample:
    (found,) = RestoreAnnotationScale.from_settings(settings).apply(sample, None)
    return found


def test_there_and_back():
    (half,) = ResizeAnnotation.from_settings(HALF).apply(replace(SAMPLE, extra={"kept": 1}), None)
    assert_same(restored(half), replace(SAMPLE, extra={"kept": 1}))


def test_only_listed_classes_are_scaled_back():
    (half,) = ResizeAnnotation.from_settings(HALF).apply(SAMPLE, None)
    found = restored(half, classes=["r"])
    assert [figure.shape.bounds for figure in found.figures] == [(10, 20, 30, 40), (0, 0, 32, 16)]
    assert VIRTUAL_SIZE not in found.extra


def test_without_a_remembered_size_nothing_happens():
    assert restored(SAMPLE) is SAMPLE


@pytest.mark.parametrize("value", [[0, 5], "64x48", [3], [1.5, 2]])
def test_a_size_that_is_none_is_named(value):
    with pytest.raises(ValueError, match=r"the annotation's 'ann_size_wh' is .*\[width, height\].*expected"):
        restored(replace(SAMPLE, extra={VIRTUAL_SIZE: value}))


def test_in_a_graph():
    result = run(chain(("resize_annotation", HALF), ("restore_annotation_scale", {})), [SAMPLE])
    assert_same(result.samples, [SAMPLE], ignore_key=True)
