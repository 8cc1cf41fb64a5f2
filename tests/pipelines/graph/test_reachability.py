"""What no sample can ever reach is said before the launch, with its reason; what some sample could reach is never accused."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines import geometry
from pipelines.actions import CATALOGUE, Action, Router, Sink, Source
from pipelines.actions.outcomes import Arriving, Extent, Never
from pipelines.execute import in_memory
from pipelines.execute.reading import list_images
from pipelines.graph.check import check
from pipelines.graph.spec import parse_graph, read_graph
from pipelines.image import Rect
from pipelines.meta import ClassSpec, Meta, TagSpec
from pipelines.sample import Sample
from pipelines.tag import Tag
from tests.support import Held, chain, compiled, layer, meta_of, tiny_sample

GRAPHS = Path(__file__).resolve().parents[3] / "configs" / "graphs"
CONFIGS = sorted(GRAPHS.glob("*.json"))

PROJECT = Held(
    "P",
    "memory://P",
    Meta(
        (ClassSpec("car", "bitmap"), ClassSpec("person", "bitmap"), ClassSpec("road", "polygon")),
        (TagSpec("night"),),
    ),
    ("train",),
)
RESIZED = ("resize", {"width": 256, "height": 128, "aspect_ratio": {"keep": False}})


def warned(graph: list[dict[str, Any]], known: bool = True) -> list[str]:
    """The findings about branches that stay empty, without those about names."""
    checked = check(parse_graph(json.dumps(graph, indent=1), "g"), {"P": PROJECT} if known else None)
    assert not checked.errors
    return [str(problem) for problem in checked.warnings if "no sample can ever go" in problem.message]


def routed(*before: tuple[str, Any], settings: Any, action: str = "if", known: bool = True) -> list[str]:
    """Findings about a layer with two outputs, $yes and $no, both of which are read and saved."""
    layers = chain(*before)[:-1]
    last = layers[-1]["dst"]
    layers.append(layer(action, [last], ["$yes", "$no"], settings))
    layers.append(layer("tag", ["$yes"], "$y", {"tag": "y", "action": "add"}))
    layers.append(layer("tag", ["$no"], "$n", {"tag": "n", "action": "add"}))
    layers.append(layer("supervisely", ["$y", "$n"], "out"))
    return [text.split(": ", 2)[2] for text in warned(layers, known)]


def condition(*before: tuple[str, Any], known: bool = True, **form: Any) -> list[str]:
    return routed(*before, settings={"condition": form}, known=known)


# ---------------------------------------------------------------- what is said


def test_the_whole_message_of_a_probability_of_0():
    assert warned(
        [
            *chain()[:1],
            layer("if", ["$0"], ["$yes", "$no"], {"condition": {"probability": 0}}),
            layer("tag", ["$yes"], "$y", {"tag": "y", "action": "add"}),
            layer("flip", ["$y"], "$f", {"axis": "vertical"}),
            layer("supervisely", ["$f", "$no"], "out"),
        ]
    ) == [
        "g:23: warning: layer 2 (if), settings.condition.probability: no sample can ever go to $yes: the probability is 0, "
        "so the condition never holds; layer 3 (tag) and layer 4 (flip) never get one; "
        "change the setting, or take out the branch"
    ]


IN = "$yes: {}; layer 3 (tag) never gets one; change the setting, or take out the branch"
OUT = "$no: {}; layer 4 (tag) never gets one; change the setting, or take out the branch"


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({"probability": 1}, OUT.format("the probability is 1, so the condition always holds")),
        ({"min_objects_count": 0}, OUT.format("every image has 0 or more objects, so the condition always holds")),
        ({"min_width": 1}, OUT.format("images here are at least 1 pixel wide, so min_width 1 always holds")),
        ({"min_height": -5}, OUT.format("images here are at least 1 pixel high, so min_height -5 always holds")),
        ({"min_area": 1}, OUT.format("images here have at least 1 pixel, so min_area 1 always holds")),
        ({"include_classes": ["cat", "dog"]}, IN.format("no object of class 'cat' or 'dog' arrives")),
        ({"include_classes": []}, IN.format("the list of classes is empty")),
        ({"tags": ["nigth"]}, IN.format("no tag 'nigth' arrives")),
        ({"tags": []}, IN.format("the list of tags is empty")),
        ({"regex_names": []}, IN.format("the list of patterns is empty")),
        ({"project_datasets": []}, IN.format("the list of datasets is empty")),
        (
            {"sum_object_area": 5, "classes": ["cat"]},
            IN.format("no object of class 'cat' arrives, so the sum of areas is 0"),
        ),
        (
            {"sum_object_area": 0, "classes": ["car"]},
            OUT.format("every sum of areas is at least 0, so the condition always holds"),
        ),
    ],
    ids=str,
)
def test_conditions_that_one_side_never_takes(form, expected):
    (found,) = condition(**form)
    assert found == f"layer 2 (if), settings.condition.{next(iter(form))}: no sample can ever go to {expected}"


@pytest.mark.parametrize(
    "form",
    [
        {"probability": 0.5},
        {"min_objects_count": 1},
        {"min_width": 2},
        {"min_area": 2},
        {"include_classes": ["cat", "car"]},
        {"tags": ["day", "night"]},
        {"regex_names": ["x"]},
        {"project_datasets": ["P/train"]},
        {"sum_object_area": 5, "classes": ["car"]},
        {"name_in_range": ["a", "b"], "frame_step": 2},
    ],
    ids=str,
)
def test_conditions_that_can_go_both_ways_are_left_alone(form):
    assert condition(**form) == []


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({"min_width": 257}, "$yes: images here are exactly 256 pixels wide, and min_width is 257"),
        ({"min_width": 256}, "$no: images here are exactly 256 pixels wide, so min_width 256 always holds"),
        ({"min_height": 129}, "$yes: images here are exactly 128 pixels high, and min_height is 129"),
        ({"min_height": 128}, "$no: images here are exactly 128 pixels high, so min_height 128 always holds"),
        ({"min_area": 32769}, "$yes: images here have exactly 32768 pixels, and min_area is 32769"),
        ({"min_area": 32768}, "$no: images here have exactly 32768 pixels, so min_area 32768 always holds"),
    ],
    ids=str,
)
def test_sizes_that_a_resize_has_fixed(form, expected):
    (found,) = condition(RESIZED, ("flip", {"axis": "vertical"}), **form)
    assert f"no sample can ever go to {expected};" in found


def test_a_size_is_forgotten_where_it_changes():
    part = {"random_part": {side: {"min_percent": 10, "max_percent": 90} for side in ("width", "height")}}
    turned = {"rotate_angles": {"min_degrees": -9, "max_degrees": 9}, "black_regions": {"mode": "keep"}}
    for change in (("crop", part), ("rotate", turned)):
        assert condition(RESIZED, change, min_width=200) == []
    # ... but a crop makes nothing larger
    assert "at most 230 pixels wide" in condition(RESIZED, ("crop", part), min_width=231)[0]


def test_sizes_add_up_over_several_layers():
    sides = {"sides": {"left": "6px", "right": "25%"}}
    assert "exactly 186 pixels wide" in condition(RESIZED, ("crop", sides), min_width=200)[0]
    half = {"width": 128, "height": -1, "aspect_ratio": {"keep": True}}
    assert "exactly 64 pixels high" in condition(RESIZED, ("resize", half), min_height=65)[0]
    assert condition(("resize", half), min_height=65) == []
    assert "exactly 128 pixels wide" in condition(("resize", half), min_width=129)[0]


def test_a_second_condition_that_repeats_the_first():
    first = layer("if", ["$0"], ["$yes", "$no"], {"condition": {"min_width": 50}})
    second = layer("if", ["$no"], ["$wide", "$small"], {"condition": {"min_width": 60}})
    save = layer("supervisely", ["$yes", "$wide", "$small"], "out")
    (found,) = warned([*chain()[:1], first, second, save])
    assert (
        "go to $wide: images here are at most 49 pixels wide, and min_width is 60; layer 4 (supervisely) reads it"
        in found
    )


@pytest.mark.parametrize(
    ("action", "settings", "expected"),
    [
        ("filter_image_by_tag", {"tags": ["night", "rain"], "condition": "with"}, "$yes: no tag 'rain' arrives;"),
        ("filter_image_by_tag", {"tags": ["rain"], "condition": "without"}, "$no: no tag 'rain' arrives;"),
        ("filter_image_by_tag", {"tags": ["night", "rain"], "condition": "without"}, None),
        ("filter_image_without_objects", {"exclude_classes": ["cat"]}, "$no: no object of class 'cat' arrives;"),
        ("filter_image_without_objects", {"exclude_classes": ["cat", "car"]}, None),
        ("filter_images_by_object", {"include": ["cat", "car"]}, "$yes: no object of class 'cat' arrives;"),
        ("filter_images_by_object", {"exclude": ["cat"]}, "$no: no object of class 'cat' arrives;"),
        ("filter_images_by_object", {"include": ["car"], "exclude": ["cat"]}, None),
    ],
    ids=str,
)
def test_filters_of_images(action, settings, expected):
    found = routed(settings=settings, action=action)
    assert len(found) == (expected is not None)
    assert all(f"no sample can ever go to {expected}" in text for text in found)


@pytest.mark.parametrize(
    "before",
    [
        [("drop_obj_by_class", {"classes": ["car", "person", "road"]})],
        [("objects_filter", {"filter_by": {"names": ["road"]}})],
        [("objects_filter", {"filter_by": {"names": []}})],
        [("rename", {"classes_mapping": {"car": "vehicle"}})],
    ],
    ids=str,
)
def test_nothing_is_cut_out_of_images_without_the_class(before):
    crop = ("instances_crop", {"classes": ["car"], "pad": {"sides": {}}})
    number = len(before) + 2
    (found,) = warned(chain(*before, crop, ("flip", {"axis": "vertical"})))
    assert found.endswith(
        f"layer {number} (instances_crop), settings.classes: no sample can ever go to ${number - 1}: no object of class 'car' "
        f"arrives, and only objects are cut out; nothing can be saved: layer {number + 1} (flip) and layer {number + 2} "
        "(supervisely) never get one; change the setting"
    )


def test_a_class_that_comes_back_arrives():
    only_road = ("objects_filter", {"filter_by": {"names": ["road"]}})
    renamed = ("rename", {"classes_mapping": {"car": "__ignore__", "road": "car"}})
    crop = ("instances_crop", {"classes": ["car"], "pad": {"sides": {}}})
    assert warned(chain(only_road, renamed, crop)) == []


def test_an_image_without_objects_has_nothing_to_cut_out():
    count = layer("if", ["$0"], ["$some", "$none"], {"condition": {"min_objects_count": 1}})
    crop = layer("instances_crop", ["$none"], "$cut", {"classes": ["car"], "pad": {"sides": {}}})
    (found,) = warned([*chain()[:1], count, crop, layer("supervisely", ["$some", "$cut"], "out")])
    assert "layer 4 (supervisely) reads it in vain" in found


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (
            ("sliding_window", {"window": {"width": 300, "height": 9}, "min_overlap": {"x": 0, "y": 0}}),
            "images here are exactly 256 pixels wide, too small for a window of 300x9 (width x height), so every one fails;",
        ),
        (
            ("crop", {"sides": {"top": "60%", "bottom": "60%"}}),
            "images here are exactly 128 pixels high, and the crop leaves nothing of an image;",
        ),
        (
            ("crop", {"random_part": {side: {"min_percent": 0, "max_percent": 0} for side in ("width", "height")}}),
            "images here are exactly 128 pixels high, and the crop leaves nothing of an image;",
        ),
    ],
)
def test_images_of_which_nothing_is_left(step, expected):
    (found,) = warned(chain(RESIZED, step))
    assert (
        f"no sample can ever go to $2: {expected} nothing can be saved: layer 4 (supervisely) never gets one" in found
    )


# ---------------------------------------------------------------- what is not said


def test_outputs_that_nobody_reads_are_thrown_away_on_purpose():
    for second in ("$no", "null"):
        cut = layer("if", ["$0"], ["$yes", second], {"condition": {"probability": 1}})
        assert warned([*chain()[:1], cut, layer("supervisely", ["$yes"], "out")]) == []


def test_a_layer_that_starves_of_two_reasons_is_named_under_both():
    def never(src: str, number: int) -> dict[str, Any]:
        return layer("if", [src], [f"$yes{number}", f"$no{number}"], {"condition": {"probability": 0}})

    tagged = layer("tag", ["$yes1", "$yes2"], "$t", {"tag": "t", "action": "add"})
    save = layer("supervisely", ["$t", "$no1", "$no2"], "out")
    found = warned([*chain()[:1], never("$0", 1), never("$0", 2), tagged, save])
    assert len(found) == 2
    assert all("; layer 4 (tag) never gets one;" in text for text in found)


def test_a_merge_with_a_full_branch_does_not_starve():
    cut = layer("if", ["$0"], ["$yes", "$no"], {"condition": {"probability": 0}})
    save = layer("supervisely", ["$yes", "$no"], "out")
    (found,) = warned([*chain()[:1], cut, save])
    assert "layer 3 (supervisely) reads it in vain" in found


def test_without_the_projects_nothing_is_said_of_classes_and_tags():
    assert condition(include_classes=["cat"], known=False) == []
    assert condition(tags=["rain"], known=False) == []
    assert len(condition(RESIZED, min_width=300, known=False)) == 1


@pytest.mark.parametrize("file", CONFIGS, ids=lambda path: path.stem)
def test_the_graphs_of_this_repository_have_no_dead_branch(file):
    spec = read_graph(str(file))
    titles = {
        "pascal_voc": ("aeroplane", "car", "person", "neutral"),
        "any_objects": ("neutral", "cup", "plate"),
        "click_samples": ("shirt", "wheel", "person"),
        "photographs": ("neutral", "cup", "plate"),
        "own_photographs": ("neutral", "cup", "plate"),
        "mapillary": tuple(next(iter(json.loads(spec.text)))["settings"]["classes_mapping"])[:-1],
    }[file.stem]
    names = [layer.src[0].split("/")[0] for layer in spec.layers if layer.action == "data"]
    meta = Meta(tuple(ClassSpec(title, "bitmap") for title in titles))
    datasets = ("ds", "train", "val", "trainval", "training")
    held = {name: Held(name, f"memory://{name}", meta, datasets) for name in names}
    for projects in (None, held):
        found = [problem.message for problem in check(spec, projects).warnings]
        assert not [text for text in found if "no sample can ever go" in text]
        if file.stem == "mapillary" and projects:
            (only,) = found
            assert only.startswith("no class 'obj_Car' arrives here")


# ---------------------------------------------------------------- what is claimed holds

EXAMPLES = [
    pytest.param(word, example, id=f"{word}-{number}")
    for word, action in sorted(CATALOGUE.items())
    if not issubclass(action, Source | Sink)
    for number, example in enumerate(action.examples)
]


@pytest.mark.parametrize(("word", "example"), EXAMPLES)
def test_every_result_is_within_what_is_claimed(word, example):
    """Sizes, classes and tags of real results, of every action: one that changes sizes unnoticed would be found here."""
    titles = {title for title in json.dumps(example).split('"')[1::2] if title.isidentifier()} | {"other"}
    action = CATALOGUE[word].from_settings(example)
    checked = 0
    for size in ((40, 60), (60, 40)):
        for sample in (
            tiny_sample(size=size, tags=(Tag("night"),)),
            *(sample_of(kind, sorted(titles), size) for kind in ("bitmap", "polygon", "line")),
        ):
            claimed = action.outcomes(Arriving(Extent(size[0], size[0]), Extent(size[1], size[1]), meta_of([sample])))
            dst = ("$b", "$c") if isinstance(action, Router) else ("$b",)
            assert len(claimed) == len(dst), "a claim for each output"
            graph = [*chain()[:1], layer(word, ["$0"], list(dst), example), layer("supervisely", list(dst), "out")]
            results: list[tuple[str, Any]] = []
            projects = Held.of([sample])
            checked_graph = check(parse_graph(json.dumps(graph)), projects)
            if checked_graph.plan is None:
                continue  # a shape that the action is not made for
            plan = compiled(graph, projects)
            in_memory.run(
                plan,
                list_images(plan, projects),
                projects,
                0,
                lambda _, name, made, to=results: to.append((name, made)),
            )
            for name, made in results:
                if name not in dst:
                    continue
                claim = claimed[dst.index(name)]
                assert not isinstance(claim, Never), claim
                assert claim.height.low <= made.image.size[0] <= claim.height.high
                assert claim.width.low <= made.image.size[1] <= claim.width.high
                assert {figure.title for figure in made.figures} <= set(claim.meta.titles)
                checked += 1
    assert checked or isinstance(action, Router)


def sample_of(kind: str, titles: list[str], size: tuple[int, int]) -> Any:
    tiny = tiny_sample(size=size)
    shape = next(figure.shape for figure in tiny.figures if figure.shape.kind == kind)
    return replace(tiny, figures=tuple(tiny.figures[0].with_title(title).with_shape(shape) for title in titles))


def test_extents():
    assert Extent().joined(Extent(5, 5)) == Extent()
    assert Extent(2, 3).joined(Extent(5, 5)) == Extent(2, 5)
    assert (Extent(5, 5).words, Extent(2, 9).words, Extent(2, math.inf).words) == (
        "exactly 5 pixels",
        "at most 9 pixels",
        "at least 2 pixels",
    )


# ---------------------------------------------------------------- an action that this package does not know


@dataclass(frozen=True)
class Halve(Action):
    """Keeps the left half of an image, and says nothing of it."""

    def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
        height, width = sample.image.size
        return (geometry.crop(sample, Rect(0, 0, width // 2, height)),)


@dataclass(frozen=True)
class HalveAndSay(Halve):
    """... and says so."""

    def outcomes(self, arriving):
        if arriving.width.high < 2:
            return (Never("of images that are 1 pixel wide no half is left", ()),)
        half = Extent(max(1, arriving.width.low // 2), arriving.width.high // 2)
        return super().outcomes(replace(arriving, width=half))


@dataclass(frozen=True)
class Shrug(Router):
    """Two outputs, of which it says nothing."""

    def route(self, sample: Sample, rng: np.random.Generator | None) -> int:
        return 0


@pytest.fixture
def known(monkeypatch):
    """Makes a class an action of some word for the length of a test."""

    def register(word: str, cls: type[Action]) -> None:
        monkeypatch.setattr(cls, "word", word, raising=False)
        monkeypatch.setitem(CATALOGUE, word, cls)

    return register


def test_an_action_says_itself_what_sizes_come_out_of_it(known):
    known("halve", HalveAndSay)
    halved = RESIZED, ("halve", {})
    assert "$no: images here are exactly 128 pixels wide, so min_width 100" in condition(*halved, min_width=100)[0]
    assert "$yes: images here are exactly 128 pixels wide, and min_width is 129" in condition(*halved, min_width=129)[0]
    assert condition(("halve", {}), min_width=129) == []
    column = ("resize", {"width": 1, "height": 9, "aspect_ratio": {"keep": False}})
    (found,) = warned(chain(column, ("halve", {})))
    assert "no sample can ever go to $2: of images that are 1 pixel wide no half is left; nothing can be saved" in found
    test_every_result_is_within_what_is_claimed("halve", {})


def test_an_action_that_changes_sizes_and_does_not_say_so_is_seen(known):
    known("halve", Halve)
    assert condition(RESIZED, ("halve", {}), min_width=256), "the check is misled"
    with pytest.raises(AssertionError):
        test_every_result_is_within_what_is_claimed("halve", {})


def test_of_a_layer_with_two_outputs_that_says_nothing_both_can_be_reached(known):
    known("shrug", Shrug)
    assert routed(settings={}, action="shrug") == []
    test_every_result_is_within_what_is_claimed("shrug", {})


def test_actions_that_say_nothing_keep_sizes_classes_and_tags():
    arriving = Arriving(Extent(4, 9), Extent(5, 5), Meta((ClassSpec("car", "bitmap"),), (TagSpec("night"),)))
    assert Halve().outcomes(arriving) == (arriving,)
    assert Shrug().outcomes(arriving) == (arriving, arriving)
    assert Halve().outcomes(Arriving()) == (Arriving(),)
