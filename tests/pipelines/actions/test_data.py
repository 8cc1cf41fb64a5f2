"""`data`: classes mapped on entry, figures brought inside the image."""

import numpy as np
import pytest

from pipelines.actions.base import Notes
from pipelines.actions.data import Data
from pipelines.figures import Bitmap, Figure, Point, Polygon, Rectangle
from pipelines.meta import ClassSpec, Meta
from tests.support import Held, assert_same, chain, run, tiny_sample

MASK = Bitmap(3, 3, np.ones((4, 4), bool))
MAPPING = {"car": "vehicle", "bus": "vehicle", "person": "__default__", "__other__": "__ignore__"}


def data(mapping: object) -> Data:
    return Data.from_settings({"classes_mapping": mapping})


def sample_of(*titles: str):
    return tiny_sample([Figure(title, MASK) for title in titles])


def test_the_worked_mapping():
    (found,) = data(MAPPING).apply(sample_of("car", "bus", "person", "tree"), None)
    assert [figure.title for figure in found.figures] == ["vehicle", "vehicle", "person"]
    meta = Meta(tuple(ClassSpec(title, "bitmap", color) for title, color in (
        ("car", "#ff0000"), ("bus", "#00ff00"), ("person", "#0000ff"), ("tree", "#ffffff"))))  # fmt: skip
    notes = Notes()
    assert [(spec.title, spec.color) for spec in data(MAPPING).map_meta(meta, notes).classes] == [
        ("vehicle", "#ff0000"),
        ("person", "#0000ff"),
    ]
    assert notes.findings == []


def test_default_keeps_all():
    sample = sample_of("car", "tree")
    assert_same(next(iter(data("default").apply(sample, None))), sample)


def test_default_as_a_value_is_a_name():
    (found,) = data({"car": "default"}).apply(sample_of("car"), None)
    assert found.figures[0].title == "default"


def test_all_entries_act_at_once():
    (found,) = data({"a": "b", "b": "a"}).apply(sample_of("a", "b"), None)
    assert [figure.title for figure in found.figures] == ["b", "a"]


def test_unused_is_a_class_like_any_other():
    (found,) = data({"car": "obj", "__other__": "unused"}).apply(sample_of("tree", "car"), None)
    assert [figure.title for figure in found.figures] == ["unused", "obj"]


def test_a_class_that_nothing_covers_fails_the_image():
    message = "an object is of class 'tree', which the mapping does not cover; add it, or \"__other__\""
    with pytest.raises(ValueError, match=message):
        list(data({"car": "obj"}).apply(sample_of("tree"), None))


def test_figures_are_brought_inside_the_image():
    outside = [
        Figure("bitmap", Bitmap(-2, 38, np.ones((4, 4), bool))),
        Figure("polygon", Polygon([(-5, -5), (50, 0), (0, 50)])),
        Figure("rectangle", Rectangle(50, 30, 70, 50)),
        Figure("rectangle", Rectangle(60, 0, 70, 5)),
        Figure("point", Point(60, 40)),
        Figure("point", Point(61, 40)),
    ]
    (found,) = data("default").apply(tiny_sample(outside), None)
    assert [figure.shape for figure in found.figures] == [
        Bitmap(0, 38, np.ones((2, 2), bool)),
        outside[1].shape,
        Rectangle(50, 30, 60, 40),
        Point(60, 40),
    ]


def test_two_data_layers_may_read_one_dataset():
    samples = [sample_of("car")]
    graph = chain()
    graph[0:0] = [graph[0] | {"dst": "$second", "settings": {"classes_mapping": {"car": "__ignore__"}}}]
    graph[-1]["src"] = ["$0", "$second"]
    assert sorted(len(sample.figures) for sample in run(graph, samples).samples) == [0, 1]


def test_several_datasets_are_a_union():
    from dataclasses import replace

    samples = [
        replace(sample_of("car"), origin=replace(sample_of("car").origin, dataset=name), dataset=name)
        for name in ("x", "y", "z")
    ]
    graph = chain()
    graph[0]["src"] = ["P/x", "P/z"]
    assert [sample.dataset for sample in run(graph, Held.of(samples)).samples] == ["x", "z"]
