"""What `python -m pipelines run` costs: CPU time against the limit, speed-up with two workers, memory by number of samples."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from math import ceil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from processes import Usage, measure

ROOT = Path(__file__).resolve().parents[1]
GRAPH = ROOT / "configs" / "graphs" / "pascal_voc.json"
RESULTS = ROOT / "bench" / "results" / "pipeline.json"
DATASET = "smtool_dataset"

TWO_WORKERS = ("--direct_running_mode=multi_processing", "--direct_num_workers=2")

_FOLDERS = ("JPEGImages", "SegmentationClass", "SegmentationObject")
_LISTS = Path("ImageSets") / "Segmentation"
_MANY, _FEW = 20_000, 1_000
_QUICK_MANY, _QUICK_FEW = 1_500, 300

_EPILOG = """\
examples:
  python bench/pipeline_bench.py                            artificial images, about ten minutes
  python bench/pipeline_bench.py --quick                    about a minute, rougher numbers
  python bench/pipeline_bench.py --voc data/VOC2012         images of your own

The images are repeated under other names until the run makes enough samples. Run and limit take turns, and what is
compared is their CPU time, so other work on the machine hardly matters; wall times are only as good as the machine is idle.
The limit (bench/limit.py) writes the same samples with nothing but OpenCV, without Beam, keys, filters or an index.
"Started" leaves out what a run of one image costs: importing Beam, building the pipeline, starting the workers.
Results go to bench/results/pipeline.json, and to standard output as the table of docs/explanation/performance.md.
"""


@dataclass(frozen=True, slots=True)
class Round:
    """CPU seconds of one run, and of the limit for the samples of that run."""

    run_cpu_s: float
    run_wall_s: float
    limit_cpu_s: float


def main() -> int:
    arguments = _parse()
    with tempfile.TemporaryDirectory(prefix="pipeline-bench-", dir=arguments.work) as folder:
        results = bench(Path(folder), arguments)
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")
    print(table(results))
    _say(f"written to {RESULTS.relative_to(ROOT)}")
    return 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=_EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--voc", type=Path, metavar="DIR", help="a Pascal VOC folder (default: artificial images, drawn first)"
    )
    parser.add_argument("--samples", type=int, metavar="N", help=f"samples to make (default about {_MANY:,})")
    parser.add_argument("--rounds", type=int, metavar="N", help="how often run and limit take turns (default 3)")
    parser.add_argument("--images", type=int, default=50, metavar="N", help="artificial images to draw (default 50)")
    parser.add_argument("--quick", action="store_true", help=f"about {_QUICK_MANY:,} samples and one round")
    parser.add_argument(
        "--work", type=Path, metavar="DIR", help="where temporary files go, some 2 GB (default: the system's place)"
    )
    arguments = parser.parse_args()
    arguments.samples = arguments.samples or (_QUICK_MANY if arguments.quick else _MANY)
    arguments.few = min(_QUICK_FEW if arguments.quick else _FEW, arguments.samples)
    arguments.rounds = arguments.rounds or (1 if arguments.quick else 3)
    return arguments


def bench(folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """All measurements, as the content of the result file. Uses `folder` for everything it writes besides."""
    voc = arguments.voc.resolve() if arguments.voc else _draw_images(folder / "artificial", arguments.images)
    once = repeat_voc(voc, folder / "once", 1)
    run(once, folder / "out")
    index = pq.read_table(folder / "out" / DATASET / "samples.parquet", columns=["source"], use_threads=False)
    by_image = Counter(Path(source).name for source in index["source"].to_pylist())
    single = repeat_voc(voc, folder / "single", 1, only=Path(by_image.most_common(1)[0][0]).stem)
    few = repeat_voc(voc, folder / "few", ceil(arguments.few / len(index)))
    many = repeat_voc(voc, folder / "many", ceil(arguments.samples / len(index)))

    rounds, starts, runs = [], [], []
    for number in range(arguments.rounds):
        _say(f"round {number + 1} of {arguments.rounds}")
        starts.append(run(single, folder / "out"))
        runs.append(run(many, folder / "out"))
        samples = _samples(folder / "out")
        cpu, equal = limit(folder / "out" / DATASET, many, folder / "limit.tar", compare=number == 0)
        rounds.append(Round(runs[-1].cpu_s, runs[-1].wall_s, cpu))
        if number == 0:
            same = equal / samples
    _say("few samples, and two workers")
    single_two = run(single, folder / "out", TWO_WORKERS)
    many_two = run(many, folder / "out", TWO_WORKERS)
    few_two = run(few, folder / "out", TWO_WORKERS)
    few_one = run(few, folder / "out")
    return {
        "machine": _machine(),
        "samples": samples,
        "images": sum(1 for _ in (many / "JPEGImages").iterdir()),
        "same_as_limit": same,
        "cost": _cost(rounds, starts, samples),
        "speed_up": _speed_up(runs, starts, many_two, single_two),
        "memory": _memory((_samples(folder / "out"), samples), (few_one, runs[-1]), (few_two, many_two)),
    }


def repeat_voc(voc: Path, folder: Path, copies: int, only: str | None = None) -> Path:
    """A VOC folder of links with each listed image `copies` times, the first under its own name; returns it.

    With `only`, that image alone. Lists that repeat others are left out, so an image is in one dataset.
    """
    lists = {path.stem: path.read_text().split() for path in sorted((voc / _LISTS).glob("*.txt"))}
    if {"train", "val"} & set(lists):
        lists.pop("trainval", None)
    (folder / _LISTS).mkdir(parents=True)
    files = {name: {path.stem: path for path in (voc / name).iterdir()} for name in _FOLDERS}
    if (voc / "colors.txt").exists():
        (folder / "colors.txt").symlink_to(voc / "colors.txt")
    for name in _FOLDERS:
        (folder / name).mkdir()
    for dataset, listed in lists.items():
        names = {
            stem if not number else f"{stem}_{number:04d}": stem
            for stem in listed
            if only in (None, stem)
            for number in range(copies)
        }
        for name, stem in names.items():
            for directory in _FOLDERS:
                file = files[directory][stem]
                (folder / directory / f"{name}{file.suffix}").symlink_to(file)
        if names:
            (folder / _LISTS / f"{dataset}.txt").write_text("\n".join(names) + "\n")
    return folder


def run(voc: Path, output: Path, options: Sequence[str] = ()) -> Usage:
    """One run of the graph over a VOC folder into `output`, which is replaced."""
    shutil.rmtree(output, ignore_errors=True)
    project = f"PascalVOC={voc}"
    command = [
        sys.executable,
        "-m",
        "pipelines",
        "run",
        str(GRAPH),
        "--project",
        project,
        "--output",
        str(output),
        *options,
    ]
    return measure(command, ROOT)


def limit(dataset: Path, voc: Path, tar: Path, compare: bool) -> tuple[float, int]:
    """CPU seconds of the limit for a dataset's samples, and how many of its samples are the same (0 if not compared)."""
    command = [sys.executable, "bench/limit.py", str(dataset), str(voc), "--output", str(tar), *["--compare"] * compare]
    result = json.loads(measure(command, ROOT).text)
    return result["cpu_s"], result.get("equal", 0)


