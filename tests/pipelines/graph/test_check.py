"""Everything wrong with a graph is found before an image is read: each kind of mistake with its exact text."""

import json
import re
from pathlib import Path

import pytest

from pipelines.actions import CATALOGUE
from pipelines.graph.check import check, compile_graph
from pipelines.graph.problems import GraphError
from pipelines.graph.spec import parse_graph, read_graph
from pipelines.meta import ClassSpec, Meta, TagSpec
from tests.support import Held, layer

GRAPHS = Path(__file__).resolve().parents[3] / "configs" / "graphs"

DATA = layer("data", ["P/*"], "$a", {"classes_mapping": "default"})
SAVE = layer("supervisely", ["$b"], "out")
PROJECT = Held(
    "P",
    "memory://P",
    Meta(
        (ClassSpec("car", "bitmap"), ClassSpec("person", "bitmap"), ClassSpec("road", "polygon")),
        (TagSpec("night", "any_string"),),
    ),
    ("train", "val"),
)


def problems(*layers: dict, projects: dict | None = None) -> list[str]:
    checked = check(parse_graph(json.dumps(list(layers)), "g"), projects)
    assert (checked.plan is None) == bool(checked.errors)
    return [str(problem) for problem in checked.problems]


def middle(action: str, settings: object, src: object = "$a", dst: object = "$b") -> dict:
    return layer(action, src, dst, settings)


FLIP = middle("flip", {"axis": "vertical"})
SIZES = {"filtering_classes": ["car"], "comparator": "less", "area_size": {"percent": 1}, "action": "delete"}
PART = {"min_percent": 10, "max_percent": 90}

