"""Arguments that several commands share, and what they are read into."""

from __future__ import annotations

import argparse
import sys

from pipelines.errors import UserError, shown
from pipelines.graph.check import check
from pipelines.graph.plan import Plan
from pipelines.graph.problems import GraphError
from pipelines.graph.spec import read_graph
from pipelines.meta import nearest
from pipelines.sources import Project, SourceError, bind, layout_words

PROJECT_HELP = f"""\
where a project of the graph lies; once for each. The layout is found out, or given as NAME=LAYOUT:LOCATION
({", ".join(layout_words())}). A location is a folder or an fsspec address such as gs://bucket/folder"""


def add_graph(parser: argparse.ArgumentParser, projects_required: bool = True) -> None:
    """The graph and the projects it reads."""
    parser.add_argument("graph", metavar="GRAPH", help="a JSON file with a list of layers")
    parser.add_argument(
        "--project", action="append", default=[], metavar="NAME=LOCATION", required=projects_required, help=PROJECT_HELP
    )


def read_projects(arguments: argparse.Namespace) -> dict[str, Project]:
    with shown(SourceError, OSError):
        return bind(arguments.project)


def read_licences(stated: list[str], projects: dict[str, Project]) -> dict[str, list[str]]:
    """The licences of `NAME=TEXT` texts, by project. Raises `UserError` with all problems at once."""
    licences: dict[str, list[str]] = {}
    problems = []
    for given in stated:
        name, _, text = given.partition("=")
        if not name or not text.strip():
            problems.append(
                f"--licence {given}: found no NAME=TEXT; write e.g. --licence {next(iter(projects))}=CC-BY-4.0 "
                'or --licence NAME="research only"'
            )
        elif name not in projects:
            problems.append(
                f"--licence {given}: there is no project {name!r}{nearest(name, projects)}; "
                f"given with --project are {', '.join(projects)}"
            )
        else:
            licences.setdefault(name, []).append(" ".join(text.split()))
    if problems:
        raise UserError("\n".join(problems))
    return licences


def read_plan(arguments: argparse.Namespace, projects: dict[str, Project] | None) -> Plan:
    """The plan of the graph that was named. Warnings go to stderr; with an error nothing is run."""
    with shown(GraphError):
        checked = check(read_graph(arguments.graph), projects)
    if checked.plan is None:
        count = len(checked.errors)
        raise UserError("\n".join([*map(str, checked.problems), f"{count} error{'s' * (count > 1)}: nothing was run"]))
    for problem in checked.warnings:
        print(problem, file=sys.stderr)
    return checked.plan
