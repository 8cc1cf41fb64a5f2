"""Finished datasets as input: read in place, and the same samples as the unpacked project."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.formats.shards import open_dataset
from pipelines.sources import SourceError, bind, list_items
from pipelines.sources.shards import Shards
from tests.pipelines.execute.running import beam_run
from tests.pipelines.sources.example import Example
from tests.pipelines.sources.test_supervisely import example as supervisely_example
from tests.support import chain, tiny_project


def example(root: Path) -> Example:
    project = supervisely_example(root.with_name("input"))
    beam_run(chain(), bind([f"P={project.location}"]), root)
    return replace(project, location=root / "out", titles=project.titles, tags=project.tags)


@pytest.fixture(scope="module")
def output(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shards")
    projects = bind([f"P={tiny_project(folder / 'input')}"])
    beam_run(chain(("multiply", {"multiply": 2})), projects, folder / "out")
    return folder / "out"


def test_a_dataset_is_found_from_the_output_folder(output):
    one, other = bind([f"P={output}"])["P"], bind([f"P={output}/out"])["P"]
    assert isinstance(one, Shards)
    assert (one.layout, one.datasets, one.meta) == ("shards", ("ds",), other.meta)
    assert one.meta == open_dataset(str(output)).meta


def test_every_image_comes_with_its_annotation(output):
    project = bind([f"P={output}"])["P"]
    items = list(project.items("ds"))
    stored = open_dataset(str(output))
    assert [item.file for item in items] == sorted(stored.index["name"].to_pylist())
    classes = {row["name"]: row["classes"] for row in stored.index.to_pylist()}
    for item in items:
        annotation = project.read(item)
        assert [figure.title for figure in annotation.figures] == classes[item.file]
        assert annotation.size == (40, 60)


def test_a_run_over_shards_equals_a_run_over_what_they_were_made_of(output, tmp_path):
    second = beam_run(chain(("flip", {"axis": "vertical"})), bind([f"P={output}"]), tmp_path / "second")
    assert len(second) == 6
    names = sorted(second.index["name"].to_pylist())
    assert names == sorted(open_dataset(str(output)).index["name"].to_pylist()), "one sample an image: names are kept"


@pytest.mark.parametrize(
    ("projects", "stated", "expected"),
    [
        (["A", "B"], {"A": ["CC0", "MIT"], "B": ["CC0"]}, ("CC0", "MIT")),
        (["A", "B"], {"B": ["MIT"]}, ("not stated", "MIT")),
        (["A", "B"], {}, ()),
        (["A", "B"], None, ()),
    ],
)
def test_the_licences_of_what_a_dataset_was_made_of_go_with_it(output, tmp_path, projects, stated, expected):
    copy = shutil.copytree(output / "out", tmp_path / "out")
    manifest = json.loads((copy / "manifest.json").read_text())
    assert manifest.pop("licences") == {}
    manifest["inputs"]["projects"] = {name: {"layout": "voc", "images": 1} for name in projects}
    (copy / "manifest.json").write_text(json.dumps(manifest | ({} if stated is None else {"licences": stated})))
    assert bind([f"D={copy}"])["D"].licences(["ds"]) == expected


def test_an_unfinished_dataset_is_refused(output, tmp_path):
    (tmp_path / "x-00000-of-00001.tar").write_bytes(b"")
    with pytest.raises(SourceError, match=r"1 shards but no manifest\.json: its run did not finish"):
        Shards.open("P", str(tmp_path))


def test_the_listing_holds_no_bytes_only_places(output):
    project = bind([f"P={output}"])["P"]
    item = next(iter(project.items("ds")))
    assert "#bytes=" in item.image
    assert "#bytes=" in item.labels[0]
    assert len(json.dumps(item.labels)) < 400
    assert len(list(list_items({}, []))) == 0
