"""A checked graph in the order of its data flow: what both executions run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from pipelines.actions import Action, Router, Sink, Source
from pipelines.meta import Meta
from pipelines.origin import Origin, Selection

NOWHERE = "null"


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of a plan.

    `id` is the action with the names of its outputs: it seeds the layer's random numbers and names its step in every console.
    `meta` is what comes out where the projects are known, `selection` what a source reads.
    """

    id: str
    number: int
    action: Action
    src: tuple[str, ...]
    dst: tuple[str, ...]
    meta: Meta = field(default_factory=Meta)
    selection: Selection | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """The layers in an order in which every layer follows those it reads from."""

    file: str
    text: str
    layers: tuple[Layer, ...]

    @property
    def sources(self) -> tuple[Layer, ...]:
        return tuple(layer for layer in self.layers if isinstance(layer.action, Source))

    @property
    def sink(self) -> Layer:
        return next(layer for layer in self.layers if isinstance(layer.action, Sink))

    @property
    def consumers(self) -> Mapping[str, tuple[Layer, ...]]:
        """The layers that read each connection, in the order of the file."""
        readers: dict[str, list[Layer]] = {}
        for layer in sorted(self.layers, key=lambda layer: layer.number):
            for name in layer.src if not isinstance(layer.action, Source) else ():
                readers.setdefault(name, []).append(layer)
        return {name: tuple(layers) for name, layers in readers.items()}

    @property
    def dead_ends(self) -> tuple[tuple[Layer, str], ...]:
        """Outputs that nobody reads: samples sent there are discarded, and counted."""
        read = self.consumers
        return tuple(
            (layer, name)
            for layer in self.layers
            if not isinstance(layer.action, Sink)
            for name in layer.dst
            if name not in read
        )

    @property
    def samples_per_image(self) -> float:
        """An upper bound, proven from the graph alone: of the two outputs of an `if`, a sample takes one."""
        reached: dict[str, float] = {NOWHERE: 0}
        readers = self.consumers
        for layer in reversed(self.layers):
            if isinstance(layer.action, Sink):
                continue
            for name in layer.dst:
                reached[name] = sum(self._beyond(reader, reached) for reader in readers.get(name, ()))
        return sum(reached[layer.dst[0]] for layer in self.sources)

    def _beyond(self, layer: Layer, reached: Mapping[str, float]) -> float:
        if isinstance(layer.action, Sink):
            return 1
        ends = [reached[name] for name in layer.dst]
        best = max(ends) if isinstance(layer.action, Router) else ends[0]
        return best and best * layer.action.fan_out

    def bind(self, origins: Sequence[Origin]) -> Plan:
        """The plan for a run over these images."""
        return replace(self, layers=tuple(replace(layer, action=layer.action.bind(origins)) for layer in self.layers))