def _draw_images(folder: Path, images: int) -> Path:
    _say(f"drawing {images} images")
    command = [sys.executable, "-m", "pipelines", "synth", str(folder), "--format", "voc", "--images", str(images)]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return folder


def _samples(output: Path) -> int:
    return int(json.loads((output / DATASET / "manifest.json").read_text())["samples"])


def _cost(rounds: Sequence[Round], starts: Sequence[Usage], samples: int) -> dict[str, Any]:
    start = statistics.median(usage.cpu_s for usage in starts)
    run_ms = [1000 * turn.run_cpu_s / samples for turn in rounds]
    started_ms = [1000 * (turn.run_cpu_s - start) / samples for turn in rounds]
    limit_ms = [1000 * turn.limit_cpu_s / samples for turn in rounds]
    return {
        "start_cpu_s": start,
        "start_wall_s": statistics.median(usage.wall_s for usage in starts),
        "limit_ms": _spread(limit_ms),
        "run_ms": _spread(run_ms),
        "started_ms": _spread(started_ms),
        "limit_per_run": _spread([least / whole for least, whole in zip(limit_ms, run_ms, strict=True)]),
        "limit_per_started": _spread([least / part for least, part in zip(limit_ms, started_ms, strict=True)]),
    }


def _spread(values: Sequence[float]) -> dict[str, float]:
    return {"median": statistics.median(values), "least": min(values), "most": max(values)}


