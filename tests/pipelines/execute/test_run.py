"""Whole runs: what the folder holds, when it is refused, and how the command ends."""

import json
from pathlib import Path

import pytest

from pipelines.__main__ import main
from pipelines.execute.ownership import Occupied, Place, find_room
from pipelines.execute.run import Settings, funnel_table, verdict
from pipelines.figures import Point
from pipelines.formats.shards import open_dataset
from pipelines.formats.supervisely import parse_annotation
from pipelines.sources import bind
from tests.pipelines.execute.running import beam_run
from tests.support import chain, drawn, layer, shared, tiny_project, tree, write_tiny_voc

GRAPHS = Path(__file__).resolve().parents[3] / "configs" / "graphs"
FLIP = ("flip", {"axis": "vertical"})


@pytest.fixture
def project(tmp_path) -> Path:
    return tiny_project(tmp_path / "input", 4)


@pytest.fixture
def graph(tmp_path):
    """Writes a graph file; returns its path."""

    def write(layers: object) -> str:
        (tmp_path / "graph.json").write_text(layers if isinstance(layers, str) else json.dumps(layers, indent=1))
        return str(tmp_path / "graph.json")

    return write


def command(graph: str, project: Path, output: Path, *more: str) -> int:
    return main(["run", graph, "--project", f"P={project}", "--output", str(output), *more])


def test_a_run_ends_well_and_says_what_it_did(project, graph, tmp_path, capsys):
    assert command(graph(chain(FLIP)), project, tmp_path / "out", "--shards", "2", "--seed", "5") == 0
    shown = capsys.readouterr().out
    assert "4 samples in 2 shards" in shown
    assert "0 errors" in shown
    assert f"look at it: python -m pipelines preview {tmp_path}/out" in shown
    assert open_dataset(str(tmp_path / "out")).manifest["seed"] == 5


def test_a_finished_dataset_is_refused_without_overwrite(project, graph, tmp_path, capsys):
    path = graph(chain(FLIP))
    assert command(path, project, tmp_path / "out") == 0
    before = tree(tmp_path / "out")
    assert command(path, project, tmp_path / "out", "--seed", "1") == 2
    message = (
        f"{tmp_path}/out/out holds a finished dataset already; choose another --output, or replace it with --overwrite"
    )
    assert message in capsys.readouterr().err
    assert tree(tmp_path / "out") == before
    assert command(path, project, tmp_path / "out", "--seed", "1", "--overwrite") == 0
    assert open_dataset(str(tmp_path / "out")).manifest["seed"] == 1


def test_an_unfinished_run_is_cleaned_and_done_again(project, graph, tmp_path):
    path = graph(chain(FLIP))
    command(path, project, tmp_path / "whole")
    folder = tmp_path / "out" / "out"
    folder.mkdir(parents=True)
    for name in (
        "meta.json",
        "out-00000-of-00099.tar",
        ".index-00004.parquet",
        ".out-00001-of-00008.tar.0123456789abcdef0123456789abcdef",
    ):
        (folder / name).write_text("half")
    assert command(path, project, tmp_path / "out") == 0
    assert tree(tmp_path / "out") == tree(tmp_path / "whole")


def test_files_of_others_are_not_touched(project, graph, tmp_path, capsys):
    folder = tmp_path / "out" / "out"
    folder.mkdir(parents=True)
    (folder / "thesis.docx").write_text("years of work")
    for more in ([], ["--overwrite"]):
        assert command(graph(chain(FLIP)), project, tmp_path / "out", *more) == 2
        assert "holds files that are no dataset's (thesis.docx); choose another --output" in capsys.readouterr().err
    assert (folder / "thesis.docx").read_text() == "years of work"


@pytest.mark.parametrize("name", [".git", ".bashrc", "VOCtrainval_11-May-2012.tar"])
def test_hidden_files_and_archives_of_others_are_not_touched_either(tmp_path, name):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / name).write_text("precious")
    with pytest.raises(Occupied, match="files that are no dataset's"):
        find_room(Place(str(tmp_path / "out"), "1" * 32), overwrite=False)


def test_a_wrong_graph_writes_nothing(project, graph, tmp_path, capsys):
    path = graph(chain(("flip", {"axis": "up"}), ("crop", {})))
    assert command(path, project, tmp_path / "out") == 2
    shown = capsys.readouterr().err
    assert "layer 2 (flip), settings.axis: found 'up'" in shown
    assert 'layer 3 (crop), settings: a crop has either "sides" or "random_part"' in shown
    assert "2 errors: nothing was run" in shown
    assert not (tmp_path / "out").exists()


