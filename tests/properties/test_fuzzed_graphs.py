"""Broken graphs are refused in words, never with a traceback; and what the check lets pass runs without surprise."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import math
import re
import signal
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from pipelines.__main__ import main
from pipelines.actions import CATALOGUE, Router, Sink, Source
from pipelines.execute import in_memory
from pipelines.execute.reading import list_images
from pipelines.graph.check import check
from pipelines.graph.problems import GraphError
from pipelines.graph.spec import parse_graph
from pipelines.sources import Project, bind
from tests.properties.effort import examples
from tests.properties.strategies import (
    own_coordinates,
    project_samples,
    spoken_of,
    substituted,
    works,
    write_coordinates,
)
from tests.properties.test_random_graphs import SURPRISE
from tests.support import chain, layer, meta_of, pixels_of, png, write_supervisely

GRAPHS = Path(__file__).resolve().parents[2] / "configs" / "graphs"

UNCLEAN = re.compile(
    r"Traceback|pydantic|object at 0x|<class '|\b(Type|Key|Index|Attribute|Recursion|Memory|Unicode\w*)Error\b"
)
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")

LARGEST_SIDE = 2000
"""Images that a graph makes larger than this are not rendered here."""

# ---------------------------------------------------------------- graphs to break


def tutorial(name: str) -> list[dict[str, Any]]:
    """A graph of the tutorial on the project B."""
    graph = json.loads((GRAPHS / f"{name}.json").read_text())
    for entry in graph:
        if entry["action"] == "data":
            entry["src"] = ["B/*"]
    return graph


def with_example(word: str, example: Any) -> list[dict[str, Any]]:
    """A graph with one example of an action, the names in it replaced by classes of P that suit."""
    meta = meta_of(project_samples())
    names = spoken_of(example)
    titles = [spec.title for spec in meta.classes]
    for turn in range(len(titles)):
        turned = titles[turn:] + titles[:turn]
        settings = substituted(example, dict(zip(names, turned, strict=False)))
        if issubclass(CATALOGUE[word], Source | Sink | Router) or works(word, settings, meta):
            break
    if issubclass(CATALOGUE[word], Source):
        return chain(mapping=settings["classes_mapping"])
    if issubclass(CATALOGUE[word], Sink):
        return [*chain()[:1], layer(word, ["$0"], "out", settings)]
    if issubclass(CATALOGUE[word], Router):
        return [
            *chain()[:1],
            layer(word, ["$0"], ["$1", "$2"], settings),
            layer("flip", ["$2"], "$3", {"axis": "vertical"}),
            layer("supervisely", ["$1", "$3"], "out"),
        ]
    return chain((word, settings))


BASES = [
    *(tutorial(name) for name in ("pascal_voc", "mapillary")),
    *(with_example(word, example) for word in sorted(CATALOGUE) for example in CATALOGUE[word].examples),
]


@pytest.fixture(scope="session")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """P with all shapes, B with masks only, and a folder for graphs."""
    two = [
        figure.with_title(title) for figure, title in zip(project_samples()[0].figures, ("Person", "Car"), strict=False)
    ]
    masks = [replace(sample, figures=tuple(two)) for sample in project_samples()]
    return {
        "P": write_coordinates(tmp_path_factory.mktemp("P")),
        "B": write_supervisely(
            tmp_path_factory.mktemp("B"), masks, {sample.origin.file: png(own_coordinates()) for sample in masks}
        ),
        "graphs": tmp_path_factory.mktemp("graphs"),
    }


@pytest.fixture(scope="session")
def both(places: dict[str, Path]) -> dict[str, Project]:
    return bind([f"P={places['P']}", f"B={places['B']}"])


# ---------------------------------------------------------------- how they are broken


def nested(depth: int) -> Any:
    value: Any = "deep"
    for _ in range(depth):
        value = [value]
    return value


ODD = [
    *(None, True, False, 0, 1, -1, 2.5, -0.0, 1e-300, 1e308, -1e308, 10**30, 2**63, -(2**31), 100, 1000),
    *(math.nan, math.inf, -math.inf),
    *("", " ", "5", "$0", "$1", "null", "__default__", "__ignore__", "__other__", "P/*", "../x", "a/b", "out"),
    *(
        "0px",
        "10px",
        "-3px",
        "100%",
        "101%",
        "99999999999999999999px",
        "1e5%",
        "NaN",
        "bitmap",
        "polygon",
        "line",
        "ünï",
    ),
    *("\ud800", "\x1b[31m", "\u202e", "💥" * 30, "x" * 5000, "(", "#ff0000", "[[", "％"),
    *([], {}, [[]], [None], {"": None}, ["bitmap"], ["$0"], [1, 2, 3], [0, 0, 0], {"min": 1, "max": 0}, nested(60)),
]
ODD_KEYS = [
    "\ud800",
    "\x1b[31m",
    "",
    "Action",
    "settings",
    "src",
    "classes",
    "ünï",
    "__other__",
    "bitmap",
    "x" * 300,
    "min",
]

CLASSES = ("bitmap", "spot", "polygon", "rectangle", "line", "point", "Person", "Car", "obj")
LENGTHS = ("0px", "1px", "0%", "0.5%", "100%", "3000%", "29px", "39px", "40px", "9999999999px")

Place = tuple[str | int, ...]


def places_in(value: Any, path: Place = ()) -> Iterator[Place]:
    if path:
        yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places_in(inner, (*path, key))
    if isinstance(value, list):
        for index, inner in enumerate(value):
            yield from places_in(inner, (*path, index))


def at(value: Any, path: Place) -> Any:
    for part in path:
        value = value[part]
    return value


def times(value: float, factor: float) -> float:
    """The product; of a whole number that no float can hold, the whole number itself where the factor is none."""
    return value if isinstance(factor, float) and abs(value) > sys.float_info.max else value * factor


@st.composite
def broken_values(draw: DrawFn) -> Any:
    """A graph with one to three changes of its values."""
    graph = copy.deepcopy(draw(st.sampled_from(BASES)))
    for _ in range(draw(st.integers(1, 3))):
        places = list(places_in(graph))
        if not places:
            break
        path = draw(st.sampled_from(places))
        holder, last = at(graph, path[:-1]), path[-1]
        change = draw(st.sampled_from(["odd", "odd", "odd", "drop", "rename", "swap", "double", "wire", "scale"]))
        if change == "drop":
            del holder[last]
        elif change == "rename" and isinstance(holder, dict):
            holder[draw(st.sampled_from(ODD_KEYS))] = holder.pop(last)
        elif change == "swap":
            holder[last] = copy.deepcopy(at(graph, draw(st.sampled_from(places))))
        elif change == "double" and isinstance(holder, list):
            holder.insert(draw(st.integers(0, len(holder))), copy.deepcopy(holder[last]))
        elif change == "wire" and isinstance(entry := graph[int(path[0])], dict):
            names = [f"${number}" for number in range(4)]
            entry[draw(st.sampled_from(["src", "dst"]))] = draw(st.lists(st.sampled_from(names), max_size=3))
        elif change == "scale" and isinstance(holder[last], int | float) and not isinstance(holder[last], bool):
            holder[last] = times(holder[last], draw(st.sampled_from([-1, 0, 0.001, 0.5, 7, 100, 10**9])))
        else:
            holder[last] = copy.deepcopy(draw(st.sampled_from(ODD)))
    return graph


@st.composite
def odd_settings(draw: DrawFn) -> Any:
    """A graph with other numbers and words of the right type in its settings: most of these the check has to judge by value."""
    graph = copy.deepcopy(draw(st.sampled_from(BASES)))
    for _ in range(draw(st.integers(1, 3))):
        inside = [path for path in places_in(graph) if path[1:2] == ("settings",)]
        leaves = [path for path in inside if not isinstance(at(graph, path), dict | list)]
        lists = [path for path in inside if isinstance(at(graph, path), list)]
        if not leaves:
            break
        path = draw(st.sampled_from([*leaves, *lists]))
        holder, last = at(graph, path[:-1]), path[-1]
        value = holder[last]
        if isinstance(value, bool):
            holder[last] = not value
        elif isinstance(value, int | float):
            numbers = st.one_of(
                st.sampled_from([times(value, factor) for factor in (-1, 0, 0.01, 0.3, 3, 40, 10**6)]),
                st.sampled_from([*range(8), 255, 256, 0.5, 2**31, 2**63, 10**30, 1e-300, 1e308]),
                st.floats(allow_nan=False, allow_infinity=False),
            )
            number = draw(numbers)
            whole = isinstance(value, int) and draw(st.booleans())
            holder[last] = round(number) if whole else number
        elif isinstance(value, list):
            holder[last] = draw(st.lists(st.sampled_from([*value, *CLASSES]), max_size=4)) if value else [*CLASSES]
        else:
            holder[last] = draw(st.sampled_from([*CLASSES, *LENGTHS, *(odd for odd in ODD if isinstance(odd, str))]))
    return graph


@st.composite
def broken_texts(draw: DrawFn) -> bytes:
    """The bytes of a graph file with one to three changes of the text."""
    text = json.dumps(draw(st.sampled_from(BASES)), indent=draw(st.sampled_from([None, 1])))
    marks = ['"', "{", "}", "[", "]", ",", ":", "\n", "\0", "\\", "NaN", "-Infinity", "1e999", "//", "é", "9" * 400]
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 12)))
        change = draw(st.sampled_from(["cut", "put", "end", "repeat", "nest"]))
        if change == "cut":
            text = text[:start] + text[end:]
        elif change == "put":
            text = text[:start] + draw(st.sampled_from(marks)) + text[start:]
        elif change == "end":
            text = text[:start]
        elif change == "repeat":
            text = text[:start] + text[start:end] * 3 + text[end:]
        else:
            depth = draw(st.sampled_from([3, 60, 150]))
            text = text[:start] + draw(st.sampled_from(["[", '{"a":'])) * depth + text[start:]
    data = text.encode()
    return draw(st.sampled_from([data, data, data, b"\xef\xbb\xbf" + data, data + b"\xff", text.encode("utf-16")]))


# ---------------------------------------------------------------- what must hold


class TooLong(BaseException):
    """Work on three tiny images that does not end. No `Exception`, as a run takes those for failures of an image."""


@contextlib.contextmanager
def at_most(seconds: int) -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> None:
        raise TooLong(f"no end after {seconds} seconds")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def checked(places: Mapping[str, Path], data: bytes, with_projects: bool = True) -> tuple[int, str]:
    """Exit code and text of `python -m pipelines check` on a file of these bytes."""
    file = places["graphs"] / "graph.json"
    file.write_bytes(data)
    options = [f"--project={name}={places[name]}" for name in ("P", "B")] if with_projects else []
    # A stream that takes only what can be written as UTF-8, as a terminal does.
    shown = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    with contextlib.redirect_stdout(shown), contextlib.redirect_stderr(shown), at_most(20):
        code = main(["check", str(file), *options])
    return code, shown.buffer.getvalue().decode()  # type: ignore[attr-defined]


def assert_clean(code: int, text: str) -> None:
    assert code in (0, 1, 2)
    assert text.strip()
    said = re.sub(r"'(\\.|[^'\\])*'|\"(\\.|[^\"\\])*\"", "", text)
    assert not UNCLEAN.search(said), said
    assert not CONTROL.search(text), repr(text)


def too_large(graph: Any) -> bool:
    """Whether a graph asks, rightly, for more than a test can give: huge images, or very many."""
    for entry in graph:
        for path in places_in(entry["settings"], ("settings",)):
            value = at(entry, path)
            large = isinstance(value, int | float) and not abs(value) <= LARGEST_SIDE
            many = entry["action"] in ("multiply", "find_cracknets") and isinstance(value, int) and value > 20
            if (large and entry["action"] in SIZED) or many:
                return True
    return False


SIZED = {"resize", "resize_annotation", "multiply", "line2bitmap", "find_cracknets"}


def assert_runs(both: Mapping[str, Project], text: str) -> None:
    """What the check finds no error in runs, and every failure is of an image, in words."""
    try:
        plan = check(parse_graph(text), both).plan
    except GraphError:
        return
    if plan is None or too_large(json.loads(text)):
        return
    with at_most(30):
        result = in_memory.run(plan, list_images(plan, both), both, 0)
        for failure in result.failures:
            assert not SURPRISE.search(failure.message), failure
            assert not failure.traceback, failure.traceback
        for sample in result.samples[:3]:
            if max(sample.image.size) <= LARGEST_SIDE:
                assert pixels_of(sample, own_coordinates()).shape == (*sample.image.size, 3)


@examples(250)
@given(graph=broken_values(), with_projects=st.booleans())
def test_a_broken_graph_is_refused_in_words_or_runs(places, both, graph, with_projects):
    text = json.dumps(graph, indent=1)
    code, shown = checked(places, text.encode(), with_projects)
    assert_clean(code, shown)
    assert_runs(both, text)


@examples(250)
@given(graph=odd_settings())
def test_odd_settings_are_refused_in_words_or_run(places, both, graph):
    text = json.dumps(graph, indent=1)
    assert_clean(*checked(places, text.encode()))
    assert_runs(both, text)


@examples(120)
@given(data=broken_texts())
def test_broken_text_is_refused_in_words_or_runs(places, both, data):
    code, shown = checked(places, data)
    assert_clean(code, shown)
    if code == 0:
        assert_runs(both, data.decode("utf-8-sig"))


@pytest.mark.parametrize("base", BASES, ids=lambda graph: f"{graph[1]['action']}-{len(graph)}")
def test_the_graphs_are_whole_before_they_are_broken(places, both, base):
    text = json.dumps(base)
    code, shown = checked(places, text.encode())
    assert code == 0, shown
    assert_clean(code, shown)
    assert_runs(both, text)


WHOLE = (-1, 0, 1, 2, 3, 7, 29, 30, 31, 39, 40, 41, 255, 256, 1000, 2**31, 2**63, 10**30)
PARTS = (-1e308, -180.0, -45.0, -0.5, 0.0, 1e-300, 1e-9, 0.5, 0.999, 1.5, 45.0, 90.0, 180.0, 360.0, 1e9, 1e308)


@pytest.mark.slow
@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("base", BASES[2:], ids=lambda graph: f"{graph[1]['action']}")
def test_every_number_at_its_limits(both, base):
    for path in list(places_in(base)):
        number = at(base, path)
        if path[1:2] != ("settings",) or isinstance(number, bool) or not isinstance(number, int | float):
            continue
        for other in (*WHOLE, *PARTS):
            graph = copy.deepcopy(base)
            holder = at(graph, path[:-1])
            holder[path[-1]] = other
            assert_runs(both, json.dumps(graph))
            if path[-1] in ("min", "max"):
                holder["min"] = holder["max"] = other
                assert_runs(both, json.dumps(graph))


# ---------------------------------------------------------------- what was found, each until it is mended


def renamed_layer(word: str) -> list[dict[str, Any]]:
    graph = chain(("flip", {"axis": "vertical"}))
    graph[1]["action"] = word
    return graph


def named(title: str) -> list[dict[str, Any]]:
    return chain(("rename", {"classes_mapping": {"bitmap": title}}))


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_very_deep_nesting_is_refused_in_words(places, opening):
    assert_clean(*checked(places, (opening * 3000).encode()))


@pytest.mark.parametrize(
    "graph", [renamed_layer("\ud800"), [{**chain()[0], "\ud800": 1}, chain()[1]]], ids=["action", "key"]
)
def test_text_that_no_terminal_can_show_is_refused_in_words(places, graph):
    assert_clean(*checked(places, json.dumps(graph).encode()))


@pytest.mark.parametrize(
    "graph",
    [renamed_layer("\x1b[31m"), [{**chain()[0], "\x1b[31m": 1}, chain()[1]], named("\x1b[31m")],
    ids=["action", "key", "class"],
)
def test_control_characters_are_not_passed_on(places, graph):
    assert_clean(*checked(places, json.dumps(graph).encode()))


@pytest.mark.parametrize("sigma", [2**31, 1e308])
def test_a_blur_of_any_strength_is_refused_or_renders(both, sigma):
    settings = {"name": "gaussian", "sigma": {"min": sigma, "max": sigma}}
    assert_runs(both, json.dumps(chain(("blur", settings))))


def test_an_elastic_transformation_of_any_sigma_is_refused_in_words(places):
    settings = {"alpha": {"min": 10, "max": 60}, "sigma": {"min": 1e308, "max": 1e308}}
    assert_clean(*checked(places, json.dumps(chain(("elastic_transformation", settings))).encode()))


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("settings", [{"mean": 1e308, "std": 0}, {"mean": 0, "std": 1e308}], ids=str)
def test_noise_of_any_strength_is_refused_or_renders(both, settings):
    assert_runs(both, json.dumps(chain(("noise", settings))))
