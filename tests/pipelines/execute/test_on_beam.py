"""Beam must do what the in-memory execution says, with light elements and the same bytes every time."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.coders import registry
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines import render
from pipelines.execute import in_memory, on_beam
from pipelines.execute.finish import describe
from pipelines.execute.on_beam import SampleCoder
from pipelines.execute.reading import list_images
from pipelines.execute.run import run as run_on_beam
from pipelines.execute.writer import Target
from pipelines.formats.shards import open_dataset
from pipelines.formats.supervisely import annotation_json
from pipelines.sample import Sample
from pipelines.sources import bind
from tests.pipelines.execute.graphs import graphs
from tests.pipelines.execute.running import beam_run
from tests.support import assert_same, compiled, layer, tiny_project, tiny_sample, tree, write_tiny_voc

GRAPHS = Path(__file__).resolve().parents[3] / "configs" / "graphs"
PASCAL = (GRAPHS / "pascal_voc.json").read_text()


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return bind([f"P={tiny_project(tmp_path_factory.mktemp('project'))}"])


@pytest.fixture(scope="module")
def voc(tmp_path_factory):
    return bind([f"PascalVOC={write_tiny_voc(tmp_path_factory.mktemp('voc'), 3)}"])


def rows_of(dataset) -> dict[str, dict]:
    """What was saved, by key: the index row, the annotation, the picture's pixels."""
    found = {}
    for number, row in enumerate(dataset.index.to_pylist()):
        stored = dataset.read(number)
        row |= {"annotation": json.loads(stored.annotation_bytes), "picture": stored.image_bytes}
        assert row["key"] not in found
        found[row["key"]] = row
    return found


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(graph=graphs(), seed=st.integers(0, 3))
def test_beam_does_what_the_plain_execution_says(project, graph, seed):
    plan = compiled(graph, project)
    expected = in_memory.run(plan, list_images(plan, project), project, seed)
    with tempfile.TemporaryDirectory() as folder:
        found = rows_of(dataset := beam_run(graph, project, Path(folder), seed=seed))
    assert set(found) == {sample.key.hex() for sample in expected.samples}
    sources: dict[str, object] = {}
    for sample in expected.samples:
        row = found[sample.key.hex()]
        figures = annotation_json(sample.image.size, sample.figures, sample.tags, sample.description, sample.extra)
        assert row["annotation"] == json.loads(json.dumps(figures))
        assert row["source"] == str(sample.origin)
        assert json.loads(row["recipe"]) == json.loads(json.dumps([op.record() for op in sample.image.ops]))
        data = Path(sample.image.uri).read_bytes()
        source = sources.setdefault(sample.image.uri, render.decode(data))
        pixels = render.evaluate(sample.image, source)
        assert row["picture"] == (render.encode(pixels, ".png") if sample.image.ops else data)
    funnel = {
        one["layer"]: (one["in"], sum(one["out"].values()), one["dropped"], one["failed"])
        for one in dataset.manifest["funnel"]
    }
    assert funnel == {
        name: (count.taken, sum(count.out), count.dropped, count.failed) for name, count in expected.counts.items()
    }
    assert dataset.manifest["errors"] == len(expected.failures)


class Collections(beam.pipeline.PipelineVisitor):
    """Every collection of a pipeline with the step that makes it."""

    def __init__(self) -> None:
        self.found: list[tuple[str, beam.PCollection]] = []

    def visit_transform(self, transform_node) -> None:
        self.found.extend((transform_node.full_label, output) for output in transform_node.outputs.values())


BRANCHED = [
    layer("data", ["P/*"], "$a", {"classes_mapping": "default"}),
    layer("if", "$a", ["$yes", "$no"], {"condition": {"min_width": 5}}),
    layer("multiply", "$no", "$m", {"multiply": 2}),
    layer("flip", ["$yes", "$m"], "$f", {"axis": "vertical"}),
    layer("supervisely", ["$f", "$a"], "out"),
]


def collections_of(graph, projects, tmp_path) -> list[tuple[str, beam.PCollection]]:
    plan = compiled(graph, projects)
    listing = list_images(plan, projects)
    target = Target(str(tmp_path), "out", 2, plan.sink.id, keeps_names=False)
    pipeline = beam.Pipeline(runner="FnApiRunner")
    on_beam.build(pipeline, plan, listing, projects, describe(plan, listing, projects, 0, target), 0)
    visitor = Collections()
    pipeline.visit(visitor)
    return visitor.found


STREAMS = ("ParDo(_Apply)", "ParDo(_Parse)", "ParDo(_Route)", "inputs")
"""How the steps that make streams of samples are called; other outputs of theirs are reports."""


