"""`if`: each condition sends a sample to its first output exactly when it holds."""

from dataclasses import replace

import numpy as np
import pytest

from pipelines.actions.condition import FORMS
from pipelines.actions.if_ import If
from pipelines.figures import Bitmap, Figure, Rectangle
from pipelines.origin import Origin
from pipelines.sample import Randomness, Sample
from pipelines.tag import Tag
from tests.support import layer, run, tiny_sample

SAMPLE = tiny_sample(
    [Figure("car", Bitmap(0, 0, np.ones((4, 5), bool))), Figure("person", Rectangle(0, 0, 10, 10))],
    (Tag("night", "late"), Tag("day")),
    (40, 60),
    "city_0042.v2.jpg",
)


def holds(sample: Sample = SAMPLE, **condition: object) -> bool:
    action = If.from_settings({"condition": condition})
    assert not list(action.problems())
    return action.route(sample, Randomness(0, "if").for_key(sample.key) if action.random else None) == 0


CASES = [
    ({"probability": 1}, True),
    ({"probability": 0}, False),
    ({"min_objects_count": 2}, True),
    ({"min_objects_count": 3}, False),
    ({"min_objects_count": 0}, True),
    ({"min_height": 40}, True),
    ({"min_height": 41}, False),
    ({"min_width": 60}, True),
    ({"min_width": 61}, False),
    ({"min_area": 2400}, True),
    ({"min_area": 2401}, False),
    ({"sum_object_area": 120, "classes": ["car", "person"]}, True),
    ({"sum_object_area": 120.5, "classes": ["car", "person"]}, False),
    ({"sum_object_area": 21, "classes": ["car"]}, False),
    ({"sum_object_area": 0, "classes": []}, True),
    ({"include_classes": ["bus", "person"]}, True),
    ({"include_classes": ["bus"]}, False),
    ({"tags": ["night"]}, True),
    ({"tags": ["Night", "rain"]}, False),
    ({"regex_names": ["^x", r"\d{4}"]}, True),
    ({"regex_names": ["v2$"]}, True),
    ({"regex_names": ["jpg"]}, False),
    ({"project_datasets": ["P/ds"]}, True),
    ({"project_datasets": ["*/ds"]}, True),
    ({"project_datasets": ["P/*"]}, True),
    ({"project_datasets": ["*/*"]}, True),
    ({"project_datasets": ["Q/*", "*/other"]}, False),
]


@pytest.mark.parametrize(("condition", "expected"), CASES, ids=str)
def test_conditions(condition, expected):
    assert holds(**condition) == expected


def test_every_form_is_tried_here():
    tried = {tuple(condition) for condition, _ in CASES} | {("name_in_range", "frame_step")}
    assert tried == set(FORMS)


def test_the_dataset_is_that_of_the_source():
    assert holds(replace(SAMPLE, dataset="elsewhere"), project_datasets=["P/ds"])


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ({"min_width": 5, "min_height": 5}, "min_height and min_width"),
        ({"sum_object_area": 5}, "sum_object_area"),
        ({"classes": []}, "classes"),
        ({"frame_step": 1}, "frame_step"),
        ({}, "nothing"),
    ],
)
def test_mixed_or_half_forms_are_refused(condition, found):
    (problem,) = If.from_settings({"condition": condition}).problems()
    assert problem.message.startswith(f"found {found}; a condition is exactly one of: probability; min_objects_count; ")


def test_a_probability_is_a_share_and_of_the_first_output():
    action, randomness = If.from_settings({"condition": {"probability": 0.05}}), Randomness(3, "if $val $train")
    first = sum(action.route(SAMPLE, randomness.for_key(SAMPLE.child("x", n).key)) == 0 for n in range(4000))
    assert 150 <= first <= 250


def frames(*names: str) -> list[Sample]:
    return [replace(SAMPLE, origin=Origin("P", "ds", name), key=Origin("P", "ds", name).key()) for name in names]


def chosen(samples: list[Sample], copies: int = 1, **condition: object) -> list[str]:
    graph = [
        layer("data", ["P/*"], "$a", {"classes_mapping": "default"}),
        layer("multiply", "$a", "$m", {"multiply": copies}),
        layer("if", "$m", ["$b", "null"], {"condition": condition}),
        layer("supervisely", "$b", "out"),
    ]
    return [sample.origin.stem for sample in run(graph, samples).samples]


def test_every_second_name_of_a_range():
    samples = frames(*(f"a{number:04d}.jpg" for number in range(99, 107)))
    assert chosen(samples, name_in_range=["a0100", "a0105"], frame_step=2) == ["a0100", "a0102", "a0104"]


def test_a_range_numbers_images_not_copies_and_not_by_order_of_arrival():
    samples = frames("c.jpg", "a.jpg", "d.jpg", "b.jpg")
    expected = ["a", "a", "c", "c"]
    assert sorted(chosen(samples, 2, name_in_range=["a", "d"], frame_step=2)) == expected
    assert sorted(chosen(samples[::-1], 2, name_in_range=["a", "d"], frame_step=2)) == expected


def test_samples_pass_unchanged():
    graph = [
        layer("data", ["P/*"], "$a", {"classes_mapping": "default"}),
        layer("if", "$a", ["$b", "$c"], {"condition": {"min_width": 1000}}),
        layer("supervisely", ["$b", "$c"], "out"),
    ]
    (found,) = run(graph, [SAMPLE]).samples
    assert found.figures == SAMPLE.figures
    assert found.tags == SAMPLE.tags