def test_nothing_saved_is_a_failure_that_names_the_layer(project, graph, tmp_path, capsys):
    assert command(graph(chain(("crop", {"sides": {"left": "100%"}}))), project, tmp_path / "out") == 1
    message = "failed: no sample was saved from 4 images: the layer 'crop $1' took 4 samples and let none through"
    assert message in capsys.readouterr().err
    assert len(open_dataset(str(tmp_path / "out"))) == 0


def test_a_dead_end_is_named_as_well(project, graph, tmp_path, capsys):
    layers = [
        layer("data", ["P/*"], "$a", {"classes_mapping": "default"}),
        layer("if", "$a", ["$b", "$no"], {"condition": {"min_width": 999}}),
        layer("supervisely", "$b", "out"),
    ]
    assert command(graph(layers), project, tmp_path / "out") == 1
    shown = capsys.readouterr()
    assert "every sample went to an output that nobody reads" in shown.err
    assert "$b 0, $no 4 ($no discarded)" in shown.out


def spoil(project: Path, number: int = 0) -> None:
    annotation = project / "ds" / "ann" / f"image{number}.png.json"
    annotation.write_text(annotation.read_text().replace('"polygon"', '"polygom"'))


def test_a_bad_item_is_written_down_and_the_rest_goes_on(project, graph, tmp_path, capsys):
    spoil(project)
    path = graph(chain(FLIP))
    assert command(path, project, tmp_path / "strict") == 1
    assert (
        "failed: 1 errors on 4 images are more than --max-errors 0.01 allows; see errors.jsonl"
        in capsys.readouterr().err
    )
    assert command(path, project, tmp_path / "lenient", "--max-errors", "0.25") == 0
    dataset = open_dataset(str(tmp_path / "lenient"))
    assert len(dataset) == 3
    (line,) = (tmp_path / "lenient" / "out" / "errors.jsonl").read_text().splitlines()
    error = json.loads(line)
    assert {key: error[key] for key in ("project", "dataset", "image", "layer")} == {
        "project": "P", "dataset": "ds", "image": "image0.png", "layer": "data $0",
    }  # fmt: skip
    assert error["message"].startswith(
        "an object is of class 'polygom', which the project's meta does not list (did you mean 'polygon'?)"
    )
    assert dataset.manifest["funnel"][0] | {"out": 0} == {
        "layer": "data $0", "action": "data", "in": 4, "out": 0, "dropped": 0, "failed": 1,
    }  # fmt: skip


def test_a_truncated_picture_is_found_when_it_is_rendered(project, graph, tmp_path):
    path = project / "ds" / "img" / "image1.png"
    path.write_bytes(path.read_bytes()[:-20])
    command(graph(chain(FLIP)), project, tmp_path / "out", "--max-errors", "1")
    (line,) = (tmp_path / "out" / "out" / "errors.jsonl").read_text().splitlines()
    assert json.loads(line)["image"] == "image1.png"
    assert len(open_dataset(str(tmp_path / "out"))) == 3


def test_all_failed_is_said(project, graph, tmp_path, capsys):
    for number in range(4):
        spoil(project, number)
    assert command(graph(chain(FLIP)), project, tmp_path / "out", "--max-errors", "1") == 1
    assert (
        "no sample was saved from 4 images: all of them failed in 'data $0'; see errors.jsonl"
        in capsys.readouterr().err
    )


def test_no_image_at_all(project, graph, tmp_path, capsys):
    for picture in (project / "ds" / "img").iterdir():
        picture.rename(picture.with_suffix(".txt"))
    assert command(graph(chain(FLIP)), project, tmp_path / "out") == 2
    assert "the graph's data layers take no image: the datasets they name are empty" in capsys.readouterr().err


def test_one_sample_an_image_keeps_its_name(project, tmp_path):
    projects = bind([f"P={project}"])
    kept = beam_run(chain(FLIP), projects, tmp_path / "kept")
    assert sorted(kept.index["name"].to_pylist()) == [f"image{number}.png" for number in range(4)]
    copies = beam_run(chain(("multiply", {"multiply": 2})), projects, tmp_path / "copies")
    names = copies.index["name"].to_pylist()
    assert len(set(names)) == 8
    for name, key in zip(names, copies.index["key"].to_pylist(), strict=True):
        assert name.split("_")[1] == f"{key[:10]}.png"


def test_two_files_of_one_stem_do_not_keep_it(project, tmp_path):
    (project / "ds" / "img" / "IMAGE0.jpg").write_bytes((project / "ds" / "img" / "image0.png").read_bytes())
    names = beam_run(chain(FLIP), bind([f"P={project}"]), tmp_path / "out").index["name"].to_pylist()
    assert {name for name in names if "_" not in name} == {"image1.png", "image2.png", "image3.png"}
    assert len({name.rsplit(".", 1)[0].lower() for name in names}) == 5


