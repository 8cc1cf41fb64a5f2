"""Project JSON: today's form is written, older ones are read, and what is wrong is said."""

import json
import re
from dataclasses import replace

import pytest
from hypothesis import given

from pipelines.figures import Bitmap, Figure, Line, Point, Polygon, Rectangle
from pipelines.formats.supervisely import BadAnnotation, annotation_json, meta_json, parse_annotation, read_meta
from pipelines.meta import ClassSpec, Meta, TagSpec
from pipelines.tag import Tag
from tests.pipelines.figures.strategies import samples
from tests.support import SHAPES_OF_TINY, mask_of, meta_of, tiny_sample

META = Meta(tuple(ClassSpec(kind, kind) for kind in SHAPES_OF_TINY))


def annotation(*objects: dict, **other: object) -> dict:
    return {"size": {"height": 40, "width": 60}, "objects": list(objects)} | other


@given(samples())
def test_round_trip(sample):
    text = json.dumps(annotation_json(sample.image.size, sample.figures, sample.tags, "seen from afar"))
    found = parse_annotation(json.loads(text), meta_of([sample]))
    assert found.size == sample.image.size
    assert found.figures == sample.figures
    assert found.tags == sample.tags
    assert found.description == "seen from afar"


def test_the_form_that_is_written():
    figures = [
        Figure("bitmap", Bitmap(3, 4, mask_of("#")), (Tag("rusty"),), "small", {"priority": 1}),
        Figure("polygon", Polygon([(0, 0), (5, 0), (0, 5.5)], ([(1, 1), (2, 1), (1, 2)],))),
        Figure("rectangle", Rectangle(5, 6, 1, 2)),
        Figure("line", Line([(0, 1), (2, 3)])),
        Figure("point", Point(7, 9)),
    ]
    found = annotation_json((40, 60), figures, (Tag("night", "ja"),))
    assert found["size"] == {"height": 40, "width": 60}
    assert found["tags"] == [{"name": "night", "value": "ja"}]
    bitmap, polygon, rectangle, line, point = found["objects"]
    assert bitmap["bitmap"]["origin"] == [3, 4]
    assert "points" not in bitmap
    assert (bitmap["geometryType"], bitmap["description"], bitmap["priority"]) == ("bitmap", "small", 1)
    assert bitmap["tags"] == [{"name": "rusty", "value": None}]
    assert polygon["points"] == {
        "exterior": [[0.0, 0.0], [5.0, 0.0], [0.0, 5.5]],
        "interior": [[[1.0, 1.0], [2.0, 1.0], [1.0, 2.0]]],
    }
    assert rectangle["points"] == {"exterior": [[1.0, 2.0], [5.0, 6.0]], "interior": []}
    assert line["points"]["exterior"] == [[0.0, 1.0], [2.0, 3.0]]
    assert point["points"]["exterior"] == [[7.0, 9.0]]


def test_the_class_decides_the_shape_whatever_the_object_says():
    entry = {
        "classTitle": "rectangle",
        "geometryType": "polygon",
        "type": "line",
        "points": {"exterior": [[9, 8], [1, 2], [5, 5]]},
    }
    (figure,) = parse_annotation(annotation(entry), META).figures
    assert figure.shape == Rectangle(1, 2, 9, 8)
    assert figure.extra == {}


def test_degenerate_figures_are_dropped():
    points = {"point": [], "line": [[1, 1]], "rectangle": [[1, 1]], "polygon": [[1, 1], [2, 2]]}
    entries = [{"classTitle": kind, "points": {"exterior": found, "interior": []}} for kind, found in points.items()]
    assert parse_annotation(annotation(*entries), META).figures == ()
    holed = {"classTitle": "polygon", "points": {"exterior": [[0, 0], [9, 0], [0, 9]], "interior": [[[1, 1], [2, 2]]]}}
    (figure,) = parse_annotation(annotation(holed), META).figures
    assert figure.shape.holes == ()


def test_a_mask_without_margins_and_an_origin_of_halves():
    data = annotation_json((9, 9), [Figure("bitmap", Bitmap(0, 0, mask_of("...", ".#.", "...")))])["objects"][0]
    for origin, expected in (([2.5, 3.5], (3, 5)), ([1, 1], (2, 2)), (None, (1, 1))):
        data["bitmap"]["origin"] = origin
        (figure,) = parse_annotation(annotation(data), META).figures
        assert figure.shape == Bitmap(*expected, mask_of("#"))