WRONG_SETTINGS = [
    (
        "flip",
        {"axis": "vertica"},
        "settings.axis: found 'vertica', 'horizontal' or 'vertical' is expected (did you mean 'vertical'?)",
    ),
    ("flip", {}, "settings.axis: this setting is missing"),
    (
        "flip",
        {"axis": "vertical", "axes": 1},
        "settings.axes: there is no such setting (did you mean 'axis'?); allowed: axis",
    ),
    ("flip", [], "settings: found [], an object {...} is expected"),
    ("multiply", {"multiply": 0}, "settings.multiply: found 0, at least 1 is expected"),
    ("multiply", {"multiply": 2.5}, "settings.multiply: found 2.5, a whole number is expected"),
    ("multiply", {"multiply": "3"}, "settings.multiply: found '3', a whole number is expected"),
    ("multiply", {"multiply": True}, "settings.multiply: found True, a whole number is expected"),
    (
        "tag",
        {"tag": "a", "action": "ad"},
        "settings.action: found 'ad', 'add' or 'delete' is expected (did you mean 'add'?)",
    ),
    ("tag", {"tag": {"value": "x"}, "action": "add"}, "settings.tag.name: this setting is missing"),
    (
        "tag",
        {"tag": {"name": "a", "vallue": "x"}, "action": "add"},
        "settings.tag.vallue: there is no such setting (did you mean 'value'?); allowed: name, value",
    ),
    ("tag", {"tag": 5, "action": "add"}, "settings.tag: found 5, a string is expected, or an object {...} is expected"),
    (
        "tag",
        {"tag": {"name": "a", "value": "x"}, "action": "delete"},
        "settings.tag.value: a tag is deleted by its name; leave the value out",
    ),
    ("crop", {}, 'settings: a crop has either "sides" or "random_part"; neither is given'),
    (
        "crop",
        {"sides": {}, "random_part": {"height": PART, "width": PART}},
        'settings: a crop has either "sides" or "random_part"; both are given',
    ),
    (
        "crop",
        {"sides": {"lefft": "5px"}},
        "settings.sides.lefft: there is no such setting (did you mean 'left'?); allowed: left, right, top, bottom",
    ),
    (
        "crop",
        {"sides": {"left": "5"}},
        "settings.sides.left: found '5', a length is a whole number of pixels like \"10px\" or a percentage "
        'like "33.3%", not '
        'negative; did you mean "5px"?',
    ),
    (
        "crop",
        {"sides": {"left": "-5px"}},
        "settings.sides.left: found '-5px', a length is a whole number of pixels like \"10px\" or a percentage "
        'like "33.3%", not negative',
    ),
    (
        "crop",
        {"random_part": {"height": {"min_percent": 90, "max_percent": 10}, "width": PART}},
        "settings.random_part.height: min_percent 90 is greater than max_percent 10; exchange them",
    ),
    (
        "crop",
        {"random_part": {"height": PART, "width": {"min_percent": 10, "max_percent": 80}, "keep_aspect_ratio": True}},
        "settings.random_part.keep_aspect_ratio: with true, one draw serves both sides, so height and width "
        "need the same range; they differ",
    ),
    (
        "crop",
        {"random_part": {"height": PART, "width": {"min_percent": 10, "max_percent": 180}}},
        "settings.random_part.width.max_percent: found 180, at most 100 is expected",
    ),
    (
        "resize",
        {"width": 0, "height": 5, "aspect_ratio": {"keep": True}},
        "settings.width: found 0, a size is a positive number of pixels, or -1 to follow from the other side",
    ),
    (
        "resize",
        {"width": -1, "height": -1, "aspect_ratio": {"keep": True}},
        "settings: width and height are both -1; at least one of them must be given",
    ),
    (
        "resize",
        {"width": 5, "height": -1, "aspect_ratio": {"keep": False}},
        'settings.height: found -1, which needs "aspect_ratio": {"keep": true}',
    ),
    (
        "resize",
        {"width": -2, "height": 5, "aspect_ratio": {"keep": True}},
        "settings.width: found -2, at least -1 is expected",
    ),
    (
        "resize",
        {"width": 5, "height": 5, "aspect_ratio": {"keep": "yes"}},
        "settings.aspect_ratio.keep: found 'yes', true or false is expected",
    ),
    (
        "if",
        {"condition": {}},
        "settings.condition: found nothing; a condition is exactly one of: probability; min_objects_count; "
        "min_height; min_width; min_area; sum_object_area + classes; include_classes; tags; regex_names; project_datasets; "
        "name_in_range + frame_step",
    ),
    ("if", {"condition": {"probability": 1.5}}, "settings.condition.probability: found 1.5, at most 1 is expected"),
    (
        "if",
        {"condition": {"regex_names": ["a", "("]}},
        "settings.condition.regex_names[1]: '(' is not a regular expression: missing ), unterminated subpattern "
        "at position 0",
    ),
    (
        "if",
        {"condition": {"project_datasets": ["P"]}},
        "settings.condition.project_datasets[0]: found 'P', an entry has the form project/dataset, where either may be *",
    ),
    (
        "if",
        {"condition": {"name_in_range": ["b", "a"], "frame_step": 1}},
        "settings.condition.name_in_range: 'b' comes after 'a', so no name is in the range; exchange them",
    ),
    (
        "if",
        {"condition": {"name_in_range": ["a", "b"], "frame_step": 0}},
        "settings.condition.frame_step: found 0, at least 1 is expected",
    ),
    (
        "instances_crop",
        {"classes": [], "pad": {"sides": {}}},
        "settings.classes: found [], at least one entry is expected",
    ),
    (
        "instances_crop",
        {"classes": "car", "pad": {"sides": {}}},
        "settings.classes: found 'car', a list [...] is expected",
    ),
    (
        "instances_crop",
        {"classes": ["car"], "pad": {"sides": {}}, "save_classes": ["car"]},
        "settings.save_classes: car is in classes too; a class is either cut out or kept beside",
    ),
    (
        "objects_filter",
        {"filter_by": {}},
        'settings.filter_by: either "polygon_sizes" or "names" is expected; neither is given',
    ),
    (
        "objects_filter",
        {"filter_by": {"polygon_sizes": SIZES | {"area_size": {"width": 5}}}},
        'settings.filter_by.polygon_sizes.area_size: {"percent": ...}, {"area": ...} in pixels, or {"width": '
        '..., "height": ...} is expected',
    ),
    (
        "objects_filter",
        {"filter_by": {"polygon_sizes": SIZES | {"comparator": "lesser"}}},
        "settings.filter_by.polygon_sizes.comparator: found 'lesser', 'less' or 'greater' is expected (did you mean 'less'?)",
    ),
    (
        "objects_filter",
        {"filter_by": {"polygon_sizes": SIZES | {"action": {"remap_class": "x"}}}},
        "settings.filter_by.polygon_sizes.action: found {'remap_class': 'x'}, 'delete' is expected",
    ),
    (
        "generate_hints",
        {"class": "car", "positive_class": "p", "negative_class": "n", "min_points_number": -1},
        "settings.min_points_number: found -1, at least 0 is expected",
    ),
    (
        "generate_hints",
        {"clas": "car", "positive_class": "p", "negative_class": "n", "min_points_number": 1},
        "settings.clas: there is no such setting (did you mean 'class'?); allowed: class, positive_class, "
        "negative_class, min_points_number",
    ),
    ("rename", {"classes_mapping": ["car"]}, "settings.classes_mapping: found ['car'], an object {...} is expected"),
    ("rename", {"classes_mapping": {"car": 5}}, "settings.classes_mapping.car: found 5, a string is expected"),
]


