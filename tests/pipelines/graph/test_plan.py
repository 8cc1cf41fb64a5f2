"""A plan: writers before readers, outputs nobody reads, and how many samples an image can become."""

import json
import math
from pathlib import Path

import pytest

from pipelines.origin import Origin, Selection
from tests.support import chain, compiled, layer

GRAPHS = Path(__file__).resolve().parents[3] / "configs" / "graphs"
FLIP = {"axis": "vertical"}
WIDE = {"condition": {"min_width": 5}}
CUT = {"classes": ["car"], "pad": {"sides": {}}}
DATA = layer("data", ["P/*"], "$a", {"classes_mapping": "default"})


def test_layers_come_after_what_they_read_whatever_the_file_says():
    graph = chain(("flip", FLIP), ("multiply", {"multiply": 2}))
    plan = compiled(graph[::-1])
    assert [one.action.word for one in plan.layers] == ["data", "flip", "multiply", "supervisely"]
    assert [one.number for one in plan.layers] == [4, 3, 2, 1]


def test_the_id_is_the_action_and_its_outputs_not_its_place():
    graph = [DATA, layer("if", "$a", ["$w", "$n"], WIDE), layer("supervisely", ["$w", "$n"], "out")]
    ids = {one.id for one in compiled(graph).layers}
    assert ids == {"data $a", "if $w $n", "supervisely out"}
    assert {one.id for one in compiled(graph[::-1]).layers} == ids


def test_readers_are_visited_in_the_order_of_the_file():
    graph = [
        DATA,
        layer("supervisely", ["$a", "$b", "$c"], "out"),
        layer("flip", "$a", "$b", FLIP),
        layer("multiply", "$a", "$c", {"multiply": 1}),
    ]
    assert [one.number for one in compiled(graph).consumers["$a"]] == [2, 3, 4]


def test_dead_ends():
    graph = [
        DATA,
        layer("if", "$a", ["$b", "$unused"], WIDE),
        layer("flip", "$a", "$lost", FLIP),
        layer("supervisely", "$b", "out"),
    ]
    plan = compiled(graph)
    assert [(one.action.word, name) for one, name in plan.dead_ends] == [("if", "$unused"), ("flip", "$lost")]


def test_dead_ends_of_the_tutorial_graphs():
    expected = {
        "pascal_voc.json": {"$107-unused", "$108-unused", "$111-unused"},
        "mapillary.json": {"$102-obj_Freq-unused", "$107-unused", "$108-unused", "$111-unused"},
    }
    for file, names in expected.items():
        assert {name for _, name in compiled((GRAPHS / file).read_text()).dead_ends} == names


SAVE = "supervisely"
COUNTED = {
    "a row": (chain(("flip", FLIP), ("crop", {"sides": {}})), 1),
    "copies": (chain(("multiply", {"multiply": 3})), 3),
    "copies of copies": (chain(("multiply", {"multiply": 3}), ("multiply", {"multiply": 2})), 6),
    "one an object": (chain(("instances_crop", CUT), ("multiply", {"multiply": 2})), math.inf),
    "a merge": ([DATA, layer("flip", "$a", "$b", FLIP), layer(SAVE, ["$a", "$b"], "out")], 2),
    "both outputs of an if": ([DATA, layer("if", "$a", ["$b", "$c"], WIDE), layer(SAVE, ["$b", "$c"], "out")], 1),
    "the better output of an if": (
        [
            DATA,
            layer("if", "$a", ["$b", "$c"], WIDE),
            layer("multiply", "$c", "$d", {"multiply": 4}),
            layer(SAVE, ["$b", "$d"], "out"),
        ],
        4,
    ),
    "one output thrown away": ([DATA, layer("if", "$a", ["$b", "null"], WIDE), layer(SAVE, "$b", "out")], 1),
    "copies that nobody reads": ([DATA, layer("multiply", "$a", "$b", {"multiply": 9}), layer(SAVE, "$a", "out")], 1),
    "objects that nobody reads": ([DATA, layer("instances_crop", "$a", "$b", CUT), layer(SAVE, "$a", "out")], 1),
    "two sources": (
        [DATA, layer("data", ["P/*"], "$z", {"classes_mapping": "default"}), layer(SAVE, ["$a", "$z"], "out")],
        2,
    ),
}


@pytest.mark.parametrize("name", COUNTED)
def test_samples_per_image(name):
    graph, expected = COUNTED[name]
    assert compiled(graph).samples_per_image == expected


def test_one_connection_named_twice_is_read_once():
    assert compiled([DATA, layer(SAVE, ["$a", "$a"], "out")]).samples_per_image == 1


def test_selections():
    graph = [layer("data", ["P/train", "P/val/"], "$a", {"classes_mapping": "default"}), layer(SAVE, "$a", "out")]
    (source,) = compiled(graph).sources
    assert source.selection == Selection("P", frozenset({"train", "val"}))
    assert source.selection.takes(Origin("P", "val", "a.jpg"))
    assert not source.selection.takes(Origin("P", "test", "a.jpg"))
    assert not source.selection.takes(Origin("Q", "val", "a.jpg"))
    graph[0]["src"] = ["/P/train/", "P/*"]
    assert compiled(graph).sources[0].selection == Selection("P", None)


def test_a_plan_keeps_the_text_it_was_made_from():
    text = json.dumps(chain(), indent=3)
    assert compiled(text).text == text


def test_binding_leaves_the_plan_alone():
    condition = {"condition": {"name_in_range": ["a", "b"], "frame_step": 2}}
    plan = compiled([DATA, layer("if", "$a", ["$b", "null"], condition), layer(SAVE, "$b", "out")])
    bound = plan.bind([Origin("P", "ds", "aa.jpg")])
    assert [one.action.ranks for one in bound.layers if one.action.word == "if"] == [{"P/ds/aa.jpg": 0}]
    assert [one.action.ranks for one in plan.layers if one.action.word == "if"] == [{}]
