"""A finished dataset: its files are a tar anybody can read, each sample is one range of bytes, and what is none says why."""

import io
import json
import pickle
import re
import shutil
import tarfile
import uuid
from pathlib import Path

import fsspec
import pytest

from pipelines.formats import storage
from pipelines.formats.index import INDEX_SCHEMA
from pipelines.formats.shards import NotADataset, ShardedDataset, TarWriter, iterate, open_dataset, shard_name
from pipelines.sources import bind
from tests.pipelines.execute.running import beam_run
from tests.support import chain, tiny_project


@pytest.fixture(scope="module")
def output(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("dataset")
    projects = bind([f"P={tiny_project(folder / 'input', 4)}"])
    beam_run(chain(("multiply", {"multiply": 2})), projects, folder / "output", shards=3)
    return folder / "output"


@pytest.fixture(scope="module")
def dataset(output) -> ShardedDataset:
    return open_dataset(str(output))


def members(output: Path) -> dict[str, bytes]:
    found = {}
    for shard in sorted((output / "out").glob("*.tar")):
        with tarfile.open(shard) as tar:
            for member in tar:
                assert (member.mtime, member.uid, member.gid, member.uname, member.gname) == (0, 0, 0, "", "")
                found[member.name] = tar.extractfile(member).read()
    return found


def test_reading_by_row_gives_what_the_tars_hold(output, dataset):
    expected = members(output)
    assert len(expected) == 2 * len(dataset) == 16
    for number, row in enumerate(dataset.index.to_pylist()):
        stored = dataset.read(number)
        assert stored.image_bytes == expected[f"{row['dataset']}/img/{row['name']}"]
        assert stored.annotation_bytes == expected[f"{row['dataset']}/ann/{row['name']}.json"]


def test_an_annotation_comes_right_after_its_image(output):
    names = list(members(output))
    for image, annotation in zip(names[0::2], names[1::2], strict=True):
        assert annotation == image.replace("/img/", "/ann/") + ".json"


def test_one_read_gets_both_files(dataset):
    for row in dataset.index.to_pylist():
        gap = row["annotation_offset"] - row["offset"] - row["image_length"]
        assert 512 <= gap < 1024, "padding and one header"


def test_the_index_describes_the_samples(dataset):
    assert dataset.index.schema.equals(INDEX_SCHEMA)
    for number, row in enumerate(dataset.index.to_pylist()):
        annotation = json.loads(dataset.read(number).annotation_bytes)
        assert row["classes"] == [entry["classTitle"] for entry in annotation["objects"]]
        assert (row["height"], row["width"]) == (annotation["size"]["height"], annotation["size"]["width"])
        assert row["tags"] == [tag["name"] for tag in annotation["tags"]]
        assert re.fullmatch("[0-9a-f]{32}", row["key"])
        assert row["recipe"] == "[]"


def test_iterating_is_reading_in_order(dataset):
    found = list(iterate(dataset))
    assert [row for row, _ in found] == dataset.index.to_pylist()
    assert [stored for _, stored in found] == [dataset.read(number) for number in range(len(dataset))]


def test_a_dataset_pickles_to_its_address(dataset):
    dataset.read(0)
    again = pickle.loads(pickle.dumps(dataset))
    assert len(pickle.dumps(dataset)) < 20_000
    assert [again.read(number) for number in range(len(again))] == [
        dataset.read(number) for number in range(len(dataset))
    ]
    assert again.digest == dataset.digest


def test_the_digest_is_that_of_the_samples(dataset):
    from hashlib import sha256

    hashes = [
        sha256(storage.read_bytes(storage.join(dataset.root, one["file"]))).hexdigest()
        for one in dataset.manifest["shards"]
    ]
    assert hashes == [one["sha256"] for one in dataset.manifest["shards"]]
    assert dataset.digest == sha256("".join(hashes).encode()).hexdigest()


def test_the_same_from_another_file_system(output, dataset):
    place = f"memory://copy-{uuid.uuid4().hex}"
    for path in (output / "out").iterdir():
        storage.write_bytes(storage.join(place, "out", path.name), path.read_bytes())
    copy = open_dataset(place)
    assert copy.index.equals(dataset.index)
    assert [copy.read(number) for number in range(len(copy))] == [
        dataset.read(number) for number in range(len(dataset))
    ]
    assert [stored for _, stored in iterate(copy)] == [stored for _, stored in iterate(dataset)]
    fsspec.filesystem("memory").rm(place, recursive=True)


def test_a_dataset_is_found_from_its_folder_or_the_one_above(output):
    assert open_dataset(str(output)).root == open_dataset(f"{output}/out/").root == f"{output}/out"


def test_what_is_no_dataset(output, tmp_path):
    import shutil

    def problem(place: Path) -> str:
        with pytest.raises(NotADataset) as caught:
            open_dataset(str(place))
        return str(caught.value)

    usage = "a dataset is what `python -m pipelines run` writes to its --output"
    assert problem(tmp_path / "missing") == f"{tmp_path}/missing does not exist; {usage}"
    assert problem(tmp_path) == f"{tmp_path} holds no manifest.json; {usage}"
    shutil.copytree(output / "out", tmp_path / "one")
    shutil.copytree(output / "out", tmp_path / "two")
    assert problem(tmp_path) == f"{tmp_path} holds 2 datasets: one, two; name one of them, e.g. {tmp_path}/one"
    (tmp_path / "one" / "manifest.json").unlink()
    assert problem(tmp_path / "one") == (
        f"{tmp_path}/one has 3 shards but no manifest.json: its run did not finish; run it again"
    )


@pytest.mark.parametrize("length", [0, 1, 511, 512, 513, 5000])
def test_the_tar_writer_knows_every_place(length):
    from hashlib import sha256

    file = io.BytesIO()
    tar = TarWriter(file)
    contents = {"ds/img/a.png": b"x" * length, "ds/ann/ü.json": b"{}", "ds/img/" + 90 * "long" + ".png": b"yy"}
    places = {name: tar.add(name, data) for name, data in contents.items()}
    assert tar.close() == sha256(file.getvalue()).hexdigest()
    assert tar.position == len(file.getvalue())
    for name, data in contents.items():
        assert file.getvalue()[places[name] : places[name] + len(data)] == data
    with tarfile.open(fileobj=io.BytesIO(file.getvalue())) as read:
        assert {member.name: read.extractfile(member).read() for member in read} == contents


def test_names_of_shards_sort_by_number():
    assert shard_name("smtool_dataset", 3, 16) == "smtool_dataset-00003-of-00016.tar"


def test_the_shards_and_the_meta_are_a_project(output, tmp_path):
    """Unpacked beside `meta.json`, the tars are a Supervisely project."""
    for shard in (output / "out").glob("*.tar"):
        with tarfile.open(shard) as tar:
            tar.extractall(tmp_path, filter="data")
    (tmp_path / "meta.json").write_bytes((output / "out" / "meta.json").read_bytes())
    project = bind([f"P={tmp_path}"])["P"]
    assert (project.layout, project.datasets) == ("supervisely", ("ds",))
    items = list(project.items("ds"))
    assert len(items) == 8
    assert all(len(project.read(item).figures) == 5 for item in items)


def test_a_shard_that_is_cut_off_is_named(dataset, tmp_path):
    copy = open_dataset(str(shutil.copytree(dataset.root, tmp_path / "copy")))
    shard = next(shard for shard in copy.manifest["shards"] if shard["samples"])
    with open(f"{copy.root}/{shard['file']}", "r+b") as file:
        file.truncate(600)
    with pytest.raises(NotADataset, match=f"{shard['file']} is cut off: the manifest says"):
        list(iterate(copy))


def test_a_damaged_manifest_is_named(tmp_path):
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(NotADataset, match=r"manifest\.json is damaged"):
        open_dataset(str(tmp_path))