@pytest.mark.parametrize(
    ("action", "settings", "message"), WRONG_SETTINGS, ids=lambda value: value if isinstance(value, str) else ""
)
def test_wrong_settings(action, settings, message):
    dst = ["$b", "$c"] if action == "if" else "$b"
    assert f"g:1: layer 2 ({action}), {message}" in problems(DATA, middle(action, settings, dst=dst), SAVE)


ACTIONS = ", ".join(sorted(CATALOGUE))

WRONG_GRAPHS = {
    "no source": (
        [layer("flip", "$b", "$a", {"axis": "vertical"}), layer("supervisely", "$a", "out")],
        [
            "g:1: no layer reads images; start the graph with a data layer",
            "g:1: layer 1 (flip), src: no layer writes $b",
        ],
    ),
    "unknown action": (
        [DATA, middle("flipp", {}), SAVE],
        [f"g:1: layer 2 (flipp), action: there is no action 'flipp' (did you mean 'flip'?); the actions are {ACTIONS}"],
    ),
    "src that nobody writes": (
        [DATA, middle("flip", {"axis": "vertical"}, "$A"), SAVE],
        ["g:1: layer 2 (flip), src: no layer writes $A"],
    ),
    "nearly the name": (
        [layer("data", ["P/*"], "$images", {"classes_mapping": "default"}), layer("supervisely", "$image", "out")],
        ["g:1: layer 2 (supervisely), src: no layer writes $image (did you mean '$images'?)"],
    ),
    "no dollar": (
        [DATA, middle("flip", {"axis": "vertical"}, "a", "b"), SAVE],
        [
            "g:1: layer 2 (flip), src: found 'a', a connection's name starts with $",
            "g:1: layer 2 (flip), dst: found 'b', a connection's name starts with $ (or is \"null\": thrown away)",
            "g:1: layer 3 (supervisely), src: no layer writes $b (did you mean 'b'?)",
        ],
    ),
    "reads null": (
        [DATA, middle("flip", {"axis": "vertical"}, "null"), SAVE],
        ['g:1: layer 2 (flip), src: nothing can be read from "null"; it is a place for outputs nobody wants'],
    ),
    "empty src": (
        [DATA, middle("flip", {"axis": "vertical"}, []), SAVE],
        ["g:1: layer 2 (flip), src: src is empty; name the connections that this layer reads"],
    ),
    "one output of if": (
        [DATA, middle("if", {"condition": {"min_width": 5}}, "$a", ["$b"]), SAVE],
        [
            "g:1: layer 2 (if), dst: dst has 1 different name, if needs two names: where samples go when the "
            "condition holds, and where the others go"
        ],
    ),
    "two outputs of flip": (
        [DATA, middle("flip", {"axis": "vertical"}, "$a", ["$b", "$c"]), SAVE],
        ["g:1: layer 2 (flip), dst: dst has 2 different names, flip needs one name"],
    ),
    "written twice": (
        [DATA, FLIP, middle("flip", {"axis": "horizontal"}), SAVE],
        ["g:1: layer 3 (flip), dst: $b is written by layer 2 (flip) too; give each output a name of its own"],
    ),
    "two that save": (
        [DATA, FLIP, SAVE, layer("supervisely", "$a", "other")],
        ["g:1: layer 4 (supervisely): layer 3 (supervisely) saves already; a graph has one layer that saves"],
    ),
    "empty result": (
        [DATA, FLIP, layer("supervisely", "$b", "")],
        [
            "g:1: layer 3 (supervisely), dst: found '', the name of a result is not empty and has no / \\ | or "
            "control characters"
        ],
    ),
    "result with a slash": (
        [DATA, FLIP, layer("supervisely", "$b", "a/b")],
        [
            "g:1: layer 3 (supervisely), dst: found 'a/b', the name of a result is not empty and has no / \\ | or "
            "control characters"
        ],
    ),
    "path with nothing in it": (
        [layer("data", ["P//b"], "$b", {"classes_mapping": "default"}), SAVE],
        ["g:1: layer 1 (data), src: found 'P//b', a source is Project, Project/* or Project/dataset"],
    ),
    "two projects": (
        [layer("data", ["P/*", "Q/*"], "$b", {"classes_mapping": "default"}), SAVE],
        ["g:1: layer 1 (data), src: found the projects P, Q, one data layer reads one project; add a layer for each"],
    ),
    "no project": (
        [layer("data", [], "$b", {"classes_mapping": "default"}), SAVE],
        ["g:1: layer 1 (data), src: src is empty; name a project: Project/* or Project/dataset"],
    ),
    "empty mapping": (
        [layer("data", ["P"], "$b", {"classes_mapping": {}}), SAVE],
        [
            "g:1: layer 1 (data), settings.classes_mapping: the mapping is empty; list classes, or "
            '{"__other__": "__default__"}, or write "default" to keep all'
        ],
    ),
}