@pytest.mark.parametrize("graph", ["branched", "pascal_voc.json"])
def test_every_stream_of_samples_has_the_compact_coder(graph, project, voc, tmp_path):
    found = (
        collections_of(BRANCHED, project, tmp_path) if graph == "branched" else collections_of(PASCAL, voc, tmp_path)
    )
    # A route's samples leave by its numbered outputs; its unnamed one stays empty.
    streams = [
        (label, made)
        for label, made in found
        if label.endswith(STREAMS)
        and made.tag != "report"
        and not (label.endswith("ParDo(_Route)") and made.tag is None)
    ]
    assert len(streams) >= 8
    for label, made in streams:
        coder = registry.get_coder(made.element_type)
        assert isinstance(coder, SampleCoder), f"{label} is coded by {coder}"
    (keyed,) = (made for label, made in found if label.endswith("key by shard"))
    assert "SampleCoder" in str(registry.get_coder(keyed.element_type))


class Pickled(Exception):
    """A sample was about to be pickled."""


def refuse(*given: object) -> None:
    raise Pickled


STRAIGHT = [one for one in BRANCHED if one["action"] != "if"]
STRAIGHT[1:3] = [
    layer("multiply", "$a", "$m", {"multiply": 2}),
    layer("flip", ["$a", "$m"], "$f", {"axis": "vertical"}),
]


@pytest.mark.parametrize("graph", [STRAIGHT, BRANCHED], ids=["straight", "branched"])
def test_no_sample_is_pickled_between_the_steps(graph, project, tmp_path, monkeypatch):
    monkeypatch.setattr(Sample, "__reduce_ex__", refuse)
    assert len(beam_run(graph, project, tmp_path)) > 0


def test_a_forgotten_type_would_be_seen(project, tmp_path, monkeypatch):
    monkeypatch.setattr(Sample, "__reduce_ex__", refuse)
    monkeypatch.setattr(on_beam, "_typed", lambda samples: samples)
    with pytest.raises(Exception, match="Pickled"):
        beam_run(STRAIGHT, project, tmp_path)


def test_the_coder_is_the_wire_format_and_deterministic():
    coder = SampleCoder()
    sample = tiny_sample()
    assert_same(coder.decode(coder.encode(sample)), sample)
    assert coder.is_deterministic()
    assert isinstance(registry.get_coder(Sample), SampleCoder)


def test_steps_are_named_after_the_layers(project, tmp_path):
    labels = {label.split("/")[0] for label, _ in collections_of(BRANCHED, project, tmp_path)}
    assert {
        "data $a images",
        "data $a",
        "if $yes $no",
        "multiply $m",
        "flip $f inputs",
        "flip $f",
        "supervisely out",
    } <= labels


def test_two_runs_give_the_same_files(voc, tmp_path):
    one = beam_run(PASCAL, voc, tmp_path / "one", seed=4)
    beam_run(PASCAL, voc, tmp_path / "two", seed=4)
    assert len(one) > 0
    assert tree(tmp_path / "one") == tree(tmp_path / "two")


def test_the_number_of_shards_only_groups(voc, tmp_path):
    few, many = (beam_run(PASCAL, voc, tmp_path / str(n), shards=n) for n in (1, 7))
    apart = ("shard", "offset", "annotation_offset")
    strip = lambda rows: {key: {k: v for k, v in row.items() if k not in apart} for key, row in rows.items()}  # noqa: E731
    assert strip(rows_of(few)) == strip(rows_of(many))
    assert len(few.manifest["shards"]) == 1
    assert len(many.manifest["shards"]) == 7
    assert len(list((tmp_path / "7" / "smtool_dataset").glob("*.tar"))) == 7


def test_where_the_images_lie_changes_nothing_but_place(voc, tmp_path):
    import shutil

    shutil.copytree(voc["PascalVOC"].location, tmp_path / "elsewhere")
    beam_run(PASCAL, voc, tmp_path / "one")
    beam_run(PASCAL, bind([f"PascalVOC={tmp_path}/elsewhere"]), tmp_path / "two")
    assert tree(tmp_path / "one") == tree(tmp_path / "two")


def test_no_input_is_modified(voc, tmp_path):
    before = tree(Path(voc["PascalVOC"].location))
    beam_run(PASCAL, voc, tmp_path)
    assert tree(Path(voc["PascalVOC"].location)) == before


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["multi_processing", "multi_threading"])
def test_several_workers_give_the_same_files(mode, voc, tmp_path):
    one = beam_run(PASCAL, voc, tmp_path / "one")
    # A process of its own: workers are started as copies of the command line.
    command = [
        *(sys.executable, "-m", "pipelines", "run", str(GRAPHS / "pascal_voc.json")),
        *("--project", f"PascalVOC={voc['PascalVOC'].location}", "--output", str(tmp_path / "two")),
        *(f"--direct_running_mode={mode}", "--direct_num_workers=2"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, cwd=GRAPHS.parents[1], timeout=300)
    assert done.returncode == 0, done.stderr
    found = open_dataset(str(tmp_path / "two"))
    assert found.digest == one.digest
    one_tree, two_tree = tree(tmp_path / "one"), tree(tmp_path / "two")
    assert one_tree == two_tree


def test_the_plain_function_is_what_the_command_runs():
    assert run_on_beam.__module__ == "pipelines.execute.run"