def _speed_up(runs: Sequence[Usage], starts: Sequence[Usage], two: Usage, start_two: Usage) -> dict[str, float]:
    """Two workers against one. `wall` is what the clock shows; `cpu` is what an idle machine would: one worker's CPU seconds by
    those of the busier of two, start-up left out of both."""
    one_wall = statistics.median(usage.wall_s for usage in runs) - statistics.median(usage.wall_s for usage in starts)
    one_cpu = statistics.median(usage.cpu_s for usage in runs) - statistics.median(usage.cpu_s for usage in starts)
    busier = max(two.workers_cpu_s) - max(start_two.workers_cpu_s)
    return {
        "start_two_wall_s": start_two.wall_s,
        "wall": one_wall / (two.wall_s - start_two.wall_s),
        "cpu": one_cpu / busier,
    }


def _memory(samples: tuple[int, int], one: tuple[Usage, Usage], two: tuple[Usage, Usage]) -> dict[str, Any]:
    """Peak resident kB at two numbers of samples, and how much a sample more costs."""
    peaks = {
        "one_process": [usage.launcher_peak_kb for usage in one],
        "two_workers_launcher": [usage.launcher_peak_kb for usage in two],
        "two_workers_larger": [usage.worker_peak_kb for usage in two],
    }
    added = max(samples[1] - samples[0], 1)
    rows = {name: {"peak_kb": [few, many], "kb_a_sample": (many - few) / added} for name, (few, many) in peaks.items()}
    return {"samples": list(samples), **rows}


def _machine() -> dict[str, Any]:
    packages = ("apache-beam", "numpy", "opencv-python-headless", "pyarrow")
    return {"cores": os.cpu_count(), "python": platform.python_version(), **{name: version(name) for name in packages}}


def table(results: dict[str, Any]) -> str:
    """The results as the Markdown table of docs/explanation/performance.md."""
    cost, speed, memory = results["cost"], results["speed_up"], results["memory"]
    few, many = memory["samples"]
    lines = [
        f"| {results['samples']:,} samples of {results['images']:,} images, one core | median | range |",
        "|---|---|---|",
        f"| limit, CPU ms a sample | {_numbers(cost['limit_ms'])} |",
        f"| run, CPU ms a sample | {_numbers(cost['run_ms'])} |",
        f"| run once started, CPU ms a sample | {_numbers(cost['started_ms'])} |",
        f"| **limit / run** | {_numbers(cost['limit_per_run'])} |",
        f"| **limit / run once started** | {_numbers(cost['limit_per_started'])} |",
        f"| start-up, CPU s | {cost['start_cpu_s']:.1f} | |",
        f"| samples whose image and mask equal the limit's | {results['same_as_limit']:.2%} | |",
        f"| two workers once started: speed-up by the clock | {speed['wall']:.2f} | |",
        f"| two workers once started: speed-up by CPU time | {speed['cpu']:.2f} | |",
        f"| start-up with two workers, s | {speed['start_two_wall_s']:.1f} | |",
        "",
        f"| peak memory, MB | {few:,} samples | {many:,} samples | kB a sample |",
        "|---|---|---|---|",
    ]
    titles = {
        "one_process": "one process",
        "two_workers_launcher": "two workers: launcher",
        "two_workers_larger": "two workers: the larger one",
    }
    for name, title in titles.items():
        peaks = " | ".join(f"{peak / 1024:.0f}" for peak in memory[name]["peak_kb"])
        lines.append(f"| {title} | {peaks} | {memory[name]['kb_a_sample']:.1f} |")
    return "\n".join(lines)


def _numbers(spread: dict[str, float]) -> str:
    return f"{spread['median']:.2f} | {spread['least']:.2f} to {spread['most']:.2f}"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
