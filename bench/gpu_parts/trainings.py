"""Trainings that live on when the command ends that began them, how far they are, and what of them comes home."""

import csv
import json
import math
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gpu_parts import ROOT, Settings, Task, part, read, write
from gpu_parts.rates import config_with, samples_of_a_step, steps_logged

ENCODER = "zoo:lite0-imagenet"
STARTED = "started.json"
LOOKED_AFTER_S = 20.0
LARGEST_FILE = 16 * 2**20
"""Bytes of a file that come home."""


@part("train-free", 60, "begin: the config's recipe from the ImageNet encoder, without the pools of --without")
def train_free(task: Task) -> None:
    data = [folder for folder in task.settings.datasets() if Path(folder).name not in task.settings.without]
    unknown = set(task.settings.without) - {Path(folder).name for folder in task.settings.data}
    if unknown:
        names = ", ".join(Path(folder).name for folder in task.settings.data)
        raise SystemExit(f"--without {' '.join(sorted(unknown))}: no such pool; there are {names}")
    change: dict[str, Any] = {"weights_init_type": "transfer_learning"}
    change |= {"refuse_licences": list(task.settings.refuse)} if task.settings.refuse else {}
    begin(task, change, ENCODER, data)


@part("train-large", 60, "begin: lite goes on with views of 416 and 512 px, for thin things")
def train_large(task: Task) -> None:
    sizes = [{"side": 416, "share": 0.5, "whole": 0.35}, {"side": 512, "share": 0.5, "whole": 0.35}]
    change = {"weights_init_type": "continue_training", "lr": 0.0016, "views": {"sizes": sizes}}
    begin(task, change, "zoo:lite", task.settings.datasets())


@part("train-sibling", 60, "begin: the recipe with the larger network of --sibling, from scratch")
def train_sibling(task: Task) -> None:
    network = "nano" if task.settings.check else task.settings.sibling
    begin(task, {"network": network, "weights_init_type": "scratch"}, None, task.settings.datasets())


def begin(task: Task, change: Mapping[str, Any], weights: str | None, data: Sequence[str]) -> None:
    """Start a training in a session of its own, or go on with it; the same command line whenever it is asked for."""
    settings = task.settings
    if not data:
        raise SystemExit(f"--without {' '.join(settings.without)}: leaves no pool")
    run = settings.runs / task.name
    started = read(run / STARTED)
    if alive(started.get("pid")):
        task.note(**described(run), note="it runs already")
        return
    if not started:
        run.mkdir(parents=True, exist_ok=True)
        config = config_with(settings, change) | {"weights_init_type": change["weights_init_type"]}
        config |= {} if settings.check else {"checkpoint_minutes": 2.0}
        (run / "asked.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
        command = ["-m", "model", "train", str(run / "asked.json"), "--output", str(run / "run"), "--resume", "auto"]
        command += ["--no-progress", *(word for folder in data for word in ("--data", folder))]
        weights = weights and (settings.weights or weights)
        command += ["--weights", weights] if weights else []
        if settings.check:
            command += ["--accelerator", "cpu", "--limit-train-batches", "1", "--limit-val-batches", "1"]
        elif epochs := epochs_of(settings, config):
            command += ["--epochs", str(epochs)]
        started = {"command": command}
    with (run / "log.txt").open("a") as log:
        process = subprocess.Popen(
            [sys.executable, *started["command"]],
            cwd=ROOT,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    write(run / STARTED, started | {"pid": process.pid, "at": time.time()})
    deadline = time.monotonic() + (50 if settings.check else LOOKED_AFTER_S)
    while process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.2)
    task.note(**described(run))
    if process.returncode:
        raise SystemExit(f"the training ended at once, with {process.returncode}: {task.figures['said'][-1500:]}")


def epochs_of(settings: Settings, config: Mapping[str, Any]) -> int | None:
    """Epochs that fit into the minutes at the rate that `train-rate` has found; None where that is not known."""
    if settings.epochs is not None:
        return settings.epochs
    rate = read(settings.out / "train-rate.json").get("rates", {}).get("as-it-is", {}).get("samples_s")
    if not rate:
        return None
    samples = 60 * settings.minutes * float(rate)
    # An epoch is as many steps as there are objects in batches of the config's size; a step has other sizes, too.
    steps = samples / samples_of_a_step(config)
    return max(1, math.floor(steps / max(1.0, objects_in(settings) / config["batch_size"]["train"])))


def objects_in(settings: Settings) -> int:
    """Objects in all datasets, by their index."""
    import pyarrow.parquet as pq

    count = 0
    for folder in settings.data:
        rows = pq.read_table(Path(folder) / "samples.parquet", columns=["classes"])["classes"].to_pylist()
        count += sum(len([title for title in classes if title == "obj"]) for classes in rows)
    return count


@part("status", 30, "how far the trainings are")
def status(task: Task) -> None:
    runs = {path.parent.name: described(path.parent) for path in sorted(task.settings.runs.glob(f"*/{STARTED}"))}
    task.note(trainings=runs)
    if not runs:
        task.note(note=f"no training has been begun in {task.settings.runs}")


def described(run: Path) -> dict[str, Any]:
    """What there is to know of a training from its files."""
    log = run / "log.txt"
    said = log.read_text(errors="replace") if log.is_file() else ""
    totals = re.findall(r"step \d+/(\d+)|to step (\d+)", said)
    total = int(next(filter(None, totals[-1]))) if totals else None
    started = read(run / STARTED)
    return {
        "alive": alive(started.get("pid")),
        "step": steps_logged(run / "run"),
        "total": total,
        "best": best_of(run / "run"),
        "said": said[-1500:],
    }


def best_of(run: Path) -> float | None:
    """The highest validation mIoU so far."""
    values = []
    for file in run.glob("logs/version_*/metrics.csv"):
        with file.open(newline="") as rows:
            values += [float(row["val/miou"]) for row in csv.DictReader(rows) if row.get("val/miou")]
    return max(values, default=None)


def alive(process: int | None) -> bool:
    """Whether a process of this number runs, and is one of ours."""
    try:
        return process is not None and b"model" in Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return False


@part("home", 60, "put what of the trainings comes home into --out: slim weights of the best and the numbers")
def home(task: Task) -> None:
    brought = {}
    for started in sorted(task.settings.runs.glob(f"*/{STARTED}")):
        run = started.parent
        best = run / "run" / "checkpoints" / "best.ckpt"
        files: list[Any] = []
        if best.is_file():
            slim = task.settings.out / f"{run.name}.ckpt"
            slim.unlink(missing_ok=True)
            command = [sys.executable, "-m", "model", "weights", str(best), "--output", str(slim)]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
            files += pieces_of(slim) if done.returncode == 0 else [done.stderr[-500:]]
        logs = sorted((run / "run").glob("logs/version_*/metrics.csv"), key=os.path.getmtime)
        if logs:
            files.append(Path(shutil.copyfile(logs[-1], task.settings.out / f"{run.name}.csv")))
        brought[run.name] = described(run) | {"files": files}
        task.note(trainings=brought)


def pieces_of(file: Path, largest: int = LARGEST_FILE) -> list[Path]:
    """The file itself, or where it is too large to come home, pieces in its place: `cat FILE.* > FILE` puts them together."""
    for old in file.parent.glob(file.name + ".*"):
        old.unlink()
    if file.stat().st_size <= largest:
        return [file]
    content = file.read_bytes()
    file.unlink()
    pieces = []
    for number, start in enumerate(range(0, len(content), largest)):
        pieces.append(file.with_name(f"{file.name}.{number}"))
        pieces[-1].write_bytes(content[start : start + largest])
    return pieces
