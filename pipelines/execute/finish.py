"""Both ends of a run: its place claimed; then the list of errors, the manifest, and all its files put in place."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from importlib.metadata import version
from typing import Any

from pipelines.execute.failures import Failure, with_first_tracebacks
from pipelines.execute.ownership import Claim, is_in, move_in, require, take
from pipelines.execute.reading import Listing
from pipelines.execute.step import Count
from pipelines.execute.writer import Shard, Target, write_shard
from pipelines.formats import storage
from pipelines.formats.licences import NOT_STATED, different
from pipelines.formats.shards import ERRORS, MANIFEST, META
from pipelines.formats.supervisely import meta_json
from pipelines.graph.plan import Plan
from pipelines.sources import Project

# What decides the bytes of a dataset besides graph, seed and inputs.
_VERSIONED = ("apache-beam", "numpy", "opencv-python-headless", "pycocotools", "scipy", "shapely")


@dataclass(frozen=True)
class Dataset:
    """What is known of a dataset before its samples are: the first half of the manifest, and its meta."""

    target: Target
    manifest: dict[str, Any]
    meta: dict[str, Any]
    layers: tuple[tuple[str, str, tuple[str, ...]], ...] = field(default=())
    """(id, action, outputs) of each layer, in the order of the file."""


def describe(
    plan: Plan,
    listing: Listing,
    projects: Mapping[str, Project],
    seed: int,
    target: Target,
    licences: Mapping[str, Sequence[str]] | None = None,
) -> Dataset:
    """What a run will save, before it starts. licences: what people say of the projects, besides what layouts say."""
    used = sorted({layer.selection.project for layer in plan.sources if layer.selection})
    inputs = {
        name: {"layout": projects[name].layout, "images": sum(origin.project == name for origin in listing.origins)}
        | ({"passed_over": dict(listing.passed_over[name])} if name in listing.passed_over else {})
        for name in used
    }
    names = "\n".join([*map(str, listing.origins), *(repr(projects[name].meta.titles) for name in used)])
    manifest = {
        "dataset": target.dataset,
        "seed": seed,
        "graph": json.loads(plan.text),
        "graph_sha256": sha256(plan.text.encode()).hexdigest(),
        "inputs": {"projects": inputs, "sha256": sha256(names.encode()).hexdigest()},
        "licences": _licences(used, listing, projects, licences or {}),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in _VERSIONED}},
    }
    layers = tuple(
        (layer.id, layer.action.word, layer.dst) for layer in sorted(plan.layers, key=lambda layer: layer.number)
    )
    return Dataset(target, manifest, meta_json(plan.sink.meta), layers)


def _licences(
    used: Iterable[str], listing: Listing, projects: Mapping[str, Project], said: Mapping[str, Sequence[str]]
) -> dict[str, list[str]]:
    """The licences of those projects of which any is known. What is said fills a gap, and takes away nothing else."""
    found = {}
    for name in used:
        own = projects[name].licences(sorted({origin.dataset for origin in listing.origins if origin.project == name}))
        if name in said:
            own = different([*(text for text in own if text != NOT_STATED), *said[name]])
        if own:
            found[name] = list(own)
    return found


def start(dataset: Dataset) -> Claim:
    """Claim the dataset's place. Raises `Occupied` where another run of this machine has it."""
    return take(dataset.target.place)


def finish(dataset: Dataset, shards: Iterable[Shard], counts: Mapping[str, Count], failures: Iterable[Failure]) -> None:
    """Write what spans all shards, with the manifest as the last, and put the dataset in place.

    Done twice it gives the same files: a retried end is no harm. Raises `CannotGoOn` when the place is not the run's any more.
    """
    target = dataset.target
    require(target.place)
    nothing_left = not storage.sizes(target.place.parts)
    written = {shard.number: shard for shard in shards}
    # A set of shards has no gaps.
    complete = [written.get(number) or write_shard(target, number, ())[0] for number in range(target.shards)]
    told = sorted(with_first_tracebacks(list(failures)), key=lambda failure: (failure.line, failure.traceback))
    lines = [json.dumps(failure.record(), ensure_ascii=False) for failure in told]
    manifest = dataset.manifest | {
        "samples": sum(shard.samples for shard in complete),
        "errors": len(lines),
        "shards": [shard.record() for shard in complete],
        "funnel": funnel(dataset, counts),
    }
    if nothing_left and is_in(target.place, _json(manifest)):
        return
    files = target.writer().finish(complete)
    storage.write_bytes(target.part(META), _json(dataset.meta))
    storage.write_bytes(target.part(ERRORS), "".join(f"{line}\n" for line in lines).encode())
    storage.write_bytes(target.part(MANIFEST), _json(manifest))
    sizes = {shard.file: shard.bytes for shard in complete}
    move_in(target.place, {**files, META: META, ERRORS: ERRORS, MANIFEST: MANIFEST}, sizes)


def funnel(dataset: Dataset, counts: Mapping[str, Count]) -> list[dict[str, Any]]:
    """What each layer took, made, dropped and failed on; `out` by the name of the output."""
    rows = []
    for layer_id, action, outputs in dataset.layers:
        count = counts.get(layer_id, Count())
        out = dict.fromkeys(outputs, 0)
        for name, made in zip(outputs, count.out, strict=False):
            out[name] += made
        rows.append(
            {
                "layer": layer_id,
                "action": action,
                "in": count.taken,
                "out": out,
                "dropped": count.dropped,
                "failed": count.failed,
            }
            | ({"left_out": dict(sorted(count.left_out.items()))} if count.left_out else {})
        )
    return rows


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()
