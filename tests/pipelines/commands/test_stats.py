"""`stats`: numbers against a slow count over the annotations themselves, the two files, and what is refused."""

import json
import sys
from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from pipelines.formats.dataset_statistics import spread, statistics
from pipelines.formats.index import INDEX_SCHEMA
from pipelines.formats.shards import ShardedDataset, iterate, open_dataset
from tests.pipelines.commands.conftest import SIDE, SQUARE


def test_numbers_equal_a_count_over_all_annotations(workspace):
    dataset = open_dataset(str(workspace.crops))
    numbers = statistics(dataset).numbers
    tags, sources, areas = Counter(), Counter(), []
    for row, sample in iterate(dataset):
        annotation = json.loads(sample.annotation_bytes)
        tags.update(tag["name"] for tag in annotation["tags"])
        sources[row["source"]] += 1
        size = annotation["size"]["width"] * annotation["size"]["height"]
        areas += [100 * area / size for area in row["areas"]]
    assert numbers["samples"] == workspace.manifest["samples"] == sum(sources.values()) > 0
    assert numbers["tags"] == dict(tags.most_common())
    assert numbers["datasets"] == {"photos": len(dataset)}
    assert numbers["sources"]["images"] == 3
    assert numbers["sources"]["with_samples"] == len(sources)
    assert numbers["sources"]["samples_each"]["max"] == max(sources.values())
    assert numbers["object_area_percent"]["mean"] == pytest.approx(np.mean(areas))
    assert numbers["bytes"]["shards"] == sum(shard["bytes"] for shard in workspace.manifest["shards"])


def test_points_are_counted_and_have_no_area(workspace):
    found = statistics(open_dataset(str(workspace.plain)))
    left, top, right, bottom = SQUARE
    assert {title: values.tolist() for title, values in found.points.items()} == {"pos": [1, 1, 1], "neg": [1, 1, 1]}
    assert found.areas == pytest.approx([100 * (right - left) * (bottom - top) / SIDE**2] * 3)
    assert found.numbers["classes"]["neg"] == {"shape": "point", "figures": 3, "samples": 3}
    assert found.numbers["image_width"]["median"] == SIDE


def test_no_shard_is_read(workspace, tmp_path):
    whole = open_dataset(str(workspace.crops))
    (tmp_path / "samples.parquet").write_bytes((workspace.crops / "crops" / "samples.parquet").read_bytes())
    (tmp_path / "meta.json").write_bytes((workspace.crops / "crops" / "meta.json").read_bytes())
    assert statistics(ShardedDataset(str(tmp_path), whole.manifest)).numbers == statistics(whole).numbers


def test_a_dataset_without_samples_has_numbers_too(workspace, command, tmp_path):
    manifest = workspace.manifest | {"samples": 0, "shards": []}
    pq.write_table(pa.Table.from_pylist([], INDEX_SCHEMA), tmp_path / "samples.parquet")
    (tmp_path / "meta.json").write_bytes((workspace.crops / "crops" / "meta.json").read_bytes())
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    said = command("stats", tmp_path, "--output", tmp_path / "report")
    assert said.code == 0
    assert "crops: 0 samples from 0 of 3 images" in said.out
    assert json.loads((tmp_path / "report" / "stats.json").read_text())["object_area_percent"] is None


def test_table_and_files(workspace, command, tmp_path):
    said = command("stats", workspace.plain, "--output", tmp_path / "report")
    lines = said.out.splitlines()
    assert lines[0] == "plain: 3 samples from 3 of 3 images"
    assert "obj                     bitmap               3           3  100 %" in lines
    assert "pos points per sample                      1       1       1       1       1       1" in lines
    assert json.loads((tmp_path / "report" / "stats.json").read_text())["samples"] == 3
    page = Image.open(tmp_path / "report" / "stats.png")
    assert page.width > 1000
    assert len(page.convert("RGB").getcolors(1 << 24)) > 20


def test_without_output_nothing_is_written(workspace, command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert command("stats", workspace.plain).code == 0
    assert list(tmp_path.iterdir()) == []


def test_without_matplotlib_the_numbers_remain(workspace, command, tmp_path, monkeypatch):
    monkeypatch.delitem(sys.modules, "pipelines.pictures.statistics_page", raising=False)
    for name in [name for name in sys.modules if name.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)

    class Missing:
        def find_spec(self, name, path=None, target=None):
            if name.split(".")[0] == "matplotlib":
                raise ModuleNotFoundError("No module named 'matplotlib'", name="matplotlib")

    monkeypatch.setattr(sys, "meta_path", [Missing(), *sys.meta_path])
    said = command("stats", workspace.plain, "--output", tmp_path)
    assert said.code == 2
    assert "the plots need matplotlib, which is not installed; install this package with its extra `train`" in said.err
    assert [file.name for file in tmp_path.iterdir()] == ["stats.json"]


def test_the_dataset_itself_is_no_place_for_a_report(workspace, command):
    said = command("stats", workspace.plain, "--output", workspace.plain / "plain")
    assert said.code == 2
    assert "is the dataset itself, which holds nothing but its own files; name another folder" in said.err
    assert not (workspace.plain / "plain" / "stats.json").exists()


def test_an_unfinished_run_is_told_from_a_dataset(workspace, command, tmp_path):
    (tmp_path / "x-00000-of-00001.tar").write_bytes(b"")
    assert "1 shards but no manifest.json: its run did not finish" in command("stats", tmp_path).err


def test_spreads():
    assert spread(np.array([], np.int64)) is None
    found = spread(np.arange(101))
    assert found == {"min": 0, "p5": 5, "p25": 25, "median": 50, "p75": 75, "p95": 95, "max": 100, "mean": 50}