@pytest.mark.parametrize("name", WRONG_GRAPHS)
def test_wrong_graphs(name):
    layers, expected = WRONG_GRAPHS[name]
    assert problems(*layers) == expected


def test_a_graph_that_saves_nothing():
    words = ", ".join(sorted(word for word in CATALOGUE if word.startswith(("supervisely", "save"))))
    assert problems(DATA, FLIP) == [f"g:1: no layer saves anything; end the graph with one of: {words}"]


def test_an_empty_graph_lacks_both_ends():
    assert [text.split(";")[0] for text in problems()] == ["g:1: no layer saves anything", "g:1: no layer reads images"]


def test_a_loop_is_shown_by_the_way_around_it():
    flip = {"axis": "vertical"}
    found = problems(
        DATA,
        middle("flip", flip, ["$a", "$c"]),
        middle("flip", flip, "$b", "$d"),
        middle("flip", flip, "$d", "$c"),
        SAVE,
    )
    assert found == [
        "g:1: layer 2 (flip), src: the graph runs in a circle: layer 2 (flip) ← layer 4 (flip) ← layer 3 (flip) "
        "← layer 2 (flip); "
        "a layer cannot read what is made from its own output"
    ]


def test_a_layer_that_reads_itself():
    (found,) = problems(DATA, middle("flip", {"axis": "vertical"}, ["$a", "$b"]), SAVE)
    assert "the graph runs in a circle: layer 2 (flip) ← layer 2 (flip)" in found


