"""Clicks that networks need after equal training: the same samples for all, and the same processor time for all."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from processes import CommandFailed, measure

RIVALS = {"tiny": ("hrnet18s_tiny", "unet_tiny"), "base": ("hrnet18s", "unet_base")}
"""Networks of other designs at the cost of one of ours, to compare with."""

ROOT = Path(__file__).resolve().parents[1]
CONFIG = ROOT / "configs" / "train" / "comparison.json"
RESULTS = ROOT / "bench" / "results" / "networks.json"

SAME_SAMPLES, SAME_TIME = "same samples", "same time"
TARGETS = ("85", "90")
CURVE = (1, 3, 5, 10)
"""The mean IoU after so many clicks is in the table."""

_EPILOG = """\
example:
  python bench/networks_bench.py --data data/click_samples --evaluate voc:VOC2007 --evaluate coco:CARPARTS

Every network is trained by `python -m model train` with configs/train/comparison.json, only `network` and `seed` differ.
"same samples": all make --steps steps. "same time": the first network makes --steps steps, the others as many as fit into
the processor time that it took. Each training has one thread; --jobs of them run side by side. What is done already in
--work is not done again. Evaluation: the published protocol, zoomed to the size of the training.
Results go to bench/results/networks.json, and to standard output as the table of docs/experiments/networks.md.
"""


@dataclass(frozen=True, slots=True)
class Training:
    """One network to train."""

    network: str
    seed: int
    steps: int

    @property
    def name(self) -> str:
        return f"{self.network}_seed{self.seed}_steps{self.steps}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A trained network and how it did. `reports`: data set → row of its report."""

    training: Training
    cpu_s: float
    reports: Mapping[str, Mapping[str, Any]]

    def noc(self, data: str, target: str) -> float:
        return float(self.reports[data]["noc"][target])

    def mean_iou(self, data: str, clicks: int) -> float:
        return float(self.reports[data]["mean_iou"][clicks - 1])


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: the seeds of a network under one condition."""

    condition: str
    network: str
    outcomes: Sequence[Outcome]


def main() -> int:
    arguments = _parse()
    try:
        rows = bench(arguments)
    except CommandFailed as error:
        print(error, file=sys.stderr)
        return 1
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    content = [{**asdict(row), "outcomes": [asdict(outcome) for outcome in row.outcomes]} for row in rows]
    RESULTS.write_text(json.dumps({"rows": content}, indent=2) + "\n")
    print(table(rows, arguments.evaluate))
    _say(f"written to {RESULTS.relative_to(ROOT)}")
    return 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=_EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", required=True, type=Path, metavar="DIR", help="a finished dataset to train on")
    parser.add_argument(
        "--evaluate",
        action="append",
        required=True,
        metavar="DATA",
        help="as `python -m model evaluate --data`; repeat",
    )
    parser.add_argument(
        "--networks",
        nargs="+",
        default=["tiny", *RIVALS["tiny"]],
        metavar="NAME",
        help="the first gives the time (default: %(default)s)",
    )
    parser.add_argument("--seeds", type=int, default=3, metavar="N", help="trainings of each (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=1000, metavar="N", help="training steps (default: %(default)s)")
    parser.add_argument("--limit", type=int, metavar="N", help="evaluate on the first N objects only")
    parser.add_argument(
        "--jobs", type=int, default=2, metavar="N", help="trainings side by side (default: %(default)s)"
    )
    parser.add_argument("--work", type=Path, default=ROOT / "runs" / "comparison", metavar="DIR", help="where runs go")
    return parser.parse_args()


def bench(arguments: argparse.Namespace) -> list[Row]:
    """Train and evaluate everything; trainings that two conditions share are made once."""
    networks, seeds, steps = arguments.networks, range(arguments.seeds), arguments.steps
    work = arguments.work.resolve()
    work.mkdir(parents=True, exist_ok=True)

    def outcome(training: Training) -> Outcome:
        return run(training, arguments.data.resolve(), arguments.evaluate, arguments.limit, work)

    # Seed by seed, so that what there is after an interruption compares all networks.
    first = in_parallel(
        outcome, [Training(network, seed, steps) for seed in seeds for network in networks], arguments.jobs
    )
    rows = [
        Row(SAME_SAMPLES, network, [done for done in first if done.training.network == network]) for network in networks
    ]
    time_of = {row.network: statistics.mean(done.cpu_s for done in row.outcomes) for row in rows}
    allowed = {network: max(1, round(steps * time_of[networks[0]] / time_of[network])) for network in networks}
    second = in_parallel(
        outcome, [Training(network, seed, allowed[network]) for seed in seeds for network in networks], arguments.jobs
    )
    rows += [
        Row(SAME_TIME, network, [done for done in second if done.training.network == network]) for network in networks
    ]
    return rows


def in_parallel(task: Callable[[Training], Outcome], trainings: Iterable[Training], jobs: int) -> list[Outcome]:
    """The outcomes in the order of the trainings."""
    with ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(task, trainings))


def run(training: Training, data: Path, evaluate: Sequence[str], limit: int | None, work: Path) -> Outcome:
    """Train and evaluate, or read what an earlier call left in `work`."""
    done = work / f"{training.name}.json"
    known = json.loads(done.read_text()) if done.exists() else {"reports": {}}
    folder = work / training.name
    if "cpu_s" not in known:
        config = json.loads(CONFIG.read_text()) | {"network": training.network, "seed": training.seed}
        config_file = work / f"{training.name}.config.json"
        config_file.write_text(json.dumps(config))
        options = ["--data", str(data), "--output", str(folder), "--overwrite", "--accelerator", "cpu", "--no-progress"]
        limits = ["--limit-train-batches", str(training.steps), "--limit-val-batches", "2"]
        usage = measure([sys.executable, "-m", "model", "train", str(config_file), *options, *limits], ROOT)
        known["cpu_s"] = usage.cpu_s
        done.write_text(json.dumps(known))
        _say(f"{training.name}: trained in {usage.cpu_s:.0f} s of processor time")
    key_of = {name: name if limit is None else f"{name} {limit}" for name in evaluate}
    for name, key in key_of.items():
        if key not in known["reports"]:
            report = folder / "report"
            options = ["--weights", str(folder), "--data", name, "--split", "all", "--quick", "--output", str(report)]
            some = [] if limit is None else ["--limit", str(limit)]
            measure([sys.executable, "-m", "model", "evaluate", *options, *some, "--no-progress"], ROOT)
            known["reports"][key] = json.loads((report / "report.json").read_text())["scores"]["weights"]["protocol"]
            done.write_text(json.dumps(known))
    reports = {name: known["reports"][key] for name, key in key_of.items()}
    outcome = Outcome(training, known["cpu_s"], reports)
    _say(f"{training.name}: NoC@90 " + ", ".join(f"{outcome.noc(name, '90'):.2f}" for name in evaluate))
    return outcome


def table(rows: Sequence[Row], evaluate: Sequence[str]) -> str:
    """Markdown: mean of the seeds, with lowest and highest for the numbers of clicks."""
    heads = ["", "network", "steps", "CPU s"]
    for name in evaluate:
        short = Path(name.partition(":")[2] or name).name
        heads += [f"{short} NoC@{target}" for target in TARGETS]
        heads += [f"mIoU@{'/'.join(map(str, CURVE))}"]
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for row in rows:
        cells = [row.condition, f"`{row.network}`", str(row.outcomes[0].training.steps)]
        cells.append(f"{statistics.mean(outcome.cpu_s for outcome in row.outcomes):.0f}")
        for name in evaluate:
            for target in TARGETS:
                values = [outcome.noc(name, target) for outcome in row.outcomes]
                cells.append(f"{statistics.mean(values):.2f} ({min(values):.2f} to {max(values):.2f})")
            means = [statistics.mean(outcome.mean_iou(name, clicks) for outcome in row.outcomes) for clicks in CURVE]
            cells.append("/".join(f"{value:.3f}".removeprefix("0") for value in means))
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
