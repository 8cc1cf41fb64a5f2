"""A whole run: check, list, execute on Beam, and say what came of it."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from pipelines.actions import Sink
from pipelines.actions.supervisely import Supervisely
from pipelines.execute import local_memory, on_beam
from pipelines.execute.finish import Dataset, describe, start
from pipelines.execute.options import runs_here
from pipelines.execute.ownership import Occupied, find_room
from pipelines.execute.progress import Bars
from pipelines.execute.reading import list_images
from pipelines.execute.submission import GoesOn, name_job, wait_for
from pipelines.execute.writer import Target
from pipelines.formats import storage
from pipelines.formats.shards import ShardedDataset, open_dataset
from pipelines.graph.plan import Plan
from pipelines.sources import Project

IMAGES_A_SHARD, FEWEST_SHARDS = 50, 8


class RunError(ValueError):
    """A run that cannot start."""


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
    target = target_of(plan, folder, shards)
    dataset = describe(plan, listing, projects, settings.seed, target, settings.licences)
    try:
        find_room(target.place, settings.overwrite)
        with tempfile.TemporaryDirectory(prefix="progress-") as progress, Bars(progress, len(listing.entries)):
            name_job(options, f"smart-tool-{target.run}")
            pipeline = beam.Pipeline(options=options)
            shared = progress if runs_here(options) else None
            on_beam.build(pipeline, plan, listing, projects, dataset, settings.seed, shared)
            # The pipeline has the list in compressed form; a kilobyte an image need not wait for its end.
            del listing
            if runs_here(options):
                local_memory.keep_small()
            _run_as_owner(pipeline, options, dataset)
    except Occupied as error:
        raise RunError(str(error)) from None
    return open_dataset(folder)


def _run_as_owner(pipeline: beam.Pipeline, options: PipelineOptions, dataset: Dataset) -> None:
    claim = start(dataset)
    if claim.ousted:
        print(f"{claim.ousted} has not ended: {dataset.target.folder} is this run's from now on", file=sys.stderr)
    try:
        wait_for(pipeline, options)
    except GoesOn:
        claim.let_go()
        raise
    except BaseException:
        claim.give_back()
        raise
    claim.give_back()


def target_of(plan: Plan, folder: str, shards: int) -> Target:
    """Where and how a plan saves."""
    sink = plan.sink
    action = sink.action if isinstance(sink.action, Sink) else Supervisely()
    return Target(folder, sink.dst[0], shards, sink.id, plan.samples_per_image <= 1, action, sink.meta)


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
