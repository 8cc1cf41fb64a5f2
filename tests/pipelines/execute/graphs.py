"""Random graphs over the actions of the tutorial's graphs, as a strategy."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from tests.support import layer

CLASSES = ("bitmap", "polygon", "rectangle", "line", "point")

lengths = st.one_of(st.integers(0, 12).map(lambda n: f"{n}px"), st.integers(0, 40).map(lambda n: f"{n}%"))
sides = st.dictionaries(st.sampled_from(["left", "right", "top", "bottom"]), lengths, max_size=4)
some_classes = st.lists(st.sampled_from(CLASSES), min_size=1, max_size=3, unique=True)


@st.composite
def random_parts(draw: DrawFn) -> dict[str, Any]:
    low = draw(st.integers(0, 90))
    share = {"min_percent": low, "max_percent": draw(st.integers(low, 100))}
    return {"height": share, "width": share, "keep_aspect_ratio": draw(st.booleans())}


@st.composite
def resizes(draw: DrawFn) -> dict[str, Any]:
    keep = draw(st.booleans())
    width, height = draw(st.integers(1, 70)), draw(st.integers(1, 70))
    free = draw(st.sampled_from(["width", "height", "none"])) if keep else "none"
    sizes = {"width": width, "height": height} | ({free: -1} if free != "none" else {})
    return sizes | {"aspect_ratio": {"keep": keep}}


@st.composite
def filters(draw: DrawFn) -> dict[str, Any]:
    if draw(st.booleans()):
        return {"filter_by": {"names": draw(some_classes)}}
    limit = draw(st.sampled_from([{"percent": 2}, {"percent": 0.5}, {"width": 10, "height": 9}]))
    comparator = draw(st.sampled_from(["less", "greater"]))
    sizes = {"filtering_classes": draw(some_classes), "comparator": comparator, "area_size": limit, "action": "delete"}
    return {"filter_by": {"polygon_sizes": sizes}}


@st.composite
def hints(draw: DrawFn) -> dict[str, Any]:
    title, least = draw(st.sampled_from(CLASSES)), draw(st.integers(0, 3))
    return {"class": title, "positive_class": "pos", "negative_class": "neg", "min_points_number": least}


SETTINGS: dict[str, st.SearchStrategy[Any]] = {
    "objects_filter": filters(),
    "instances_crop": st.builds(
        lambda classes, around: {"classes": classes, "pad": {"sides": around}, "save_classes": []}, some_classes, sides
    ),
    "tag": st.sampled_from(
        [
            {"tag": "day", "action": "add"},
            {"tag": "night", "action": "delete"},
            {"tag": {"name": "weather", "value": "rain"}, "action": "add"},
        ]
    ),
    "flip": st.sampled_from([{"axis": "vertical"}, {"axis": "horizontal"}]),
    "multiply": st.integers(1, 3).map(lambda n: {"multiply": n}),
    "crop": st.one_of(sides.map(lambda s: {"sides": s}), random_parts().map(lambda part: {"random_part": part})),
    "resize": resizes(),
    "generate_hints": hints(),
    "rename": st.sampled_from(
        [{"classes_mapping": {"bitmap": "mask"}}, {"classes_mapping": {"line": "__ignore__", "point": "__default__"}}]
    ),
    "if": st.sampled_from(
        [
            {"condition": {"probability": 0.5}},
            {"condition": {"min_objects_count": 2}},
            {"condition": {"min_width": 30}},
            {"condition": {"tags": ["night"]}},
            {"condition": {"include_classes": ["bitmap", "mask"]}},
            {"condition": {"name_in_range": ["image0", "image9"], "frame_step": 2}},
        ]
    ),
}


@st.composite
def graphs(draw: DrawFn) -> list[dict[str, Any]]:
    """A graph with branches, merges and dead ends; every layer reads what stands before it, the last saves some of all."""
    layers = [layer("data", ["P/*"], "$0", {"classes_mapping": "default"})]
    names, copies = ["$0"], 1
    for number in range(1, draw(st.integers(1, 7)) + 1):
        action = draw(st.sampled_from(sorted(SETTINGS)))
        settings = draw(SETTINGS[action])
        copies *= settings.get("multiply", 1)
        if copies > 12:
            action, settings = "flip", {"axis": "vertical"}
        source = draw(st.lists(st.sampled_from(names[-3:]), min_size=1, max_size=2, unique=True))
        targets = [f"${number}-yes", f"${number}-no"] if action == "if" else [f"${number}"]
        layers.append(layer(action, source, targets, settings))
        names.extend(targets)
    last = draw(st.lists(st.sampled_from(names[-4:]), min_size=1, max_size=3, unique=True))
    return [*layers, layer("supervisely", last, "out")]
