"""Project JSON: today's form is written, older ones are read, and what is wrong is said."""

import json
import math
import re
from dataclasses import replace

import pytest
from hypothesis import given

from pipelines.figures import Bitmap, Figure, Line, Point, Polygon, Rectangle
from pipelines.formats.left_out import FAR, TOO_FEW_POINTS
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
    found = parse_annotation(annotation(*entries), META)
    assert found.figures == ()
    assert found.left_out == (TOO_FEW_POINTS,) * 4
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


@pytest.mark.parametrize("shape", ["graph", "cuboid", "cuboid_2d", "any"])
def test_an_object_that_no_action_can_change_costs_itself(shape):
    meta = Meta((ClassSpec("pose", shape), ClassSpec("point", "point")))
    objects = {"classTitle": "pose", "geometryType": "graph"}, {"classTitle": "point", "points": {"exterior": [[1, 2]]}}
    found = parse_annotation(annotation(*objects), meta)
    assert [figure.title for figure in found.figures] == ["point"]
    what = "graph" if shape == "any" else shape
    assert found.left_out == (f"objects of class 'pose', of the shape {what!r}, which no action can change: left out",)


FAR_PLACES = [math.nan, math.inf, -math.inf, 1e308, -1e6, 10**12, 10**400]


@pytest.mark.parametrize("kind", ["point", "line", "polygon", "rectangle"])
@pytest.mark.parametrize("place", FAR_PLACES, ids=str)
def test_coordinates_that_are_no_place_cost_the_object(kind, place):
    for number in range(1 if kind == "point" else 2):
        points = [[1, 2], [9, 2], [9, 8]]
        points[number] = [3, place]
        found = parse_annotation(annotation({"classTitle": kind, "points": {"exterior": points}}), META)
        assert (found.figures, found.left_out) == ((), (FAR,))
    hole = {"exterior": [[1, 2], [9, 2], [9, 8]], "interior": [[[1, 2], [9, 2], [place, 8]]]}
    assert parse_annotation(annotation({"classTitle": "polygon", "points": hole}), META).left_out == (FAR,)


@pytest.mark.parametrize("place", FAR_PLACES, ids=str)
def test_an_origin_that_is_no_place_costs_the_object(place):
    data = annotation_json((9, 9), [Figure("bitmap", Bitmap(0, 0, mask_of("#")))])["objects"][0]
    data["bitmap"]["origin"] = [0, place]
    assert parse_annotation(annotation(data), META).left_out == (FAR,)


def test_what_is_kept_can_be_written_as_json():
    entry = {"classTitle": "point", "points": {"exterior": [[1, 2]]}, "score": math.nan, "more": {"a": [1, -math.inf]}}
    tags = [{"name": "speed", "value": math.inf}]
    found = parse_annotation(annotation(entry, tags=tags, big={"b": math.nan}), META)
    written = json.dumps(annotation_json(found.size, found.figures, found.tags, "", found.extra), allow_nan=False)
    assert json.loads(written)["big"] == {"b": None}
    assert found.figures[0].extra == {"score": None, "more": {"a": [1, None]}}
    assert found.tags == (Tag("speed"),)


def test_masks_with_transparency_are_bitmaps():
    assert read_meta({"classes": [{"title": "soft", "shape": "alpha_mask"}], "tags": None}).shape_of("soft") == "bitmap"


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