def test_all_problems_of_one_graph_at_once_with_their_lines():
    text = """[
  {"action": "data", "src": ["P/train//x"], "dst": "$a", "settings": {"classes_mapping": {}}},
  {"action": "objects_filter", "src": ["$a"], "dst": "$b", "settings": {
    "filter_by": {"polygon_sizes": {
      "filtering_classes": "car",
      "comparator": "less",
      "area_size": {"percent": 101},
      "action": "delete"}}}},
  {"action": "flp", "src": ["$bb"], "dst": "$c", "settings": {}, "note": "x"},
  {"action": "crop", "src": ["$c"], "dst": "d", "settings": {
    "sides": {"lefft": "5px",
              "right": "banana"}}},
  {"action": "multiply", "src": ["$c"], "dst": "$e", "settings": {"multiply": "3"}},
  {"action": "supervisely", "src": ["$e", "$f"], "dst": "a|b", "settings": {}}
]"""
    with pytest.raises(GraphError) as caught:
        compile_graph(parse_graph(text, "g"))
    found = str(caught.value).splitlines()
    assert [re.match(r"g:(\d+): (layer \d \(\w+\), [\w.]+): ", line).groups() for line in found] == [
        ("2", "layer 1 (data), settings.classes_mapping"),
        ("2", "layer 1 (data), src"),
        ("5", "layer 2 (objects_filter), settings.filter_by.polygon_sizes.filtering_classes"),
        ("7", "layer 2 (objects_filter), settings.filter_by.polygon_sizes.area_size.percent"),
        ("9", "layer 3 (flp), note"),
        ("9", "layer 3 (flp), action"),
        ("9", "layer 3 (flp), src"),
        ("10", "layer 4 (crop), dst"),
        ("11", "layer 4 (crop), settings.sides.lefft"),
        ("12", "layer 4 (crop), settings.sides.right"),
        ("13", "layer 5 (multiply), settings.multiply"),
        ("14", "layer 6 (supervisely), dst"),
        ("14", "layer 6 (supervisely), src"),
    ]


P = {"P": PROJECT}


def with_project(*layers: dict) -> list[str]:
    return problems(*layers, projects=P)


def test_a_project_that_was_not_given():
    found = with_project(layer("data", ["p/*"], "$b", {"classes_mapping": "default"}), SAVE)
    assert found == [
        "g:1: layer 1 (data), src: no project 'p' was given; given: P. Say where it lies: --project p=LOCATION"
    ]


def test_a_dataset_that_the_project_lacks():
    found = with_project(layer("data", ["P/train", "P/vall"], "$b", {"classes_mapping": "default"}), SAVE)
    assert found == [
        "g:1: layer 1 (data), src: the project 'P' has no dataset 'vall' (did you mean 'val'?); it has train, val"
    ]


def test_a_mapping_that_forgets_a_class():
    found = with_project(layer("data", ["P"], "$b", {"classes_mapping": {"car": "obj"}}), SAVE)
    assert found == [
        "g:1: layer 1 (data), settings.classes_mapping: nothing is said about person, road; list them, or say "
        "what becomes of the "
        'rest: "__other__": "__ignore__" (or "__default__", or a new name)'
    ]


def test_a_mapping_that_joins_two_shapes():
    found = with_project(layer("data", ["P"], "$b", {"classes_mapping": {"__other__": "obj"}}), SAVE)
    assert found == [
        "g:1: layer 1 (data): class 'obj' is a bitmap in one place and a polygon in another; rename one of "
        "them, or convert its figures first"
    ]


def test_classes_that_do_not_arrive_are_warned_of():
    arriving = "the classes that do: car, person, road"
    warnings = {
        "objects_filter": (
            {"filter_by": {"polygon_sizes": SIZES | {"filtering_classes": ["kar"]}}},
            "filter_by.polygon_sizes.filtering_classes",
        ),
        "instances_crop": ({"classes": ["kar"], "pad": {"sides": {}}}, "classes"),
        "rename": ({"classes_mapping": {"kar": "x"}}, "classes_mapping"),
        "generate_hints": (
            {"class": "kar", "positive_class": "p", "negative_class": "n", "min_points_number": 1},
            "class",
        ),
    }
    for action, (settings, place) in warnings.items():
        found = with_project(DATA, middle(action, settings), SAVE)
        # Cutting out objects of a class that does not arrive gives nothing at all, which is a finding of its own.
        assert [text for text in found if "no sample can ever go" not in text] == [
            f"g:1: warning: layer 2 ({action}), settings.{place}: no class 'kar' arrives here (did you mean "
            f"'car'?); {arriving}"
        ]


