"""Everything that can be known to be wrong with a graph before an image is read, all at once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from pydantic import ValidationError

from pipelines.actions import ALIASES, CATALOGUE, Action, Router, Sink, Source, find_action
from pipelines.actions.base import Notes
from pipelines.actions.settings import findings_of
from pipelines.graph.plan import NOWHERE, Layer, Plan
from pipelines.graph.problems import GraphError, Problem
from pipelines.graph.reachability import dead_branches
from pipelines.graph.spec import GraphSpec, LayerSpec
from pipelines.meta import Meta, MetaConflict, nearest
from pipelines.origin import Selection
from pipelines.sample import Sample

_BAD_NAME = re.compile(r"[/\\|\x00-\x1f]")


class UnknownAction(Action):
    """Stands for a word that is no action, so that its layer's connections can be judged all the same."""

    def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
        raise TypeError("an unknown action cannot be applied")


class KnownProject(Protocol):
    """What a check asks of a project: it costs no look at an image."""

    @property
    def meta(self) -> Meta: ...

    @property
    def datasets(self) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True)
class Checked:
    """The result of a check: what was found, and the plan when nothing of it is an error."""

    problems: tuple[Problem, ...]
    plan: Plan | None

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.severity == "error")

    @property
    def warnings(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.severity == "warning")


def check(spec: GraphSpec, projects: Mapping[str, KnownProject] | None = None) -> Checked:
    """Check a graph; with `projects` (by the names the graph uses) also its datasets, classes and tags."""
    problems = list(spec.problems)
    # What a layer is connected to is judged even where its settings, or its very action, are not understood.
    kinds = {layer.number: find_action(layer.action) or UnknownAction for layer in spec.layers}
    actions = {layer.number: action for layer in spec.layers if (action := _read_action(layer, problems))}
    for layer in spec.layers:
        problems.extend(_connection_problems(layer, kinds[layer.number]))
    selections = {layer.number: found for layer in spec.layers if (found := _select(layer, kinds, projects, problems))}
    problems.extend(_wiring_problems(spec, kinds))
    if any(problem.severity == "error" for problem in problems):
        return Checked(_in_order(problems), None)
    layers = [
        _layer(layer, actions[layer.number], selections.get(layer.number)) for layer in _flow_order(spec.layers, kinds)
    ]
    specs = {layer.number: layer for layer in spec.layers}
    if projects is not None:
        layers = _with_metas(layers, specs, projects, problems)
    if any(problem.severity == "error" for problem in problems):
        return Checked(_in_order(problems), None)
    for branch in dead_branches(layers, with_classes=projects is not None):
        problems.append(specs[branch.layer].problem(branch.message, "settings", *branch.path, severity="warning"))
    return Checked(_in_order(problems), Plan(spec.file, spec.text, tuple(layers)))


def compile_graph(spec: GraphSpec, projects: Mapping[str, KnownProject] | None = None) -> Plan:
    """The plan of a graph. Raises `GraphError` with all problems when there is an error among them."""
    checked = check(spec, projects)
    if checked.plan is None:
        raise GraphError(checked.problems)
    return checked.plan


def _in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(dict.fromkeys(problems), key=lambda problem: problem.line))


def _read_action(layer: LayerSpec, problems: list[Problem]) -> Action | None:
    """The layer's action, or nothing when its problems, which are added to the list, prevent it."""
    action_type = find_action(layer.action)
    if action_type is None:
        known = ", ".join(sorted(CATALOGUE))
        problems.append(
            layer.problem(
                f"there is no action {layer.action!r}{nearest(layer.action, [*CATALOGUE, *ALIASES])}; the actions are {known}",
                "action",
            )
        )
        return None
    try:
        action = action_type.from_settings(layer.settings)
    except ValidationError as error:
        findings = findings_of(action_type, error, layer.settings)
    else:
        findings = list(action.problems())
    for finding in findings:
        problems.append(layer.problem(finding.message, "settings", *finding.path, severity=finding.severity))
    return None if any(finding.severity == "error" for finding in findings) else action


