"""The end of a run: the index of all shards, the list of errors, and the manifest that declares the dataset finished."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from importlib.metadata import version
from typing import Any

import pyarrow.parquet as pq

from pipelines.execute.failures import Failure, with_first_tracebacks
from pipelines.execute.reading import Listing
from pipelines.execute.step import Count
from pipelines.execute.writer import Shard, Target
from pipelines.formats import storage
from pipelines.formats.index import INDEX_SCHEMA, read_parquet
from pipelines.formats.licences import NOT_STATED, different
from pipelines.formats.shards import ERRORS, INDEX, MANIFEST, META, TarWriter, shard_name
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


def start(dataset: Dataset) -> None:
    """Make the folder and write the meta, which is complete even when no sample survives."""
    storage.make_folder(dataset.target.folder)
    storage.write_bytes(storage.join(dataset.target.folder, META), _json(dataset.meta))


def finish(dataset: Dataset, shards: Iterable[Shard], counts: Mapping[str, Count], failures: Iterable[Failure]) -> None:
    """Join the shards' index rows, write errors and manifest. Done twice it gives the same files: a retried end is no harm."""
    target = dataset.target
    manifest_file = storage.join(target.folder, MANIFEST)
    if storage.exists(manifest_file):
        return
    written = {shard.number: shard for shard in shards}
    complete = [written.get(number) or _empty_shard(target, number) for number in range(target.shards)]
    with storage.appearing(storage.join(target.folder, INDEX)) as file, pq.ParquetWriter(file, INDEX_SCHEMA) as index:
        for number in sorted(written):
            index.write_table(read_parquet(target.index_part(number)))
    told = sorted(with_first_tracebacks(list(failures)), key=lambda failure: (failure.line, failure.traceback))
    lines = [json.dumps(failure.record(), ensure_ascii=False) for failure in told]
    storage.write_bytes(storage.join(target.folder, ERRORS), "".join(f"{line}\n" for line in lines).encode())
    manifest = dataset.manifest | {
        "samples": sum(shard.samples for shard in complete),
        "errors": len(lines),
        "shards": [shard.record() for shard in complete],
        "funnel": funnel(dataset, counts),
    }
    storage.write_bytes(manifest_file, _json(manifest))
    for number in written:
        storage.remove(target.index_part(number))


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
        )
    return rows


def _empty_shard(target: Target, number: int) -> Shard:
    """A tar without members: a set of shards has no gaps."""
    with storage.appearing(target.shard_file(number)) as file:
        tar = TarWriter(file)
        digest = tar.close()
    return Shard(number, shard_name(target.dataset, number, target.shards), digest, tar.position, 0)


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()