def test_a_mapping_may_list_classes_that_the_project_lacks():
    found = with_project(
        layer("data", ["P"], "$b", {"classes_mapping": {"perso": "obj", "__other__": "__default__"}}), SAVE
    )
    assert found == [
        "g:1: warning: layer 1 (data), settings.classes_mapping: no class 'perso' arrives here (did you mean 'person'?); "
        "the classes that do: car, person, road"
    ]


def test_tags_of_two_forms():
    found = with_project(DATA, middle("tag", {"tag": "night", "action": "add"}), SAVE)
    assert found == [
        "g:1: layer 2 (tag): tag 'night' takes values of type any_string in one place and none in another; use "
        "one form of the tag "
        "everywhere, or another name"
    ]
    assert with_project(DATA, middle("tag", {"tag": "night", "action": "delete"}), SAVE) == []
    (warning,) = with_project(DATA, middle("tag", {"tag": "nigth", "action": "delete"}), SAVE)
    assert warning == (
        "g:1: warning: layer 2 (tag), settings.tag: no tag 'nigth' arrives here, so there is nothing to delete "
        "(did you mean 'night'?)"
    )


def test_a_generated_class_of_another_shape():
    settings = {"class": "car", "positive_class": "road", "negative_class": "n", "min_points_number": 1}
    (found,) = with_project(DATA, middle("generate_hints", settings), SAVE)
    assert "class 'road' is a polygon in one place and a point in another" in found


def test_what_follows_instances_crop_knows_only_its_classes():
    (found,) = with_project(
        DATA,
        middle("instances_crop", {"classes": ["car"], "pad": {"sides": {}}}, dst="$c"),
        middle("rename", {"classes_mapping": {"person": "x"}}, "$c"),
        SAVE,
    )
    assert "no class 'person' arrives here; the classes that do: car" in found


def test_null_outputs_and_bare_strings_are_fine():
    condition = {"condition": {"min_width": 5}}
    assert problems(DATA, middle("if", condition, "$a", ["$b", "null"]), SAVE) == []
    assert (
        problems(DATA, middle("if", condition, "$a", ["null", "null"]), middle("flip", {"axis": "vertical"}), SAVE)
        == []
    )


class Vistas(Held):
    """A project that has the classes a mapping lists, all of them bitmaps."""

    @classmethod
    def for_graph(cls, file: str) -> dict[str, Held]:
        source = json.loads((GRAPHS / file).read_text())[0]
        listed = [title for title in source["settings"]["classes_mapping"] if title != "__other__"] + ["Sky"]
        if "__other__" not in source["settings"]["classes_mapping"]:
            listed.remove("Sky")
        name = source["src"][0].split("/")[0]
        return {
            name: cls(name, "memory://x", Meta(tuple(ClassSpec(title, "bitmap") for title in listed)), ("training",))
        }


def test_the_pascal_graph_has_no_problem():
    checked = check(read_graph(str(GRAPHS / "pascal_voc.json")), Vistas.for_graph("pascal_voc.json"))
    assert checked.problems == ()
    assert [(spec.title, spec.shape) for spec in checked.plan.sink.meta.classes] == [
        ("obj", "bitmap"),
        ("pos", "point"),
        ("neg", "point"),
    ]
    assert [spec.name for spec in checked.plan.sink.meta.tags] == ["val", "train"]
    assert len(checked.plan.layers) == 16


def test_the_mapillary_graph_has_the_one_doubtful_class():
    checked = check(read_graph(str(GRAPHS / "mapillary.json")), Vistas.for_graph("mapillary.json"))
    (warning,) = checked.problems
    assert warning.severity == "warning"
    assert (warning.layer, warning.setting) == (
        "layer 2 (objects_filter)",
        "settings.filter_by.polygon_sizes.filtering_classes",
    )
    assert warning.message == (
        "no class 'obj_Car' arrives here (did you mean 'obj_Freq'?); the classes that do: obj, obj_Freq, unused"
    )
    assert [spec.title for spec in checked.plan.sink.meta.classes] == ["obj", "pos", "neg"]
    assert len(checked.plan.layers) == 19