def _connection_problems(layer: LayerSpec, kind: type[Action]) -> Iterator[Problem]:
    """Names of the wrong form, or the wrong number of them."""
    if not issubclass(kind, Source):
        if not layer.src:
            yield layer.problem("src is empty; name the connections that this layer reads", "src")
        for name in layer.src:
            if name == NOWHERE:
                yield layer.problem('nothing can be read from "null"; it is a place for outputs nobody wants', "src")
            elif not name.startswith("$"):
                yield layer.problem(f"found {name!r}, a connection's name starts with $", "src")
    wanted = 2 if issubclass(kind, Router) else 1
    if kind is not UnknownAction and len(layer.dst) != wanted and not (wanted == 2 and layer.dst == (NOWHERE,)):
        names = (
            "two names: where samples go when the condition holds, and where the others go"
            if wanted == 2
            else "one name"
        )
        yield layer.problem(
            f"dst has {len(layer.dst)} different name{'s' * (len(layer.dst) != 1)}, {layer.action} needs {names}", "dst"
        )
    for name in layer.dst:
        if issubclass(kind, Sink):
            if not name or _BAD_NAME.search(name):
                yield layer.problem(
                    f"found {name!r}, the name of a result is not empty and has no / \\ | or control characters", "dst"
                )
            elif name.startswith("$"):
                text = (
                    f"the result will be called {name}; a $ begins the names of connections, and none is written here"
                )
                yield layer.problem(text, "dst", severity="warning")
        elif name != NOWHERE and not name.startswith("$"):
            yield layer.problem(
                f'found {name!r}, a connection\'s name starts with $ (or is "null": thrown away)', "dst"
            )


def _select(
    layer: LayerSpec,
    kinds: Mapping[int, type[Action]],
    projects: Mapping[str, KnownProject] | None,
    problems: list[Problem],
) -> Selection | None:
    """What a `data` layer reads; its problems are added to the list."""
    if not issubclass(kinds[layer.number], Source):
        return None
    before = len(problems)
    parts = [path.strip("/").split("/") for path in layer.src]
    for path, split in zip(layer.src, parts, strict=True):
        if not all(split):
            problems.append(layer.problem(f"found {path!r}, a source is Project, Project/* or Project/dataset", "src"))
    names = list(dict.fromkeys(split[0] for split in parts))
    if not names:
        problems.append(layer.problem("src is empty; name a project: Project/* or Project/dataset", "src"))
    elif len(names) > 1:
        problems.append(
            layer.problem(
                f"found the projects {', '.join(names)}, one data layer reads one project; add a layer for each", "src"
            )
        )
    if len(problems) > before:
        return None
    # A dataset can lie inside of another one.
    datasets = frozenset("/".join(split[1:]) for split in parts if len(split) > 1)
    everything = "*" in datasets or any(len(split) == 1 for split in parts)
    if projects is not None:
        problems.extend(_missing_sources(layer, names[0], set() if everything else datasets, projects))
    return Selection(names[0], None if everything else datasets)


def _missing_sources(
    layer: LayerSpec, project: str, datasets: Iterable[str], projects: Mapping[str, KnownProject]
) -> Iterator[Problem]:
    if project not in projects:
        given = ", ".join(projects) or "none"
        yield layer.problem(
            f"no project {project!r} was given{nearest(project, projects)}; given: {given}. "
            f"Say where it lies: --project {project}=LOCATION",
            "src",
        )
        return
    known = projects[project].datasets
    for dataset in sorted(datasets):
        if dataset not in known:
            yield layer.problem(
                f"the project {project!r} has no dataset {dataset!r}{nearest(dataset, known)}; "
                f"it has {', '.join(known) or 'none'}",
                "src",
            )


