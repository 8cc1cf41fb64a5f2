"""The parts for a GPU machine: results at once, limits that hold, datasets put together, and everything in a tiny form here."""

import json
import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import gpu
import pytest
from gpu_parts import Part, Settings, Task, known, read, trainings
from gpu_parts.rates import Busy, config_with, measured, rate_of, samples_of_a_step, steps_logged

from tests.model.datasets import tiny_dataset

ROOT = Path(__file__).resolve().parents[2]


def called(*arguments: str, timeout: float = 300) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(ROOT / "bench" / "gpu.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, env=environment)


# --------------------------------------------------------------------------------------------------------------- parts


def test_parts_are_listed_without_loading_pytorch():
    code = "import sys, gpu; gpu.main(['--list']); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT / "bench", check=True)
    *lines, loaded = done.stdout.splitlines()
    assert loaded == "False"
    assert {line.split()[0] for line in lines} == set(known())
    assert {
        "machine",
        "step-times",
        "train-rate",
        "reference-rate",
        "clicks",
        "compile",
        "train-free",
        "status",
    } <= set(known())
    assert all(0 < part.limit_s <= 570 for part in known().values()), "longer than a command may take"


def test_unknown_parts_are_named():
    done = called("--parts", "machine", "tain-free")
    assert done.returncode == 1
    assert "error: there are no parts tain-free; there are machine, " in done.stderr


def test_a_part_writes_its_result_and_says_what_the_machine_is(tmp_path: Path):
    done = called("--cpu-check", "--parts", "machine", "--out", str(tmp_path), "--pack", str(tmp_path / "none"))
    assert done.returncode == 0, done.stdout + done.stderr
    result = read(tmp_path / "machine.json")
    assert result["torch"]
    assert result["versions"]["torch"]
    assert result["cores"] >= 1
    assert "--- machine: done ---" in done.stdout


def script(tmp_path: Path, code: str) -> list[str]:
    """A command that does what a part's child does."""
    lines = "from pathlib import Path\nfrom gpu_parts import Settings, Task\n"
    lines += f"task = Task('slow', Settings(Path({str(tmp_path)!r})))\n"
    return [sys.executable, "-c", lines + code]


@pytest.mark.parametrize(
    ("code", "left", "expected"),
    [
        (
            "task.note(one=1)\nimport time\ntime.sleep(60)",
            6.0,
            {"one": 1, "error": "ended at its limit of 6 s", "seconds": 6.0},
        ),
        ("task.note(one=1)\nimport os\nos.abort()", 60.0, {"one": 1, "error": "ended with exit status -6"}),
        ("task.note(one=1)", 60.0, {"one": 1}),
        ("task.note(one=1)", 1.0, {"error": "not begun: 1 s are left of --limit"}),
    ],
    ids=["too long", "crashed", "done", "no time"],
)
def test_what_was_noted_stays_whatever_ends_a_part(code: str, left: float, expected: dict[str, object], tmp_path: Path):
    part = Part("slow", 500, "", lambda task: None)
    environment = os.environ | {"PYTHONPATH": str(ROOT / "bench")}
    well = gpu.watched(part, Settings(tmp_path), script(tmp_path, code), environment, left)
    assert read(tmp_path / "slow.json") == expected
    assert well == ("error" not in expected)


def test_a_parts_error_is_its_result(tmp_path: Path):
    def fails(task: Task) -> None:
        task.note(before=2)
        raise KeyError("lost")

    task = Task("broken", Settings(tmp_path))
    assert gpu.work(task, Part("broken", 10, "", fails)) == 1
    result = read(task.file)
    assert result["before"] == 2
    assert "KeyError: 'lost'" in result["error"]
    assert result["seconds"] >= 0


def test_settings_travel_to_the_child():
    settings = Settings(Path("/o"), data=("a", "b"), without=("c",), reference=Path("/r"), epochs=3)
    assert Settings.from_json(settings.to_json()) == settings


# ---------------------------------------------------------------------------------------------------------------- pack


def test_wheels_are_unpacked_once_and_only_where_they_are_all_there(tmp_path: Path):
    wheels, site = tmp_path / "wheels", tmp_path / "site"
    wheels.mkdir()
    with zipfile.ZipFile(wheels / "typing_inspection-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr("typing_inspection/__init__.py", "x = 1")
    assert gpu.unpacked(wheels, site, ["typing_inspection"]) == site
    module = site / "typing_inspection" / "__init__.py"
    assert module.read_text() == "x = 1"
    module.write_text("x = 2")
    gpu.unpacked(wheels, site, ["typing_inspection"])
    assert module.read_text() == "x = 2"
    with pytest.raises(
        SystemExit, match=r"shapely cannot be imported, and .*wheels has no wheels of it; run `make gpu-pack`"
    ):
        gpu.unpacked(wheels, site, ["shapely", "typing_inspection"])


def test_datasets_are_put_together_from_the_parts_that_have_come(tmp_path: Path):
    # Given a dataset of two files in two parts, of which one has come
    for part, name, content in (
        ("00", "manifest.json", json.dumps({"shards": [{"file": "a.tar"}]})),
        ("01", "a.tar", "x"),
    ):
        file = tmp_path / "data" / part / "pets" / name
        file.parent.mkdir(parents=True)
        file.write_text(content)
        found, lacking = gpu.gathered(tmp_path)
        settings = Settings(tmp_path, data=tuple(map(str, found)), lacking=lacking)
        if part == "00":
            assert (found, lacking) == ([], "pets lacks a.tar")
            with pytest.raises(
                SystemExit, match=r"parts of the data have not come: pets lacks a.tar; carry the other folders"
            ):
                settings.datasets()
    # When both have
    assert settings.datasets() == (str(tmp_path / "datasets" / "pets"),)
    assert (tmp_path / "datasets" / "pets" / "a.tar").read_text() == "x"
    with pytest.raises(SystemExit, match="no data: give --data, or `make gpu-pack"):
        Settings(tmp_path).datasets()


# --------------------------------------------------------------------------------------------------------------- rates


def test_the_rate_is_that_of_the_settled_part():
    # Ten seconds of a slow start, then 5 steps a second
    steps = [(100.0 + second, second) for second in range(10)]
    steps += [(110.0 + second, 10 + 5 * second) for second in range(20)]
    assert rate_of(steps, 200) == {"steps": 105, "seconds": 17.0, "steps_s": 5.0, "samples_s": 1000.0}
    assert rate_of(steps[:1], 200) == {"steps": 0}
    assert rate_of([], 200) == {"steps": 0}


def test_steps_of_several_sizes_count_as_many_samples_as_they_have(tmp_path: Path):
    config = config_with(Settings(tmp_path), {})
    # 340 of 192 px, 192 of 256 px, 72 of 416 px
    assert samples_of_a_step(config) == pytest.approx(0.30 * 340 + 0.42 * 192 + 0.28 * 72)
    only = config_with(Settings(tmp_path), {"views": {"sizes": [{"side": 256}]}})
    assert samples_of_a_step(only) == 192
    assert only["views"]["cutouts"] == 0.3, "the other keys of views stay"


def test_logged_steps_are_counted(tmp_path: Path):
    assert steps_logged(tmp_path) == 0
    log = tmp_path / "logs" / "version_0" / "metrics.csv"
    log.parent.mkdir(parents=True)
    log.write_text("step,train/loss,val/miou\n19,0.5,\n39,0.4,\n39,,0.7\n99,,0.8\n")
    assert steps_logged(tmp_path) == 40
    assert trainings.best_of(tmp_path) == 0.8


def test_the_gpus_numbers_count_from_when_it_was_warm():
    busy = Busy()
    assert busy.figures(0) == {"gpu_busy": None}
    busy.seen = [(float(second), 10.0 if second < 5 else 90.0, 100.0 + second) for second in range(11)]
    assert busy.figures(1.0) == {"gpu_busy": 90.0, "gpu_mib": 110.0}


# ----------------------------------------------------------------------------------------------------------- trainings


def test_what_is_too_large_comes_home_in_pieces(tmp_path: Path):
    file = tmp_path / "a.ckpt"
    file.write_bytes(bytes(range(10)))
    (tmp_path / "a.ckpt.7").touch()
    assert trainings.pieces_of(file, 10) == [file]
    pieces = trainings.pieces_of(file, 4)
    assert [piece.name for piece in pieces] == ["a.ckpt.0", "a.ckpt.1", "a.ckpt.2"]
    assert b"".join(piece.read_bytes() for piece in pieces) == bytes(range(10))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.ckpt.0", "a.ckpt.1", "a.ckpt.2"]


def test_epochs_follow_from_the_rate_that_was_measured(tmp_path: Path):
    tiny_dataset(tmp_path / "d", train=90, val=10)
    settings = Settings(tmp_path, data=(str(tmp_path / "d"),), minutes=2.0)
    config = {
        "input_size": {"width": 64, "height": 64},
        "batch_size": {"train": 10, "val": 1},
        "epochs": 1,
        "lr": 0.1,
        "views": {"sizes": [{"side": 64}]},
    }
    assert trainings.epochs_of(settings, config) is None
    (tmp_path / "train-rate.json").write_text(json.dumps({"rates": {"as-it-is": {"samples_s": 50}}}))
    # 6,000 samples, of which an epoch has 100
    assert trainings.epochs_of(settings, config) == 60
    assert trainings.epochs_of(Settings(tmp_path, epochs=7), config) == 7


def test_a_pool_that_is_not_there_cannot_be_left_out(tmp_path: Path):
    task = Task("train-free", Settings(tmp_path, data=("x/pets", "x/cars"), without=("pats",)))
    with pytest.raises(SystemExit, match="--without pats: no such pool; there are pets, cars"):
        trainings.train_free(task)
    with pytest.raises(SystemExit, match="--without pets cars: leaves no pool"):
        trainings.train_free(
            Task("train-free", Settings(tmp_path, data=("x/pets", "x/cars"), without=("pets", "cars")))
        )


def test_a_status_before_any_training_says_so(tmp_path: Path):
    task = Task("status", Settings(tmp_path, runs=tmp_path / "runs"))
    trainings.status(task)
    assert read(task.file) == {"trainings": {}, "note": f"no training has been begun in {tmp_path / 'runs'}"}


@pytest.mark.slow
def test_everything_runs_in_a_tiny_form(tmp_path: Path):
    data = tiny_dataset(tmp_path / "photographs", train=8, val=3, side=48)
    options = ["--cpu-check", "--data", str(data), "--out", str(tmp_path / "out"), "--runs", str(tmp_path / "runs")]
    done = called(*options, "--limit", "500", timeout=520)
    results = {name: read(tmp_path / "out" / f"{name}.json") for name in known()}
    assert done.returncode == 0, {name: result.get("error") for name, result in results.items()}
    assert len(results["step-times"]["steps"]) == 12
    assert results["train-rate"]["rates"]["tiny"]["steps"] == 2
    assert "no --reference" in results["reference-rate"]["skipped"]
    assert [row["way"] for row in results["compile"]["steps"]] == ["plain", "eager backend"]
    for name in ("train-free", "train-large", "train-sibling"):
        state = results["status"]["trainings"][name]
        assert (state["step"], state["total"], state["alive"]) == (1, 1, False)
        assert (tmp_path / "out" / f"{name}.ckpt").stat().st_size > 100_000
    # A training that is asked for again goes on with its own command line, and finds nothing left to do
    again = called(*options, "--parts", "train-sibling", "--epochs", "9")
    assert again.returncode == 0
    assert "Nothing is left to train" in read(tmp_path / "out" / "train-sibling.json")["said"]


@pytest.mark.slow
def test_a_training_outlives_the_command_that_began_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    data = tiny_dataset(tmp_path / "photographs", train=8, val=3, side=48)
    monkeypatch.setattr(trainings, "LOOKED_AFTER_S", 1.0)
    settings = Settings(tmp_path / "out", data=(str(data),), runs=tmp_path / "runs", epochs=100000, sibling="nano")
    tiny = json.loads(settings.config.read_text()) | {
        "batch_size": {"train": 4, "val": 2},
        "data_workers": {"train": 0, "val": 0},
    }
    tiny |= {
        "input_size": {"width": 32, "height": 32},
        "precision": "32-true",
        "views": {"sizes": [{"side": 32}]},
        "gpu_devices": [],
    }
    (tmp_path / "tiny.json").write_text(json.dumps(tiny))
    task = Task("train-sibling", Settings(**{**vars(settings), "config": tmp_path / "tiny.json"}))
    trainings.train_sibling(task)
    started = read(tmp_path / "runs" / "train-sibling" / "started.json")
    try:
        assert task.figures["alive"]
        assert os.getsid(started["pid"]) == started["pid"]
        deadline = time.monotonic() + 120
        while not steps_logged(tmp_path / "runs" / "train-sibling" / "run") and time.monotonic() < deadline:
            time.sleep(0.5)
        again = Task("train-sibling", task.settings)
        trainings.train_sibling(again)
        assert again.figures["note"] == "it runs already"
        assert again.figures["step"] > 0
    finally:
        os.kill(started["pid"], 9)
        os.waitpid(started["pid"], 0)
    assert not trainings.alive(started["pid"])


@pytest.mark.slow
def test_a_rate_is_measured_for_so_long_and_its_training_ended(tmp_path: Path):
    data = tiny_dataset(tmp_path / "photographs", train=8, val=3, side=48)
    tiny = json.loads(Settings.config.read_text()) | {
        "network": "nano",
        "precision": "32-true",
        "gpu_devices": [],
        "log_every": 1,
    }
    tiny |= {"batch_size": {"train": 4, "val": 2}, "data_workers": {"train": 0, "val": 0}}
    tiny |= {"input_size": {"width": 32, "height": 32}, "views": {"sizes": [{"side": 32}]}}
    out = tmp_path / "out"
    out.mkdir()
    row = measured(Task("train-rate", Settings(out, data=(str(data),), seconds=5.0)), "tiny", tiny)
    assert "error" not in row, row
    assert 1.5 < row["seconds"] < 6
    assert row["steps"] > 5
    assert row["samples_s"] == pytest.approx(4 * row["steps_s"], rel=0.01)
    assert [path.name for path in out.iterdir()] == ["rate-tiny"]
