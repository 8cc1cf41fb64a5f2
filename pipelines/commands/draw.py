"""`draw`: a graph as a picture, with the counts of a run where there was one."""

from __future__ import annotations

import argparse
import sys

from pipelines.commands.arguments import add_graph, read_plan, read_projects
from pipelines.errors import UserError, shown
from pipelines.formats import storage
from pipelines.formats.shards import MANIFEST, open_dataset
from pipelines.graph.plan import Plan
from pipelines.pictures.graph_mermaid import mermaid
from pipelines.pictures.graph_outline import AnotherGraph, Outline, outline
from pipelines.pictures.graph_svg import svg

_FORMATS = {"svg": svg, "mermaid": mermaid}
_SUFFIXES = {"svg": "svg", "mmd": "mermaid"}

EPILOG = """\
examples:
  python -m pipelines draw configs/graphs/pascal_voc.json --output graph.svg
  python -m pipelines draw configs/graphs/pascal_voc.json --output graph.svg --manifest out     with the counts of that run
  python -m pipelines draw configs/graphs/pascal_voc.json --format mermaid                      text for a Markdown file

Boxes are layers, yellow diamonds are decisions, a box with an edge behind it can make several samples of one. What no layer
reads is grey. In a browser the SVG shows a layer's settings when the mouse rests on it.
"""

DESCRIPTION = "Draw a graph as SVG or Mermaid: its layers from top to bottom, connections by name, settings in words."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    add_graph(parser, projects_required=False)
    parser.add_argument(
        "--manifest",
        metavar="DATASET",
        help="a dataset this graph made, or its OUTPUT folder: show how many samples went where",
    )
    parser.add_argument(
        "--output", metavar="FILE", help="FILE.svg or FILE.mmd (default: the text goes to standard output)"
    )
    parser.add_argument("--format", choices=tuple(_FORMATS), help="default: by the output's name, else svg")


def run(arguments: argparse.Namespace) -> int:
    form = _form(arguments.format, arguments.output)
    plan = read_plan(arguments, read_projects(arguments) if arguments.project else None)
    drawing = _FORMATS[form](_outline(plan, arguments.manifest))
    if arguments.output is None:
        sys.stdout.write(drawing)
        return 0
    with shown(OSError):
        storage.write_bytes(arguments.output, drawing.encode())
    print(f"{len(plan.layers)} layers drawn: {arguments.output}")
    return 0


def _form(chosen: str | None, output: str | None) -> str:
    suffix = output.rsplit(".", 1)[-1].lower() if output else "svg"
    if chosen is None and suffix not in _SUFFIXES:
        raise UserError(
            f"--output {output}: the name ends neither in .svg nor in .mmd; use one of them, or say --format svg or mermaid"
        )
    return chosen or _SUFFIXES[suffix]


def _outline(plan: Plan, location: str | None) -> Outline:
    if location is None:
        return outline(plan)
    dataset = open_dataset(location.removesuffix(f"/{MANIFEST}"))
    try:
        return outline(plan, dataset.manifest)
    except AnotherGraph as error:
        raise UserError(
            f"--manifest {location}: {dataset.root} was made by another graph than {plan.file}: {error}; "
            "draw the graph it was made by, or leave out --manifest"
        ) from None
