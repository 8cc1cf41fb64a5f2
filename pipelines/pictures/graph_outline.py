"""What a drawing of a graph shows, whatever its format: layers with their settings, their outputs, and the counts of a run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipelines.actions import Router, Sink, Source
from pipelines.graph.plan import Layer, Plan
from pipelines.pictures.settings_summary import summary_lines


class AnotherGraph(ValueError):
    """A manifest of a run of some other graph."""


@dataclass(frozen=True, slots=True)
class Output:
    """One output of a layer: `answer` is that of an `if`, `samples` is known after a run."""

    layer: Layer
    port: int
    name: str
    readers: tuple[Layer, ...]
    answer: str = ""
    samples: int | None = None

    @property
    def discarded(self) -> bool:
        return not self.readers


@dataclass(frozen=True, slots=True)
class Box:
    """One layer: `title` is its action, `lines` say what it is set to, `losses` what went missing in a run."""

    layer: Layer
    title: str
    lines: tuple[str, ...]
    settings: Any
    outputs: tuple[Output, ...]
    losses: tuple[str, ...] = ()
    saved: int | None = None

    @property
    def kind(self) -> str:
        action = self.layer.action
        return (
            "source"
            if isinstance(action, Source)
            else "sink"
            if isinstance(action, Sink)
            else "if"
            if self.asks
            else "step"
        )

    @property
    def asks(self) -> bool:
        return isinstance(self.layer.action, Router)

    @property
    def several(self) -> bool:
        """Whether one sample can become several."""
        return self.layer.action.fan_out > 1


@dataclass(frozen=True, slots=True)
class Outline:
    """All boxes in the order of the data flow."""

    title: str
    boxes: tuple[Box, ...]
    caption: str = ""
    most: int = field(default=0)
    """The largest number of samples on any connection; 0 when nothing is known of a run."""

    @property
    def discards(self) -> bool:
        return any(output.discarded for box in self.boxes for output in box.outputs)


def outline(plan: Plan, manifest: Mapping[str, Any] | None = None) -> Outline:
    """The outline of a plan, with the counts of a run of it where its manifest is given.

    Raises `AnotherGraph` when the manifest's graph is not the plan's.
    """
    layers = json.loads(plan.text)
    if manifest is not None and manifest["graph"] != layers:
        raise AnotherGraph(_difference(layers, manifest["graph"]))
    rows = {row["layer"]: row for row in manifest["funnel"]} if manifest else {}
    readers = plan.consumers
    boxes = tuple(
        _box(layer, layers[layer.number - 1]["settings"], readers, rows.get(layer.id)) for layer in plan.layers
    )
    counts = [output.samples or 0 for box in boxes for output in box.outputs]
    title = plan.file.rsplit("/", 1)[-1]
    return Outline(title, boxes, _caption(manifest) if manifest else "", max(counts, default=0) if manifest else 0)


def _caption(manifest: Mapping[str, Any]) -> str:
    images = sum(project["images"] for project in manifest["inputs"]["projects"].values())
    return f"{images:,} images became {manifest['samples']:,} samples (seed {manifest['seed']})"


def _difference(mine: Sequence[Any], other: Sequence[Any]) -> str:
    if len(mine) != len(other):
        return f"it has {len(other)} layers, this graph has {len(mine)}"
    number = next(number for number, (one, two) in enumerate(zip(mine, other, strict=True), 1) if one != two)
    return f"they differ first in layer {number} ({mine[number - 1]['action']})"


def _box(layer: Layer, settings: Any, readers: Mapping[str, tuple[Layer, ...]], row: Mapping[str, Any] | None) -> Box:
    action = layer.action
    lines = summary_lines(action.word, settings)
    outputs: tuple[Output, ...] = ()
    if isinstance(action, Sink):
        lines = [*lines, f"→ {layer.dst[0]}"]
    else:
        outputs = tuple(_output(layer, port, name, readers, row) for port, name in enumerate(layer.dst))
    if isinstance(action, Source):
        lines = [", ".join(layer.src), *lines]
    saved = sum(row["out"].values()) if row and isinstance(action, Sink) else None
    losses = [f"{row[what]:,} {what}" for what in ("dropped", "failed") if row[what]] if row else []
    return Box(layer, action.word, tuple(lines), settings, outputs, tuple(losses), saved)


def _output(
    layer: Layer, port: int, name: str, readers: Mapping[str, tuple[Layer, ...]], row: Mapping[str, Any] | None
) -> Output:
    answer = ("true", "false")[port] if isinstance(layer.action, Router) else ""
    # Two outputs of one name (both thrown away) are counted together: neither number is known.
    samples = row["out"][name] if row and layer.dst.count(name) == 1 else None
    return Output(layer, port, name, readers.get(name, ()), answer, samples)
