"""Two runs and one place: one owner, a loser that says so, and never a dataset of both."""

import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from pipelines.errors import UserError
from pipelines.execute import on_beam, ownership
from pipelines.execute.failures import CannotGoOn
from pipelines.execute.finish import describe, finish, start
from pipelines.execute.ownership import Occupied, Place, find_room, take
from pipelines.execute.reading import list_images
from pipelines.execute.run import RunError, target_of
from pipelines.execute.writer import write_shard
from pipelines.formats import storage
from pipelines.formats.shards import NotADataset, open_dataset
from pipelines.sources import bind
from tests.pipelines.execute.running import assert_whole, beam_run, content
from tests.support import chain, compiled, tiny_project, tree
from tests.support import run as plain_run

FLIP = ("flip", {"axis": "vertical"})
TWICE = ("multiply", {"multiply": 2})


@pytest.fixture
def projects(tmp_path):
    return bind([f"P={tiny_project(tmp_path / 'input', 4)}"])


@pytest.fixture(params=["local", "memory"])
def output(request, tmp_path) -> str:
    """A place to write into, on a file system that has locks and renames, and on one without."""
    return str(tmp_path / "out") if request.param == "local" else f"memory://test-{uuid.uuid4().hex}"


def begun(graph, projects, output: str):
    """A run that has written all its shards and is about to finish: what `finish` is given, and its claim."""
    plan = compiled(graph, projects)
    target = target_of(plan, f"{output}/out", 3)
    dataset = describe(plan, list_images(plan, projects), projects, 0, target)
    claim = start(dataset)
    result = plain_run(graph, projects)
    shards = []
    for number in range(3):
        own = [sample for sample in result.samples if target.shard_of(sample.origin) == number]
        shards.append(write_shard(target, number, own)[0])
    return (dataset, shards, result.counts, result.failures), claim


# ---------------------------------------------------------------- two runs


def test_a_run_that_another_one_has_overtaken_stops_in_words(projects, output):
    slow, claim = begun(chain(FLIP), projects, output)
    claim.let_go()  # Its launcher is gone, the job goes on.
    beam_run(chain(TWICE), projects, output, shards=3)
    before = content(output)
    with pytest.raises(CannotGoOn, match="is not claimed by it any more, so this run stops and leaves it alone"):
        finish(*slow)
    claim.give_back()
    assert_whole(output, 8, before)


def test_a_run_that_is_overtaken_and_still_raced_stops_in_words(projects, output, capsys):
    slow, claim = begun(chain(FLIP), projects, output)
    claim.let_go()
    quick, owner = begun(chain(TWICE), projects, output)
    assert owner.ousted.startswith(f"another run (process {os.getpid()} on ")
    with pytest.raises(CannotGoOn) as raised:
        finish(*slow)
    assert f"another run (process {os.getpid()} on " in str(raised.value)
    assert f"has taken over {output}/out" in str(raised.value)
    assert "let one run at a time write a dataset, or choose another --output" in str(raised.value)
    claim.give_back()
    finish(*quick)
    owner.give_back()
    assert_whole(output, 8)


def test_two_whole_runs_interleaved_on_a_store_without_locks(projects, monkeypatch, capsys):
    output = f"memory://test-{uuid.uuid4().hex}"
    original, nested = on_beam.finish, []

    def late(*given) -> None:
        if not nested:
            nested.append(True)
            beam_run(chain(TWICE), projects, output)
        original(*given)

    monkeypatch.setattr(on_beam, "finish", late)
    with pytest.raises(
        UserError, match=r"the run failed: .*out is not claimed by it any more, so this run stops"
    ) as raised:
        beam_run(chain(FLIP), projects, output)
    assert raised.value.status == 1
    assert "has not ended: " in capsys.readouterr().err
    assert_whole(output, 8)


def test_a_second_run_on_this_machine_is_refused_at_once(projects, tmp_path, monkeypatch):
    original, refused = on_beam.finish, []

    def late(*given) -> None:
        with pytest.raises(RunError) as raised:
            beam_run(chain(TWICE), projects, tmp_path / "out")
        refused.append(str(raised.value))
        original(*given)

    monkeypatch.setattr(on_beam, "finish", late)
    beam_run(chain(FLIP), projects, tmp_path / "out")
    (message,) = refused
    assert message.startswith(f"{tmp_path}/out/out is being written by another run (process {os.getpid()} on ")
    assert message.endswith("wait for it, stop it, or choose another --output")
    assert_whole(str(tmp_path / "out"), 4)


def test_a_run_stops_at_the_next_shard_after_it_lost_its_place(projects, output):
    slow, claim = begun(chain(FLIP), projects, output)
    claim.let_go()
    take(Place(f"{output}/out", "f" * 32)).let_go()
    writing = on_beam._WriteShard(slow[0].target, on_beam.Ticks(None))
    with pytest.raises(CannotGoOn, match="has taken over"):
        list(writing.process((0, plain_run(chain(FLIP), projects).samples)))
    assert not storage.exists(slow[0].target.place.parts)


def test_a_place_is_lost_in_the_middle_of_moving_in(projects, monkeypatch):
    """What a store without locks allows; the manifest is not written by the loser, so nothing is mixed unseen."""
    output = f"memory://test-{uuid.uuid4().hex}"
    slow, _ = begun(chain(FLIP), projects, output)
    original, moved = storage.move, []

    def move(source: str, destination: str) -> None:
        original(source, destination)
        if not moved:
            moved.append(True)
            quick, owner = begun(chain(TWICE), projects, output)
            finish(*quick)
            owner.give_back()

    monkeypatch.setattr(storage, "move", move)
    monkeypatch.setattr(ownership, "_MOVES_AT_ONCE", 1)
    with pytest.raises((CannotGoOn, FileNotFoundError)):
        finish(*slow)
    assert_whole(output, 8)


