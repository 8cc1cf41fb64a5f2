"""Which parts of a graph no sample can ever reach, known from the sizes, classes and tags that can arrive at each layer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

from pipelines.actions import Sink
from pipelines.actions.outcomes import Arriving, Never
from pipelines.graph.plan import NOWHERE, Layer


@dataclass(frozen=True, slots=True)
class DeadBranch:
    """A finding: the number of the layer and its output that stays empty, the setting that is the reason, and the text."""

    layer: int
    name: str
    path: tuple[str, ...]
    message: str


def dead_branches(layers: Sequence[Layer], with_classes: bool) -> list[DeadBranch]:
    """Outputs that no sample can ever take although layers read them; the layers in the order of the data flow.

    `with_classes` says that the layers know their metas. What is read by nobody is thrown away on purpose and no finding.
    """
    on: dict[str, Arriving] = {}
    empty: dict[str, frozenset[int]] = {}
    causes: list[tuple[Layer, str, Never]] = []
    starved: dict[int, frozenset[int]] = {}
    for layer in layers:
        reached = [on[name] for name in layer.src if name in on] if layer.selection is None else []
        if layer.selection is None and not reached:
            starved[layer.number] = frozenset().union(*(empty[name] for name in layer.src))
            empty.update((name, starved[layer.number]) for name in layer.dst)
            continue
        if isinstance(layer.action, Sink):
            continue
        # What a source's meta says already counts its own mapping, so nothing is left for the layer to change.
        arriving = reduce(Arriving.joined, reached) if reached else Arriving(meta=layer.meta if with_classes else None)
        results = layer.action.outcomes(arriving) if reached else (arriving,)
        for name, result in zip(layer.dst, results, strict=True):
            if name == NOWHERE:
                continue
            if isinstance(result, Never):
                empty[name] = frozenset({len(causes)})
                causes.append((layer, name, result))
            else:
                on[name] = result
    return list(_told(layers, causes, starved))


def _told(
    layers: Sequence[Layer], causes: Sequence[tuple[Layer, str, Never]], starved: Mapping[int, frozenset[int]]
) -> Iterator[DeadBranch]:
    by_number = sorted(layers, key=lambda layer: layer.number)
    for number, (layer, name, never) in enumerate(causes):
        hungry = [other for other in by_number if number in starved.get(other.number, ())]
        readers = [other for other in by_number if other.selection is None and name in other.src]
        if not readers:
            continue
        if any(isinstance(other.action, Sink) for other in hungry):
            effect = f"nothing can be saved: {_listed(hungry)} never get{_s(hungry)} one"
        elif hungry:
            effect = f"{_listed(hungry)} never get{_s(hungry)} one"
        else:
            effect = f"{_listed(readers)} read{_s(readers)} it in vain"
        advice = "change the setting, or take out the branch" if len(layer.dst) > 1 else "change the setting"
        yield DeadBranch(
            layer.number, name, never.path, f"no sample can ever go to {name}: {never.why}; {effect}; {advice}"
        )


def _listed(layers: Sequence[Layer]) -> str:
    names = [f"layer {layer.number} ({layer.action.word})" for layer in layers]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _s(layers: Sequence[Layer]) -> str:
    return "s" if len(layers) == 1 else ""
