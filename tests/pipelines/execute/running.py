"""A graph run on Beam like a function call, and what its output must be."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipelines.execute.options import read_options
from pipelines.execute.run import Settings, run
from pipelines.formats import storage
from pipelines.formats.shards import ShardedDataset, open_dataset
from pipelines.sources import Project
from tests.support import compiled, tree


def beam_run(
    graph: Any,
    projects: Mapping[str, Project],
    output: Path | str,
    options: Sequence[str] = (),
    **settings: Any,
) -> ShardedDataset:
    """Run a graph (layers or text) on Beam, in this process unless the options say otherwise; returns the finished dataset."""
    plan = compiled(graph, projects)
    return run(plan, projects, Settings(str(output), **settings), read_options(list(options), ()))


def content(output: str) -> dict[str, bytes]:
    """Every file below a folder, hidden ones too."""
    if storage.is_local(output):
        return tree(Path(output))
    fs, path = storage.file_system(output)
    return {name.removeprefix(path): fs.cat_file(name) for name in fs.find(path)}


def assert_whole(output: str, samples: int, expected: dict[str, bytes] | None = None) -> None:
    """The dataset is of one run, as its manifest and index say, and nothing lies beside it."""
    dataset = open_dataset(output)
    assert len(dataset) == len(dataset.index) == samples
    assert storage.names(output) == ["out"]
    for shard in dataset.manifest["shards"]:
        assert len(storage.read_bytes(storage.join(dataset.root, shard["file"]))) == shard["bytes"]
    for number, row in enumerate(dataset.index.to_pylist()):
        assert json.loads(dataset.read(number).annotation_bytes)["size"] == {
            "height": row["height"],
            "width": row["width"],
        }
    if expected is not None:
        assert content(output) == expected
