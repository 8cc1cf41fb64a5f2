"""`check`: everything wrong with a graph, without reading an image."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sized
from typing import Any

from pipelines.commands.arguments import add_graph, read_projects
from pipelines.errors import shown
from pipelines.graph.check import check
from pipelines.graph.problems import GraphError, printable
from pipelines.graph.spec import read_graph
from pipelines.meta import Meta

EPILOG = """\
example:
  python -m pipelines check configs/graphs/pascal_voc.json --project PascalVOC=data/VOC2012

Without --project the layers, their settings and connections are checked; with it also datasets, classes and tags.
The exit code is 0 when there is no error (warnings are allowed), else 1.
"""

DESCRIPTION = "Check a graph and name all its problems at once, each with its line. No image is read."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    add_graph(parser, projects_required=False)


def run(arguments: argparse.Namespace) -> int:
    projects = read_projects(arguments) if arguments.project else None
    with shown(GraphError):
        checked = check(read_graph(arguments.graph), projects)
    for problem in checked.problems:
        say(str(problem))
    if checked.plan is None:
        say(f"{arguments.graph}: {_count(checked.errors, 'error')}, {_count(checked.warnings, 'warning')}")
        return 1
    say(f"{arguments.graph}: {len(checked.plan.layers)} layers, no error, {_count(checked.warnings, 'warning')}")
    if projects is None:
        needed = " ".join(f"--project {name}=LOCATION" for name in _projects(checked.plan))
        say(f"  classes and datasets were not checked; add {needed}")
    else:
        for line in _result(checked.plan.sink.dst[0], checked.plan.sink.meta):
            say(line)
    for layer, name in checked.plan.dead_ends:
        text = f"  {name} of layer {layer.number} ({layer.action.word}) is read by no layer: samples sent there are discarded"
        say(text)
    return 0


def say(text: str) -> None:
    """Print a line; names in a graph may hold any characters."""
    print(printable(text))


def _result(name: str, meta: Meta) -> Iterator[str]:
    yield f"  result: {name}"
    yield f"  classes: {', '.join(f'{spec.title} ({spec.shape})' for spec in meta.classes) or 'none'}"
    yield f"  tags: {', '.join(spec.name for spec in meta.tags) or 'none'}"


def _count(found: Sized, name: str) -> str:
    return f"{len(found)} {name}{'' if len(found) == 1 else 's'}"


def _projects(plan: Any) -> list[str]:
    return sorted({layer.selection.project for layer in plan.sources})
