"""`run`: a graph over its projects into a sharded dataset."""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any

from pipelines.commands.arguments import add_graph, read_licences, read_plan, read_projects
from pipelines.errors import shown
from pipelines.formats.licences import NOT_STATED, as_text
from pipelines.graph.problems import printable
from pipelines.sources import SourceError

_OWN = ("--project", "--project_id", "--output", "--seed", "--shards", "--licence", "--max-errors", "--overwrite")

EPILOG = """\
examples:
  python -m pipelines run configs/graphs/pascal_voc.json --project PascalVOC=data/VOC2012 --output out
  python -m pipelines run ... --direct_running_mode=multi_processing --direct_num_workers=8   all cores of this machine
  python -m pipelines run ... --runner=FlinkRunner --flink_master=HOST:8081                   a Flink cluster
  python -m pipelines run ... --runner=DataflowRunner --project_id ...                        Dataflow: docs/guides/running.md

Any option of Beam can be given. Graph, seed and inputs decide every byte of the result: the number of workers does not.
The dataset is OUTPUT/<name the graph gives it>; see docs/reference/datasets.md for what is in it.
"""

DESCRIPTION = "Run a graph over labelled images and write a sharded dataset, on this machine or any Beam runner."

PASSES_ON = True
"""Any option of Beam can be given."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    add_graph(parser)
    parser.add_argument(
        "--output", required=True, metavar="DIR", help="folder (or address) below which the dataset is written"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="decides every random draw (default 0)")
    parser.add_argument(
        "--shards", type=_positive, metavar="N", help="number of shards (default: one for every 50 images, at least 8)"
    )
    parser.add_argument(
        "--licence",
        "--license",
        dest="licences",
        action="append",
        default=[],
        metavar="NAME=TEXT",
        help="licence of a project's images, an SPDX identifier such as CC-BY-4.0 or words; kept in manifest.json, and on the "
        "card of what is trained on the result. Repeat for more; COCO files and earlier results say theirs themselves",
    )
    parser.add_argument(
        "--max-errors",
        type=_share,
        default=0.01,
        metavar="R",
        help="share of images that may fail before the run counts as failed (default 0.01); see errors.jsonl",
    )
    parser.add_argument(
        "--project_id", metavar="ID", help="cloud project of a Dataflow job, which Beam itself calls --project"
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="replace a finished dataset of that name, once the new one is whole"
    )


def run(arguments: argparse.Namespace) -> int:
    # What Beam logs of its own optional parts says nothing to the people who run a graph.
    logging.getLogger().setLevel(logging.ERROR)
    # Beam takes seconds to import; the other commands, and --help, do without.
    from pipelines.execute.options import BadOption, read_options
    from pipelines.execute.run import RunError, Settings, funnel_table, verdict
    from pipelines.execute.run import run as execute

    with shown(BadOption):
        cloud = [f"--project={arguments.project_id}"] if arguments.project_id else []
        options = read_options([*arguments.rest, *cloud], _OWN)
    projects = read_projects(arguments)
    licences = read_licences(arguments.licences, projects)
    plan = read_plan(arguments, projects)
    settings = Settings(arguments.output, arguments.seed, arguments.shards, arguments.overwrite, licences)
    started = time.monotonic()
    with shown(RunError, SourceError, OSError):
        dataset = execute(plan, projects, settings, options)
    manifest = dataset.manifest
    print(printable(funnel_table(manifest)))
    used = sum(1 for shard in manifest["shards"] if shard["samples"])
    megabytes = sum(shard["bytes"] for shard in manifest["shards"]) / 1e6
    print(
        f"\n{manifest['samples']:,} samples in {len(manifest['shards'])} shards ({used} with samples, {megabytes:.1f} MB), "
        f"{manifest['errors']} errors, {time.monotonic() - started:.0f} s: {dataset.root}"
    )
    hint = (
        " (say it with --licence NAME=TEXT)" if any(NOT_STATED in texts for texts in dataset.licences.values()) else ""
    )
    print(printable(f"licences: {as_text(dataset.licences)}{hint}"))
    for line in _left_out(manifest):
        print(printable(line))
    if problem := verdict(manifest, arguments.max_errors):
        print(f"failed: {problem}", file=sys.stderr)
        return 1
    print(f"look at it: python -m pipelines preview {arguments.output}")
    return 0


def _left_out(manifest: Mapping[str, Any]) -> Iterator[str]:
    """What the projects have that is not in the samples: a line for each kind of file, of entry and of object."""
    for name, project in manifest["inputs"]["projects"].items():
        for what, count in project.get("passed_over", {}).items():
            yield f"{name}: {count:,} {what}"
    for row in manifest["funnel"]:
        for what, count in row.get("left_out", {}).items():
            yield f"{row['layer']}: {count:,} {what}"


def _positive(text: str) -> int:
    value = int(text) if text.isdigit() else 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"found {text!r}, a whole number of at least 1 is expected")
    return value


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(
            f"found {text!r}, a share from 0 to 1 is expected, e.g. 0.01 for one in a hundred"
        )
    return value
