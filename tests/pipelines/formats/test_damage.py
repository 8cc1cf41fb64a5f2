"""Damaged datasets are told in words by every command that reads one, and never half read."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from model.__main__ import main as model
from pipelines.__main__ import main as pipelines
from pipelines.formats.shards import INDEX, MANIFEST, META
from tests.model.datasets import tiny_dataset


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_dataset(tmp_path_factory.mktemp("whole") / "tiny", train=3, val=1)


def manifest(change: Callable[[Any], Any]) -> Callable[[Path], None]:
    """Rewrite the manifest."""

    def damage(root: Path) -> None:
        content = json.loads((root / MANIFEST).read_text())
        changed = change(content)
        (root / MANIFEST).write_text(json.dumps(content if changed is None else changed))

    return damage


def index(change: Callable[[pa.Table], pa.Table]) -> Callable[[Path], None]:
    """Rewrite the index."""
    return lambda root: pq.write_table(change(pq.read_table(root / INDEX)), root / INDEX)


def cut(name: str, left: int) -> Callable[[Path], None]:
    return lambda root: (root / name).write_bytes((root / name).read_bytes()[:left]) and None


DAMAGES: dict[str, tuple[Callable[[Path], Any], str]] = {
    "manifest cut": (cut(MANIFEST, 30), "manifest.json is damaged ("),
    "manifest of another kind": (manifest(lambda _: []), "manifest.json is damaged: it is a list and not an object"),
    "manifest empty": (manifest(lambda _: {}), '"samples" is None, a number is needed; "shards" is NoneType'),
    "too many samples": (manifest(lambda m: m.update(samples=10**9)), "is 1,000,000,000, but its shards have 4"),
    "a file elsewhere": (
        manifest(lambda m: m["shards"][0].update(file="../x.tar")),
        "is '../x.tar'; it is a name ending in",
    ),
    "no shards": (manifest(lambda m: m.update(shards=[], samples=0)), "has 4 rows, the manifest says 0 samples"),
    "a shard that is none": (manifest(lambda m: m.update(shards=[3])), "shard 0 is 3"),
    "index cut": (cut(INDEX, 200), "samples.parquet is damaged ("),
    "index gone": (lambda root: (root / INDEX).unlink(), "samples.parquet is not there; copy it again"),
    "index of another dataset": (index(lambda t: t.slice(1)), "has 3 rows, the manifest says 4 samples"),
    "index without places": (index(lambda t: t.drop_columns(["offset"])), "it has no column offset"),
    "index of other shards": (
        index(lambda t: t.set_column(t.schema.get_field_index("shard"), "shard", pa.array([7] * 4, pa.int32()))),
        "it names shards from 7 to 7, and there are 1",
    ),
    "index beyond the end": (
        index(lambda t: t.set_column(t.schema.get_field_index("offset"), "offset", pa.array([10**12] * 4))),
        "samples lie outside of their shards",
    ),
    "meta of another kind": (lambda root: (root / META).write_text("{}"), "meta.json is damaged (a project meta is"),
    "meta gone": (lambda root: (root / META).unlink(), "meta.json is not there; copy it again"),
}

ONLY_INDEX = {"meta of another kind", "meta gone"}
"""What `stats` does not read."""
ONLY_COUNTS = {
    "index of another dataset",
    "index without places",
    "index of other shards",
    "index beyond the end",
    "no shards",
}
"""What makes no difference to `stats`, which counts rows and opens no sample."""


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("command", ["preview", "stats", "unpack", "evaluate", "train"])
def test_damage_is_told(command: str, damage: str, whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    if (command == "stats" and damage in ONLY_INDEX | ONLY_COUNTS) or (command, damage) == ("preview", "no shards"):
        pytest.skip("it makes no difference there")
    root = tmp_path / "tiny"
    shutil.copytree(whole, root)
    DAMAGES[damage][0](root)
    status = {
        "preview": lambda: pipelines(["preview", str(root), "--output", str(tmp_path / "p.png")]),
        "stats": lambda: pipelines(["stats", str(root)]),
        "unpack": lambda: pipelines(["unpack", str(root), str(tmp_path / "out")]),
        "evaluate": lambda: model(["evaluate", "--data", str(root), "--baseline", "ellipse", "--max-clicks", "1"]),
        "train": lambda: model(
            [
                "train",
                "configs/train/demo.json",
                "--data",
                str(root),
                "--accelerator",
                "cpu",
                "--output",
                str(tmp_path / "run"),
            ]
        ),
    }[command]()
    said = capsys.readouterr().err
    assert DAMAGES[damage][1] in said
    assert status == 2
