"""A graph as it stands in its file: layers with their connections and settings, each remembering its line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from pipelines.formats import storage
from pipelines.formats.text import NotText, decoded
from pipelines.graph.json_lines import JsonSyntaxError, Path, parse
from pipelines.graph.problems import GraphError, Problem, dotted

KEYS = ("action", "src", "dst", "settings")


@dataclass(frozen=True, slots=True)
class LayerSpec:
    """One layer: `number` counts from 1 in the file; `src` and `dst` are lists whatever form the file uses."""

    number: int
    action: str
    src: tuple[str, ...]
    dst: tuple[str, ...]
    settings: Any
    file: str
    lines: Mapping[Path, int] = field(repr=False, default_factory=dict)

    @property
    def name(self) -> str:
        """How messages speak of the layer."""
        return f"layer {self.number} ({self.action})"

    def problem(self, message: str, *path: str | int, severity: Any = "error") -> Problem:
        """A finding at a place below this layer, e.g. `problem("...", "settings", "sides")`."""
        place: Path = tuple(path)
        while place and place not in self.lines:
            place = place[:-1]
        return Problem(message, self.file, self.lines.get(place, 1), self.name, dotted(tuple(path)), severity)


@dataclass(frozen=True, slots=True)
class GraphSpec:
    """All layers of a file that could be understood, the problems of those that could not, and the text itself."""

    file: str
    text: str
    layers: tuple[LayerSpec, ...]
    problems: tuple[Problem, ...] = ()
    complete: bool = True
    """Whether every layer's action and connections could be understood."""


def read_graph(file: str) -> GraphSpec:
    """Read a graph file. Raises `GraphError` when it is not there or is not JSON."""
    try:
        text = decoded(storage.read_bytes(file), "the file")
    except (FileNotFoundError, IsADirectoryError):
        raise GraphError(
            [Problem("there is no such graph file; give the path of a JSON file with a list of layers", file, 1)]
        ) from None
    except NotText as error:
        raise GraphError([Problem(str(error), file, 1)]) from None
    return parse_graph(text, file)


def parse_graph(text: str, file: str = "graph") -> GraphSpec:
    """Understand a graph's text. Raises `GraphError` when it is not a JSON list; other problems are kept in the result."""
    short = file if "://" in file else str(PurePath(file))
    try:
        value, lines = parse(text)
    except JsonSyntaxError as error:
        raise GraphError([Problem(f"not valid JSON: {error}", short, error.line)]) from None
    if not isinstance(value, list):
        raise GraphError([Problem(f"a graph is a list [...] of layers, found {_kind(value)}", short, 1)])
    problems: list[Problem] = []
    layers = []
    for index, entry in enumerate(value):
        own = {path[1:]: line for path, line in lines.items() if path[:1] == (index,)}
        layer = _read_layer(entry, index + 1, short, own, problems)
        if layer:
            layers.append(layer)
    return GraphSpec(short, text, tuple(layers), tuple(problems), complete=len(layers) == len(value))


def _read_layer(
    entry: Any, number: int, file: str, lines: Mapping[Path, int], problems: list[Problem]
) -> LayerSpec | None:
    blank = LayerSpec(number, "", (), (), {}, file, lines)
    if not isinstance(entry, dict):
        line = lines.get((), 1)
        problems.append(Problem(f"a layer is an object {{...}}, found {_kind(entry)}", file, line, f"layer {number}"))
        return None
    word = entry.get("action")
    layer = LayerSpec(
        number,
        word if isinstance(word, str) else "no action",
        _names(entry.get("src")),
        _names(entry.get("dst")),
        entry.get("settings"),
        file,
        lines,
    )
    for key in KEYS:
        if key not in entry:
            problems.append(layer.problem(f'the key "{key}" is missing; a layer has {", ".join(KEYS)}'))
    for key in entry:
        if key not in KEYS:
            problems.append(layer.problem(f"there is no such key; a layer has {', '.join(KEYS)}", key))
    if "action" in entry and not isinstance(word, str):
        problems.append(blank.problem(f"found {word!r}, the name of an action is expected", "action"))
    for key in ("src", "dst"):
        if key in entry and not _is_names(entry[key]):
            problems.append(layer.problem(f"found {entry[key]!r}, a name or a list of names is expected", key))
    usable = isinstance(word, str) and _is_names(entry.get("src")) and _is_names(entry.get("dst"))
    return layer if usable else None


def _is_names(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(name, str) for name in value))


def _names(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(dict.fromkeys(value)) if _is_names(value) else ()


def _kind(value: Any) -> str:
    return {
        dict: "an object {...}",
        list: "a list [...]",
        str: "a string",
        bool: "true or false",
        type(None): "null",
    }.get(type(value), "a number")