# ---------------------------------------------------------------- killed, retried, failed


def test_nothing_is_left_over_of_workers_that_were_killed(projects, output):
    whole = f"{output}-whole"
    beam_run(chain(FLIP), projects, whole, shards=3)
    given, claim = begun(chain(FLIP), projects, output)
    target = given[0].target
    write_shard(target, 1, plain_run(chain(FLIP), projects).samples)  # an attempt that nobody has heard of
    for name in (".out-00001-of-00003.tar.0123456789abcdef0123456789abcdef", "index-00001.parquet.0123"):
        storage.write_bytes(target.part(name), b"half")
    finish(*given)
    finish(*given)
    claim.give_back()
    assert_whole(output, 4)
    assert content(output) == content(whole)


def test_shards_that_are_written_again_after_the_end_change_nothing(projects, output):
    """A runner that loses the results of a finished stage does the stage again."""
    given, claim = begun(chain(FLIP), projects, output)
    finish(*given)
    before = content(f"{output}/out")
    dataset, _, counts, failures = given
    samples = plain_run(chain(FLIP), projects).samples
    again = [
        write_shard(dataset.target, n, [s for s in samples if dataset.target.shard_of(s.origin) == n])[0]
        for n in range(3)
    ]
    finish(dataset, again, counts, failures)
    claim.give_back()
    assert content(f"{output}/out") == before
    assert_whole(output, 4)


@pytest.mark.parametrize("calls", range(1, 9))
@pytest.mark.parametrize("what", ["move", "remove"])
def test_moving_in_can_be_interrupted_anywhere(projects, output, monkeypatch, what, calls):
    beam_run(chain(TWICE), projects, output, shards=3)
    given, claim = begun(chain(FLIP), projects, output)
    original, left = getattr(storage, what), [calls]

    def interrupted(*places: str) -> None:
        left[0] -= 1
        if not left[0]:
            raise ConnectionResetError("killed")
        original(*places)

    monkeypatch.setattr(ownership, "_MOVES_AT_ONCE", 1)
    with monkeypatch.context() as patch:
        patch.setattr(storage, what, interrupted)
        try:
            finish(*given)
        except ConnectionResetError:
            pass
        else:
            assert left[0] > 0
    finish(*given)
    claim.give_back()
    assert_whole(output, 4)


def test_a_run_that_was_killed_is_done_again(projects, tmp_path):
    beam_run(chain(FLIP), projects, tmp_path / "whole")
    code = """
import os, sys
from pathlib import Path
from pipelines.execute import on_beam
from pipelines.sources import bind
from tests.pipelines.execute.running import assert_whole, beam_run, content
from tests.support import chain
on_beam.finish = lambda *given: os.kill(os.getpid(), 9)
beam_run(chain(("flip", {"axis": "vertical"})), bind([sys.argv[1]]), Path(sys.argv[2]))
"""
    root = Path(__file__).resolve().parents[3]
    command = [sys.executable, "-c", code, f"P={tmp_path}/input", str(tmp_path / "out")]
    assert subprocess.run(command, cwd=root, capture_output=True, timeout=300).returncode == -9
    left = storage.names(str(tmp_path / "out"))
    assert ".out.claim" in left
    with pytest.raises(NotADataset, match="is what a run has written that did not finish, or has not yet"):
        open_dataset(str(tmp_path / "out"))
    beam_run(chain(FLIP), projects, tmp_path / "out")
    assert tree(tmp_path / "out") == tree(tmp_path / "whole")


def test_a_dataset_that_a_killed_run_has_set_aside_is_put_back(projects, tmp_path):
    beam_run(chain(FLIP), projects, tmp_path / "out")
    before = tree(tmp_path / "out")
    (tmp_path / "out" / "out").rename(tmp_path / "out" / f".out.{'a' * 32}.old")
    with pytest.raises(Occupied, match="holds a finished dataset already"):
        find_room(Place(str(tmp_path / "out" / "out"), "b" * 32), overwrite=False)
    assert tree(tmp_path / "out") == before


def test_files_that_others_put_there_meanwhile_are_not_touched(projects, output):
    given, claim = begun(chain(FLIP), projects, output)
    storage.make_folder(f"{output}/out")
    storage.write_bytes(f"{output}/out/thesis.docx", b"years of work")
    with pytest.raises(
        CannotGoOn, match=r"no dataset's \(thesis.docx\), so the run does not replace it: move them elsewhere"
    ):
        finish(*given)
    claim.give_back()
    assert storage.read_bytes(f"{output}/out/thesis.docx") == b"years of work"


def test_a_shard_that_somebody_deletes_is_missed(projects, output):
    given, claim = begun(chain(FLIP), projects, output)
    target, shard = given[0].target, given[1][1]
    storage.remove(target.part(f"{shard.file}.{shard.attempt}"))
    with pytest.raises(
        CannotGoOn, match=rf"{shard.file} was written by this run .* and is not there: something else deletes"
    ):
        finish(*given)
    claim.give_back()
    assert not storage.exists(f"{output}/out/manifest.json")


def test_a_file_in_the_way_and_a_place_that_is_missing_are_named(projects, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("a file")
    with pytest.raises(RunError, match=r"file/out cannot be written \(.*\); check the address that --output gives"):
        beam_run(chain(FLIP), projects, tmp_path / "file")

    def mistyped(location: str, content: bytes) -> None:
        raise FileNotFoundError("The specified bucket does not exist")

    monkeypatch.setattr(storage, "hold", mistyped)
    with pytest.raises(
        RunError, match=r"memory://bukket/out cannot be written \(The specified bucket does not exist\)"
    ):
        beam_run(chain(FLIP), projects, "memory://bukket")