def _wiring_problems(spec: GraphSpec, kinds: Mapping[int, type[Action]]) -> Iterator[Problem]:
    layers = spec.layers
    writers: dict[str, LayerSpec] = {}
    for layer in layers:
        for name in layer.dst if not issubclass(kinds[layer.number], Sink) else ():
            if name in writers and name != NOWHERE:
                yield layer.problem(
                    f"{name} is written by {writers[name].name} too; give each output a name of its own", "dst"
                )
            writers.setdefault(name, layer)
    sinks = [layer for layer in layers if issubclass(kinds[layer.number], Sink)]
    for layer in sinks[1:]:
        yield layer.problem(f"{sinks[0].name} saves already; a graph has one layer that saves")
    if not spec.complete:
        return
    understood = UnknownAction not in kinds.values()
    if not sinks and understood:
        words = ", ".join(sorted(word for word, action in CATALOGUE.items() if issubclass(action, Sink)))
        yield Problem(f"no layer saves anything; end the graph with one of: {words}", spec.file, 1)
    if understood and not any(issubclass(kind, Source) for kind in kinds.values()):
        yield Problem("no layer reads images; start the graph with a data layer", spec.file, 1)
    for layer in layers:
        for name in layer.src if not issubclass(kinds[layer.number], Source) else ():
            if name not in writers and name.startswith("$"):
                yield layer.problem(f"no layer writes {name}{nearest(name, writers)}", "src")
    yield from _loops(layers, kinds, writers)


def _loops(
    layers: Sequence[LayerSpec], kinds: Mapping[int, type[Action]], writers: Mapping[str, LayerSpec]
) -> Iterator[Problem]:
    """One problem a loop, named by the way around it."""
    done: set[int] = set()
    for start in layers:
        trail: list[LayerSpec] = []
        yield from _walk_back(start, kinds, writers, trail, done)


def _walk_back(
    layer: LayerSpec,
    kinds: Mapping[int, type[Action]],
    writers: Mapping[str, LayerSpec],
    trail: list[LayerSpec],
    done: set[int],
) -> Iterator[Problem]:
    if layer in trail:
        around = [*trail[trail.index(layer) :], layer]
        way = " ← ".join(member.name for member in around)
        yield layer.problem(
            f"the graph runs in a circle: {way}; a layer cannot read what is made from its own output", "src"
        )
        return
    if layer.number in done or issubclass(kinds[layer.number], Source):
        return
    trail.append(layer)
    for name in layer.src:
        if name in writers:
            yield from _walk_back(writers[name], kinds, writers, trail, done)
    trail.pop()
    done.add(layer.number)


def _flow_order(layers: Sequence[LayerSpec], kinds: Mapping[int, type[Action]]) -> list[LayerSpec]:
    """Writers before readers, otherwise the order of the file; the graph has no loop."""
    ordered: list[LayerSpec] = []
    written: set[str] = set()
    waiting = list(layers)
    while waiting:
        layer = next(
            layer for layer in waiting if issubclass(kinds[layer.number], Source) or written.issuperset(layer.src)
        )
        waiting.remove(layer)
        ordered.append(layer)
        written.update(layer.dst)
    return ordered


def _layer(layer: LayerSpec, action: Action, selection: Selection | None) -> Layer:
    dst = (NOWHERE, NOWHERE) if isinstance(action, Router) and len(layer.dst) == 1 else layer.dst
    return Layer(" ".join((action.word, *dst)), layer.number, action, layer.src, dst, selection=selection)


def _with_metas(
    layers: Sequence[Layer],
    specs: Mapping[int, LayerSpec],
    projects: Mapping[str, KnownProject],
    problems: list[Problem],
) -> list[Layer]:
    """The layers with the meta of what comes out of each; conflicts and doubts are added to the problems."""
    metas: dict[str, Meta] = {}
    result: list[Layer] = []
    for layer in layers:
        spec, notes = specs[layer.number], Notes()
        try:
            arriving = (
                projects[layer.selection.project].meta
                if layer.selection
                else _merged(metas[name] for name in layer.src)
            )
            meta = layer.action.map_meta(arriving, notes)
        except MetaConflict as conflict:
            problems.append(spec.problem(str(conflict)))
            return result
        problems.extend(spec.problem(f.message, "settings", *f.path, severity=f.severity) for f in notes.findings)
        metas.update((name, meta) for name in layer.dst)
        result.append(Layer(layer.id, layer.number, layer.action, layer.src, layer.dst, meta, layer.selection))
    return result


def _merged(metas: Iterable[Meta]) -> Meta:
    merged = Meta()
    for meta in metas:
        merged = merged.union(meta)
    return merged
