"""A graph run on Beam like a function call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipelines.execute.options import read_options
from pipelines.execute.run import Settings, run
from pipelines.formats.shards import ShardedDataset
from pipelines.sources import Project
from tests.support import compiled


def beam_run(
    graph: Any,
    projects: Mapping[str, Project],
    output: Path,
    options: Sequence[str] = (),
    **settings: Any,
) -> ShardedDataset:
    """Run a graph (layers or text) on Beam, in this process unless the options say otherwise; returns the finished dataset."""
    plan = compiled(graph, projects)
    return run(plan, projects, Settings(str(output), **settings), read_options(list(options), ()))
