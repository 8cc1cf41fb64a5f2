"""The end of a run: index, errors and manifest, the same however often it is retried."""

import json
from pathlib import Path

import pytest

from pipelines.execute.failures import Failure
from pipelines.execute.finish import describe, finish, funnel, start
from pipelines.execute.reading import list_images
from pipelines.execute.step import Count
from pipelines.execute.writer import Target, write_shard
from pipelines.formats.licences import NOT_STATED
from pipelines.formats.shards import open_dataset
from pipelines.sources import bind
from tests.support import compiled, layer, run, tiny_project

GRAPH = [
    layer("data", ["P/*"], "$a", {"classes_mapping": "default"}),
    layer("if", "$a", ["$b", "$dead"], {"condition": {"min_width": 5}}),
    layer("supervisely", "$b", "out"),
]


@pytest.fixture
def prepared(tmp_path):
    """A dataset to finish: its target, its shards written, its counts and failures."""
    projects = bind([f"P={tiny_project(tmp_path / 'input', 5)}"])
    plan = compiled(GRAPH, projects)
    listing = list_images(plan, projects)
    target = Target(str(tmp_path / "out"), "out", 3, plan.sink.id, keeps_names=True)
    dataset = describe(plan, listing, projects, 9, target)
    start(dataset)
    result = run(GRAPH, projects, 9)
    shards = []
    for number in range(3):
        own = [sample for sample in result.samples if target.shard_of(sample.origin) == number]
        if own:
            shards.append(write_shard(target, number, own)[0])
    failures = [
        Failure("P", "ds", name, "data $a", text, kind="BadItem")
        for name, text in (("z.png", "zü"), ("a.png", "two lines"))
    ]
    return dataset, shards, result.counts, failures


def files(folder: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(Path(folder).iterdir())}


def test_a_finished_dataset_opens(prepared):
    finish(*prepared)
    folder = prepared[0].target.folder
    dataset = open_dataset(folder)
    assert len(dataset) == 5
    assert dataset.index["shard"].to_pylist() == sorted(dataset.index["shard"].to_pylist())
    assert sorted(files(folder)) == [
        "errors.jsonl", "manifest.json", "meta.json",
        "out-00000-of-00003.tar", "out-00001-of-00003.tar", "out-00002-of-00003.tar", "samples.parquet",
    ]  # fmt: skip


def test_errors_are_one_line_each_in_order(prepared):
    finish(*prepared)
    lines = Path(prepared[0].target.folder, "errors.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [
        {
            "project": "P",
            "dataset": "ds",
            "image": "a.png",
            "layer": "data $a",
            "kind": "BadItem",
            "message": "two lines",
        },
        {"project": "P", "dataset": "ds", "image": "z.png", "layer": "data $a", "kind": "BadItem", "message": "zü"},
    ]


def test_the_manifest_says_how_it_came_to_be(prepared):
    finish(*prepared)
    manifest = open_dataset(prepared[0].target.folder).manifest
    assert manifest["graph"] == GRAPH
    assert (manifest["seed"], manifest["samples"], manifest["errors"], manifest["dataset"]) == (9, 5, 2, "out")
    assert manifest["inputs"]["projects"] == {"P": {"layout": "supervisely", "images": 5}}
    assert set(manifest["versions"]) >= {"python", "apache-beam", "numpy", "opencv-python-headless", "shapely"}
    assert [one["file"] for one in manifest["shards"]] == [f"out-{number:05d}-of-00003.tar" for number in range(3)]
    assert sum(one["samples"] for one in manifest["shards"]) == 5
    assert manifest["funnel"][1] == {
        "layer": "if $b $dead", "action": "if", "in": 5, "out": {"$b": 5, "$dead": 0}, "dropped": 0, "failed": 0,
    }  # fmt: skip
    text = json.dumps(manifest)
    assert str(Path(prepared[0].target.folder).parent) not in text, "no place of this machine"


def test_finishing_twice_gives_the_same_files(prepared):
    finish(*prepared)
    first = files(prepared[0].target.folder)
    finish(*prepared)
    assert files(prepared[0].target.folder) == first


@pytest.mark.parametrize(
    "stage", ["pipelines.execute.finish.storage.remove", "pipelines.execute.finish.storage.write_bytes"]
)
def test_a_finish_that_was_interrupted_can_be_done_again(prepared, monkeypatch, stage):
    with monkeypatch.context() as patch:
        patch.setattr(stage, lambda *given: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            finish(*prepared)
    finish(*prepared)
    dataset = open_dataset(prepared[0].target.folder)
    assert len(dataset) == 5
    assert len(dataset.index) == 5


def test_a_shard_without_samples_is_an_empty_tar(prepared):
    import tarfile

    dataset, _, counts, failures = prepared
    finish(dataset, [], counts, failures)
    assert len(open_dataset(dataset.target.folder)) == 0
    assert len(open_dataset(dataset.target.folder).index) == 0
    with tarfile.open(dataset.target.shard_file(0)) as tar:
        assert tar.getnames() == []


def test_the_meta_is_complete_even_without_samples(prepared):
    dataset, _, counts, failures = prepared
    finish(dataset, [], counts, failures)
    folder = dataset.target.folder
    assert [entry["title"] for entry in json.loads(Path(folder, "meta.json").read_text())["classes"]] == [
        "bitmap", "polygon", "rectangle", "line", "point",
    ]  # fmt: skip


def test_a_layer_that_nothing_reached_is_in_the_funnel(prepared):
    rows = funnel(prepared[0], {"data $a": Count(2, [1, 0], 0, 1)})
    assert [(row["in"], row["failed"]) for row in rows] == [(2, 1), (0, 0), (0, 0)]


def test_both_outputs_of_an_if_may_be_thrown_away():
    graph = [*GRAPH, layer("if", "$a", ["null", "null"], {"condition": {"min_width": 5}})]
    assert compiled(graph)


@pytest.mark.parametrize(
    ("layout_says", "people_say", "expected"),
    [
        ((), {}, {}),
        (("CC0",), {}, {"P": ["CC0"]}),
        ((), {"P": ["research only", "research only"]}, {"P": ["research only"]}),
        (("CC0", NOT_STATED), {"P": ["research only"]}, {"P": ["CC0", "research only"]}),
        (("CC0", NOT_STATED), {}, {"P": ["CC0", NOT_STATED]}),
        (("CC0",), {"another": ["CC BY"]}, {"P": ["CC0"]}),
    ],
)
def test_licences_of_layouts_and_people_stand_together(tmp_path, monkeypatch, layout_says, people_say, expected):
    """What is said fills gaps; nothing that the images themselves say is taken away."""
    projects = bind([f"P={tiny_project(tmp_path / 'input', 5)}"])
    monkeypatch.setattr(type(projects["P"]), "licences", lambda self, datasets: layout_says if "ds" in datasets else ())
    plan = compiled(GRAPH, projects)
    target = Target(str(tmp_path / "out"), "out", 3, plan.sink.id, keeps_names=True)
    described = describe(plan, list_images(plan, projects), projects, 9, target, people_say)
    assert described.manifest["licences"] == expected