def test_tags_as_words_and_as_objects():
    found = parse_annotation(annotation(tags=["night", {"name": "city", "value": 3}, {"name": "day"}]), META)
    assert found.tags == (Tag("night"), Tag("city", 3), Tag("day"))


def test_unknown_keys_are_carried_and_stale_ones_dropped():
    entry = {"classTitle": "point", "points": {"exterior": [[1, 2]]}, "id": 7, "classId": 8, "labelerLogin": "ann"}
    found = parse_annotation(annotation(entry, name="old.jpg", customBigData={"a": 1}), META)
    assert found.extra == {"customBigData": {"a": 1}}
    assert found.figures[0].extra == {"labelerLogin": "ann"}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "an annotation is a JSON object, this one is list"),
        ({"objects": []}, 'an annotation needs "size" with a positive "height" and "width"; found None'),
        (
            {"size": {"height": 0, "width": 5}, "objects": []},
            'needs "size" with a positive "height" and "width"; found {\'height\': 0',
        ),
        ({"size": {"height": 4, "width": 5}}, 'an annotation needs a list "objects"'),
        (annotation(tags=[7]), 'a tag is a name or an object with a "name"; found 7'),
        (annotation({"points": {}}), "an object needs a \"classTitle\"; found {'points': {}}"),
        (
            annotation({"classTitle": "polygom"}),
            "an object is of class 'polygom', which the project's meta does not list (did you mean 'polygon'?)",
        ),
        (annotation({"classTitle": "bitmap"}), "an object of bitmap class 'bitmap' needs \"bitmap\""),
        (
            annotation({"classTitle": "line"}),
            'an object of line class \'line\' needs "points": {"exterior": [[x, y], ...]}',
        ),
    ],
)
def test_what_is_no_annotation(data, message):
    with pytest.raises(BadAnnotation, match=re.escape(message)):
        parse_annotation(data, META)


def test_a_graph_of_key_points_is_refused_with_a_way_out():
    meta = Meta((ClassSpec("pose", "graph"),))
    with pytest.raises(
        BadAnnotation, match="'pose' is a graph of key points, which no action can change; ignore or drop the class"
    ):
        parse_annotation(annotation({"classTitle": "pose", "nodes": {}}), meta)


def test_a_meta_round_trip():
    meta = Meta(
        (ClassSpec("car", "bitmap", "#ff0000", {"hotkey": "c"}), ClassSpec("road", "polygon")),
        (TagSpec("night"), TagSpec("scene", "oneof_string", ("city", "road"), "#445566")),
    )
    assert read_meta(json.loads(json.dumps(meta_json(meta)))) == meta


def test_older_forms_of_a_meta():
    classes = [{"title": "car", "shape": "bitmap", "color": "#FF0000"}]
    expected = Meta((ClassSpec("car", "bitmap", "#ff0000"),))
    assert read_meta(classes) == expected
    assert read_meta({"classes": classes, "unknown": 1}) == expected
    assert read_meta({"classes": classes, "tags": ["night", {"name": "city"}]}).tags == (
        TagSpec("night"),
        TagSpec("city", "any_string"),
    )
    split = {"classes": classes, "tags_images": ["night"], "tags_objects": ["night", "rusty"]}
    assert read_meta(split).tags == (TagSpec("night"), TagSpec("rusty"))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({}, 'a project meta is an object with a list "classes"; this one has none'),
        ("x", 'a project meta is an object with a list "classes"; this one has none'),
        ({"classes": ["car"]}, "a class of the meta is an object with a \"title\"; found 'car'"),
        (
            {"classes": [{"title": "car", "shape": "polygom"}]},
            "class 'car' has the shape 'polygom'; one of point, rectangle, line, polygon, bitmap, graph (did "
            "you mean 'polygon'?)",
        ),
        ({"classes": [{"title": "car", "shape": "point"}] * 2}, "the class 'car' is listed twice; titles are unique"),
        ({"classes": [], "tags": [7]}, 'a tag of the meta is a name or an object with a "name"; found 7'),
        (
            {"classes": [], "tags": ["a"], "tags_images": ["b"]},
            'the meta has "tags" beside "tags_images" / "tags_objects"',
        ),
    ],
)
def test_what_is_no_meta(data, message):
    with pytest.raises(BadAnnotation, match=re.escape(message)):
        read_meta(data)


def test_the_tiny_sample_is_a_fixture_worth_having():
    sample = tiny_sample()
    assert {figure.shape.kind for figure in sample.figures} == set(SHAPES_OF_TINY)
    assert replace(sample, figures=()) != sample
