"""A whole run: check, list, execute on Beam, and say what came of it."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from pipelines.actions import Sink
from pipelines.actions.supervisely import Supervisely
from pipelines.errors import UserError
from pipelines.execute import local_memory, on_beam
from pipelines.execute.failures import CannotGoOn
from pipelines.execute.finish import describe, start
from pipelines.execute.options import runs_here
from pipelines.execute.progress import Bars
from pipelines.execute.reading import list_images
from pipelines.execute.writer import Target
from pipelines.formats import storage
from pipelines.formats.shards import MANIFEST, ShardedDataset, open_dataset
from pipelines.graph.plan import Plan
from pipelines.sources import Project

# What a run writes into a dataset's folder, whole or, under a temporary name, in part.
_OURS = re.compile(
    r"(meta\.json|samples\.parquet|manifest\.json|errors\.jsonl|.+-\d{5}-of-\d{5}\.tar|\.index-\d{5}\.parquet|\..+\.[0-9a-f]{32})"
)

IMAGES_A_SHARD, FEWEST_SHARDS = 50, 8


class RunError(ValueError):
    """A run that cannot start."""


class RunFailed(UserError):
    """A run that started and could not go on."""

    status = 1


@dataclass(frozen=True)
class Settings:
    """What people choose besides graph and projects. `shards` None: one for every fifty images, at least eight. `licences`: of
    the images, by project."""

    output: str
    seed: int = 0
    shards: int | None = None
    overwrite: bool = False
    licences: Mapping[str, Sequence[str]] = field(default_factory=dict)


def run(plan: Plan, projects: Mapping[str, Project], settings: Settings, options: PipelineOptions) -> ShardedDataset:
    """Run a plan; returns the finished dataset. Raises `RunError` when it cannot start."""
    listing = list_images(plan, projects)
    if not listing.entries:
        raise RunError("the graph's data layers take no image: the datasets they name are empty")
    shards = settings.shards or max(FEWEST_SHARDS, ceil(len(listing.entries) / IMAGES_A_SHARD))
    name = plan.sink.dst[0]
    folder = storage.join(settings.output, name)
    prepare(folder, settings.overwrite)
    target = target_of(plan, folder, shards)
    dataset = describe(plan, listing, projects, settings.seed, target, settings.licences)
    start(dataset)
    if runs_here(options):
        local_memory.keep_small()
    with tempfile.TemporaryDirectory(prefix="progress-") as progress, Bars(progress, len(listing.entries)):
        pipeline = beam.Pipeline(options=options)
        shared = progress if runs_here(options) else None
        on_beam.build(pipeline, plan, listing, projects, dataset, settings.seed, shared)
        # The pipeline has the list in compressed form; a kilobyte an image need not wait for its end.
        del listing
        try:
            pipeline.run().wait_until_finish()
        except Exception as error:
            if words := CannotGoOn.words_in(error):
                raise RunFailed(f"the run failed: {words}") from error
            raise
    return open_dataset(folder)


def target_of(plan: Plan, folder: str, shards: int) -> Target:
    """Where and how a plan saves."""
    sink = plan.sink
    action = sink.action if isinstance(sink.action, Sink) else Supervisely()
    return Target(folder, sink.dst[0], shards, sink.id, plan.samples_per_image <= 1, action, sink.meta)


def prepare(folder: str, overwrite: bool) -> None:
    """Make room for a dataset: refuse a finished one unless told otherwise, clean an unfinished or empty one, no more."""
    found = storage.names(folder)
    if not found:
        return
    if MANIFEST in found and not overwrite and len(open_dataset(folder)):
        raise RunError(
            f"{folder} holds a finished dataset already; choose another --output, or replace it with --overwrite"
        )
    foreign = [name for name in found if not _OURS.fullmatch(name)]
    if foreign:
        raise RunError(
            f"{folder} holds files that are no dataset's ({', '.join(foreign[:3])}); choose another --output"
        )
    storage.remove(folder)


def verdict(manifest: Mapping[str, Any], max_errors: float) -> str | None:
    """What makes a finished run a failure, if anything: nothing saved, or too large a share of images with errors."""
    images = sum(project["images"] for project in manifest["inputs"]["projects"].values())
    errors = manifest["errors"]
    if not manifest["samples"]:
        return f"no sample was saved from {images} images: {_where_it_ended(manifest)}"
    if errors > max_errors * images:
        return f"{errors} errors on {images} images are more than --max-errors {max_errors:g} allows; see errors.jsonl"
    return None


def _where_it_ended(manifest: Mapping[str, Any]) -> str:
    for row in manifest["funnel"]:
        if row["failed"] and row["failed"] == row["in"]:
            return f"all of them failed in {row['layer']!r}; see errors.jsonl"
    dry = next((row for row in manifest["funnel"] if row["in"] and not any(row["out"].values())), None)
    if dry:
        return f"the layer {dry['layer']!r} took {dry['in']} samples and let none through"
    return "every sample went to an output that nobody reads; see the table above"


def funnel_table(manifest: Mapping[str, Any]) -> str:
    """The funnel as aligned text, one line a layer."""
    read = {name for layer in manifest["graph"] for name in _listed(layer["src"])}
    rows = [("layer", "in", "out", "dropped", "failed", "")]
    for row in manifest["funnel"]:
        out = row["out"]
        split = ", ".join(f"{name} {made:,}" for name, made in out.items()) if len(out) > 1 else ""
        lost = [name for name in out if len(out) > 1 and name not in read]
        note = split + (f" ({', '.join(lost)} discarded)" if lost else "")
        name = row["action"] if len(out) > 1 else row["layer"]
        rows.append(
            (name, f"{row['in']:,}", f"{sum(out.values()):,}", f"{row['dropped']:,}", f"{row['failed']:,}", note)
        )
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    return "\n".join(_table_line(row, widths) for row in rows)


def _table_line(row: tuple[str, ...], widths: list[int]) -> str:
    numbers = (f"{cell:>{width}}" for cell, width in zip(row[1:5], widths[1:], strict=True))
    return "  ".join((f"{row[0]:<{widths[0]}}", *numbers, row[5])).rstrip()


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