def test_default_number_of_shards(project, tmp_path):
    assert len(beam_run(chain(FLIP), bind([f"P={project}"]), tmp_path).manifest["shards"]) == 8


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--shards", "0"], "argument --shards: found '0', a whole number of at least 1 is expected"),
        (
            ["--max-errors", "2"],
            "argument --max-errors: found '2', a share from 0 to 1 is expected, e.g. 0.01 for one in a hundred",
        ),
        (["--seed", "x"], "argument --seed: invalid int value: 'x'"),
    ],
)
def test_wrong_arguments(more, message, project, graph, tmp_path, capsys):
    with pytest.raises(SystemExit) as caught:
        command(graph(chain(FLIP)), project, tmp_path / "out", *more)
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


def test_a_verdict_on_the_share_of_errors():
    manifest = {"inputs": {"projects": {"P": {"images": 200}}}, "samples": 5, "errors": 2, "funnel": []}
    assert verdict(manifest, 0.01) is None
    assert (
        verdict(manifest | {"errors": 3}, 0.01)
        == "3 errors on 200 images are more than --max-errors 0.01 allows; see errors.jsonl"
    )


def test_the_funnel_is_a_table(project, tmp_path):
    dataset = beam_run(chain(("multiply", {"multiply": 300})), bind([f"P={project}"]), tmp_path)
    lines = funnel_table(dataset.manifest).splitlines()
    assert lines[0].split() == ["layer", "in", "out", "dropped", "failed"]
    assert lines[2].split() == ["multiply", "$1", "4", "1,200", "0", "0"]
    assert len({line.rstrip()[-1] for line in lines[1:]}) == 1


def test_settings_have_defaults():
    assert Settings("out") == Settings("out", 0, None, False)


# ---------------------------------------------------------------- the tutorial's graphs


def check_tutorial_result(dataset, most_for_an_object: int = 6) -> None:
    """What the tutorial promises of every sample."""
    assert [(spec.title, spec.shape) for spec in dataset.meta.classes] == [
        ("obj", "bitmap"),
        ("pos", "point"),
        ("neg", "point"),
    ]
    assert [(spec.name, spec.value_type) for spec in dataset.meta.tags] == [("val", "none"), ("train", "none")]
    assert len(dataset) > 0
    for number, row in enumerate(dataset.index.to_pylist()):
        stored = dataset.read(number)
        annotation = parse_annotation(json.loads(stored.annotation_bytes), dataset.meta)
        assert annotation.size == (row["height"], row["width"]) == (256, 256)
        from pipelines import render

        assert render.decode(stored.image_bytes).shape == (256, 256, 3)
        by_class: dict[str, list] = {"obj": [], "pos": [], "neg": []}
        for figure in annotation.figures:
            by_class[figure.title].append(figure.shape)
        (obj,) = by_class["obj"]
        assert obj.area >= 0.15 * 256 * 256
        mask = drawn(obj, (256, 256))
        for title, expected in (("pos", True), ("neg", False)):
            places = [(int(point.y), int(point.x)) for point in by_class[title]]
            assert all(isinstance(point, Point) for point in by_class[title])
            assert len(set(places)) == len(places)
            assert all(mask[place] == expected for place in places)
        assert by_class["pos"]
        assert by_class["neg"] or mask.all()
        assert [tag.name for tag in annotation.tags] in (["val"], ["train"])
        assert row["tags"] == [tag.name for tag in annotation.tags]
    by_source: dict[str, int] = {}
    for source in dataset.index["source"].to_pylist():
        by_source[source] = by_source.get(source, 0) + 1
    objects = next(row for row in dataset.manifest["funnel"] if row["action"] == "instances_crop")
    assert len(dataset) <= most_for_an_object * sum(
        sum(row["out"].values()) for row in dataset.manifest["funnel"] if row["action"] == "instances_crop"
    )
    assert objects["in"] >= len(by_source)


def test_the_pascal_graph_on_artificial_images(tmp_path):
    projects = bind([f"PascalVOC={write_tiny_voc(tmp_path / 'voc', 3)}"])
    check_tutorial_result(beam_run((GRAPHS / "pascal_voc.json").read_text(), projects, tmp_path / "out"))


def test_the_pascal_graph_on_real_images(tmp_path):
    projects = bind([f"PascalVOC={shared('data/voc2007-44')}"])
    dataset = beam_run((GRAPHS / "pascal_voc.json").read_text(), projects, tmp_path / "out", seed=1)
    check_tutorial_result(dataset)
    assert dataset.manifest["errors"] == 0


def test_the_mapillary_graph_on_real_images(tmp_path):
    projects = bind([f"Mapillary={shared('data/mapillary-from-voc44')}"])
    dataset = beam_run((GRAPHS / "mapillary.json").read_text(), projects, tmp_path / "out", seed=1)
    check_tutorial_result(dataset)
    assert dataset.manifest["errors"] == 0
