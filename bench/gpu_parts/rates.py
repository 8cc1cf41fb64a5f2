"""Samples a second of whole trainings and how busy they keep the GPU: the product's, and another program's."""

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gpu_parts import ROOT, Settings, Task, part

INTERVAL_S = 0.5
SETTLED = 0.4
"""The first part of a measurement, in which shapes are seen for the first time, does not count."""


@part(
    "train-rate",
    420,
    "samples a second and GPU busy of `python -m model train` on views, as the config is and at 256 px",
)
def train_rate(task: Task) -> None:
    settings = task.settings
    found = {}
    for name, change in variants(settings).items():
        config = config_with(settings, change)
        found[name] = measured(task, name, config)
        task.note(rates=found)
        shutil.rmtree(task.settings.out / f"rate-{name}", ignore_errors=True)


def variants(settings: Settings) -> dict[str, dict[str, Any]]:
    """What is measured: changes to the config, by name."""
    if settings.check:
        return {"tiny": {}}
    only = {"sizes": [{"side": 256}]}
    return {
        "as-it-is": {},
        "at-256": {"views": only},
        "at-256-batch-384": {"views": only, "batch_size": {"train": 384, "val": 64}},
        "at-256-without-clicks": {"views": only | {"rounds": [1]}},
    }


TINY: Mapping[str, Any] = {
    "input_size": {"width": 32, "height": 32},
    "batch_size": {"train": 2, "val": 2},
    "data_workers": {"train": 0, "val": 0},
    "epochs": 1,
    "val_every": 1,
    "log_every": 1,
    "precision": "32-true",
    "views": {"sizes": [{"side": 32}], "smallest_crop": 16, "rounds": [1]},
}
"""Of a check: what takes seconds on a processor."""


def config_with(settings: Settings, change: Mapping[str, Any]) -> dict[str, Any]:
    """The config with some keys changed; those of `views` one by one."""
    config: dict[str, Any] = json.loads(settings.config.read_text(encoding="utf-8"))
    for more in (change, TINY if settings.check else {}):
        views = {**config.get("views", {}), **more.get("views", {})}
        config = {**config, **more, "views": views}
    if config.get("weights_init_type") != "scratch" and not settings.check:
        return config
    return config | {"weights_init_type": "scratch"}


