"""What is wrong with a graph, each finding with its place, all of them together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from pipelines.graph.json_lines import Path


def dotted(path: Path) -> str:
    """A path as people write it: `settings.sides.left`, `src[0]`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def printable(text: str) -> str:
    """The text with everything escaped that a terminal would obey or could not show; a graph may hold any characters."""
    return "".join(char if char.isprintable() or char == "\n" else ascii(char)[1:-1] for char in text)


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding. `line` counts from 1; `layer` is how people speak of the layer, empty for the graph as a whole."""

    message: str
    file: str
    line: int
    layer: str = ""
    setting: str = ""
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        place = ", ".join(part for part in (self.layer, self.setting) if part)
        head = f"{self.file}:{self.line}: "
        note = "" if self.severity == "error" else "warning: "
        return printable(head + note + (f"{place}: " if place else "") + self.message)


class GraphError(ValueError):
    """A graph that cannot run; the text lists every problem found."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))
