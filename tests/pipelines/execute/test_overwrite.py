"""--overwrite: the older dataset stays until the new one is whole, whatever becomes of the run."""

import uuid

import pytest

from pipelines.errors import UserError
from pipelines.execute import on_beam
from pipelines.execute import run as whole_run
from pipelines.formats import storage
from pipelines.sources import bind
from tests.pipelines.execute.running import assert_whole, beam_run, content
from tests.support import chain, tiny_project, tree

FLIP = ("flip", {"axis": "vertical"})
TWICE = ("multiply", {"multiply": 2})


@pytest.fixture
def projects(tmp_path):
    return bind([f"P={tiny_project(tmp_path / 'input', 4)}"])


@pytest.fixture(params=["local", "memory"])
def output(request, tmp_path) -> str:
    """A place to write into, on a file system that has locks and renames, and on one without."""
    return str(tmp_path / "out") if request.param == "local" else f"memory://test-{uuid.uuid4().hex}"


def fails_at(place: str, monkeypatch) -> None:
    """Have the next run fail: before it is built, while it is handed over, at its first shard, or at its end."""

    def broken(*given, **more):
        raise ConnectionRefusedError(f"no runner: {place}")

    targets = {
        "built": (whole_run.beam, "Pipeline"),
        "wired": (on_beam, "build"),
        "submitted": (whole_run.beam.Pipeline, "run"),
        "writing": (on_beam, "write_shard"),
        "finishing": (on_beam, "finish"),
    }
    monkeypatch.setattr(*targets[place], broken)


@pytest.mark.parametrize("place", ["built", "wired", "submitted", "writing", "finishing"])
def test_a_run_that_fails_keeps_the_older_dataset(projects, output, monkeypatch, place):
    beam_run(chain(FLIP), projects, output)
    before = content(output)
    fails_at(place, monkeypatch)
    with pytest.raises((ConnectionRefusedError, UserError), match=f"no runner: {place}"):
        beam_run(chain(TWICE), projects, output, overwrite=True)
    assert_whole(output, 4, before)


def test_a_runner_that_cannot_be_built_keeps_the_older_dataset(projects, tmp_path):
    beam_run(chain(FLIP), projects, tmp_path / "out")
    before = tree(tmp_path / "out")
    options = ["--runner=FlinkRunner", "--flink_master=localhost:1", f"--flink_job_server_jar={tmp_path}/missing.jar"]
    with pytest.raises(Exception, match=r"missing\.jar"):
        beam_run(chain(TWICE), projects, tmp_path / "out", options, overwrite=True)
    assert tree(tmp_path / "out") == before


def test_a_dataset_can_be_replaced_by_one_that_is_made_of_it(projects, tmp_path):
    beam_run(chain(FLIP), projects, tmp_path / "out")
    itself = bind([f"P={tmp_path / 'out'}"])
    assert len(beam_run(chain(TWICE), itself, tmp_path / "out", overwrite=True)) == 8
    assert_whole(str(tmp_path / "out"), 8)


def test_an_interrupted_run_leaves_nothing_behind(projects, output, monkeypatch):
    beam_run(chain(FLIP), projects, output)
    before = content(output)

    def interrupted(*given):
        raise KeyboardInterrupt

    monkeypatch.setattr(whole_run.beam.Pipeline, "run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        beam_run(chain(TWICE), projects, output, overwrite=True)
    assert_whole(output, 4, before)


def test_why_a_run_failed_is_said_even_if_it_cannot_tidy_up(projects, output, monkeypatch):
    fails_at("finishing", monkeypatch)

    def gone(location: str) -> None:
        raise ConnectionResetError("the store is gone")

    monkeypatch.setattr(storage, "remove", gone)
    with pytest.raises(UserError, match="no runner: finishing"):
        beam_run(chain(FLIP), projects, output)
    monkeypatch.undo()
    beam_run(chain(FLIP), projects, output)
    assert_whole(output, 4)