def measured(task: Task, name: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """Train for a while; the figures of one row."""
    settings = task.settings
    run, file, log = (settings.out / f"rate-{name}{end}" for end in ("", ".config.json", ".log"))
    # A rate needs no trained weights, no validation and no end.
    endless = {} if settings.check else {"epochs": 100000, "val_every": 100000, "checkpoint_minutes": None}
    file.write_text(json.dumps({**config, "weights_init_type": "scratch"} | endless))
    command = [sys.executable, "-m", "model", "train", str(file), "--output", str(run), "--overwrite", "--no-progress"]
    command += [word for folder in settings.datasets() for word in ("--data", folder)]
    if settings.check:
        command += ["--accelerator", "cpu", "--limit-train-batches", "2", "--limit-val-batches", "1"]
    row: dict[str, Any] = {"command": " ".join(command[2:])}
    with log.open("w") as output, Busy() as busy:
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
        steps = followed(process, run, None if settings.check else settings.seconds)
    row |= rate_of(steps, samples_of_a_step(config))
    row |= busy.figures(steps[0][0] if steps else 0.0)
    if process.returncode not in (0, 143, -signal.SIGTERM) or not steps:
        row["error"] = log.read_text(errors="replace")[-2000:]
    for path in (file, log):
        path.unlink()
    return row


def followed(process: subprocess.Popen[bytes], run: Path, seconds: float | None) -> list[tuple[float, int]]:
    """Wait for the process, and end it so many seconds after its first step; (moment, steps done) whenever that changed."""
    seen: list[tuple[float, int]] = []
    while process.poll() is None:
        done = steps_logged(run)
        now = time.monotonic()
        if done and (not seen or done > seen[-1][1]):
            seen.append((now, done))
        if seconds is not None and seen and now - seen[0][0] > seconds:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        time.sleep(INTERVAL_S / 2)
    done = steps_logged(run)
    if done and not seen:
        seen.append((time.monotonic(), done))
    return seen


def steps_logged(run: Path) -> int:
    """Steps that a run has logged; 0 before the first."""
    files = sorted(run.glob("logs/version_*/metrics.csv"), key=os.path.getmtime)
    if not files:
        return 0
    with files[-1].open(newline="") as file:
        steps = [
            int(row["step"]) for row in csv.DictReader(file) if row.get("train/loss") and (row["step"] or "").isdigit()
        ]
    return max(steps, default=-1) + 1


def rate_of(steps: Sequence[tuple[float, int]], samples: float) -> dict[str, Any]:
    """Steps and samples a second in the settled part of what was seen."""
    if len(steps) < 2:
        return {"steps": steps[-1][1] if steps else 0}
    begun = steps[0][0] + SETTLED * (steps[-1][0] - steps[0][0])
    counted = [seen for seen in steps if seen[0] >= begun]
    if len(counted) < 2:
        counted = list(steps)
    rate = (counted[-1][1] - counted[0][1]) / (counted[-1][0] - counted[0][0])
    seconds = round(counted[-1][0] - counted[0][0], 1)
    return {"steps": steps[-1][1], "seconds": seconds, "steps_s": round(rate, 3), "samples_s": round(rate * samples, 1)}


def samples_of_a_step(config: Mapping[str, Any]) -> float:
    """Mean number of samples a step, which sizes of views change."""
    from model.training.config import parse_config
    from model.training.drawn_views import batch_of

    known = parse_config(json.dumps(config), "config")
    batch, side = known.batch_size.train, known.input_size.height
    if known.views is None:
        return batch
    shares = [size.share for size in known.views.sizes]
    return sum(batch_of(batch, side, size.side) * size.share for size in known.views.sizes) / sum(shares)


class Busy:
    """Asks nvidia-smi again and again how busy the GPU is; without one it has nothing to tell."""

    def __init__(self) -> None:
        self.seen: list[tuple[float, float, float]] = []
        self.process: subprocess.Popen[str] | None = None

    def __enter__(self) -> "Busy":
        if shutil.which("nvidia-smi"):
            query = [
                "--query-gpu=utilization.gpu,memory.used",
                "--format=csv,noheader,nounits",
                "-lms",
                str(int(1000 * INTERVAL_S)),
            ]
            self.process = subprocess.Popen(["nvidia-smi", *query], stdout=subprocess.PIPE, text=True)
            threading.Thread(target=self.read, args=(self.process,), daemon=True).start()
        return self

    def read(self, process: subprocess.Popen[str]) -> None:
        """Note what nvidia-smi says, until it ends."""
        for line in process.stdout or ():
            numbers = re.findall(r"\d+", line)
            if len(numbers) == 2:
                self.seen.append((time.monotonic(), float(numbers[0]), float(numbers[1])))

    def __exit__(self, *_: Any) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait()

    def figures(self, since: float) -> dict[str, Any]:
        """Mean percentage busy in the settled part since the first step, and the most memory."""
        if not self.seen:
            return {"gpu_busy": None}
        begun = since + SETTLED * (self.seen[-1][0] - since)
        counted = [busy for moment, busy, _ in self.seen if moment >= begun] or [self.seen[-1][1]]
        return {"gpu_busy": round(sum(counted) / len(counted), 1), "gpu_mib": max(memory for _, _, memory in self.seen)}


@part("reference-rate", 300, "the same of another program: --reference FILE, called with --pack, --seconds and --out")
def reference_rate(task: Task) -> None:
    settings = task.settings
    if settings.reference is None or not settings.reference_pack:
        task.note(skipped="no --reference FILE with its --reference-pack is given")
        return
    command = [sys.executable, str(settings.reference), "--pack", *settings.reference_pack]
    command += ["--seconds", str(settings.seconds), "--out", str(settings.out / "reference")]
    if settings.check:
        command += ["--only", "60", "--steps", "3", "--budget", "8"]
    begun = time.monotonic()
    with Busy() as busy:
        done = subprocess.run(command, capture_output=True, text=True)
    shutil.rmtree(settings.out / "reference", ignore_errors=True)
    rates = [float(number) for number in re.findall(r"([\d.]+)/s", done.stdout)]
    task.note(samples_s=rates[-1] if rates else None, **busy.figures(begun), said=done.stdout[-2000:])
    if done.returncode:
        raise SystemExit(f"{settings.reference} ended with {done.returncode}: {done.stderr[-1500:]}")
