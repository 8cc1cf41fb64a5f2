"""`bbox2poly`: four corners, nothing else is taken."""

import re

import pytest

from pipelines.actions import find_action
from pipelines.actions.base import Notes
from pipelines.actions.bbox2poly import BboxToPolygon
from pipelines.figures import Figure, Line, Polygon, Rectangle
from pipelines.meta import ClassSpec, Meta
from pipelines.tag import Tag
from tests.support import tiny_sample

ACTION = BboxToPolygon.from_settings({"classes_mapping": {"car": "outline"}})


def test_the_corners_come_in_order_from_the_top_left_downwards():
    figure = Figure("car", Rectangle(5, 6, 1, 2), (Tag("rusty"),), "a wreck")
    (found,) = ACTION.apply(tiny_sample([figure]), None)
    assert found.figures == (Figure("outline", Polygon([(1, 2), (1, 6), (5, 6), (5, 2)]), (Tag("rusty"),), "a wreck"),)


def test_another_shape_fails_the_image_with_a_way_out():
    text = (
        "an object of class 'car' is a line, bbox2poly works on rectangles; "
        "convert it before (bbox), or do not list the class"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        ACTION.apply(tiny_sample([Figure("car", Line([(0, 0), (3, 3)]))]), None)


def test_a_class_of_another_shape_is_doubted_when_the_graph_is_read():
    notes = Notes()
    meta = ACTION.map_meta(Meta((ClassSpec("car", "bitmap"),)), notes)
    assert [(spec.title, spec.shape) for spec in meta.classes] == [("outline", "polygon")]
    (finding,) = notes.findings
    assert finding.severity == "warning"
    assert finding.message.startswith("class 'car' is a bitmap, bbox2poly works on rectangles; convert it before")


def test_the_newer_word_finds_it():
    assert find_action("bbox_to_polygon") is BboxToPolygon
