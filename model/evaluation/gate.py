"""`python -m model gate`: whether new weights may replace the old default.

They may only if they are surely better where it counts, surely worse nowhere, obey no less, and stay fast: see `RULES`.
"""

import argparse
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch

from model.chance import generator
from model.errors import UserError
from model.evaluation.click_times import REPEATS, THREADS, ClickTimes, click_times
from model.evaluation.data import EvaluationImages, open_evaluation
from model.evaluation.evaluate import LOOKS, network_candidate
from model.evaluation.objects import ObjectResult, Plan, evaluate
from model.evaluation.paired_bootstrap import CONFIDENCE, RESAMPLES, Difference, paired_difference
from model.evaluation.protocol import REGRESSION, Run, summarise
from model.evaluation.report import aligned, by_candidate
from model.evaluation.thirds import THIRDS, Bounds, bounds_of
from model.inference.device import add_progress_option
from model.inference.export import export
from model.inference.onnx_backend import OnnxBackend
from model.weights import zoo
from model.weights.checkpoints import WeightsCard, load_network

NEW, OLD = "new", "old"
TARGETS = (0.85, 0.90)
SLOWEST = 0.050
"""Seconds: the 95th percentile of a click's time has to be below."""
SHORT_REPEATS = 20
"""Clicks that are timed where --limit asks for a short try."""
BUSY = 2.0
"""Programs that want a processor, this one among them, from which on times are said to be those of a busy machine."""
SEED = 0

RULES = f"""New weights pass when, beside the old ones,

* NoC@85 and NoC@90 are better on each set by each look: the {CONFIDENCE:.0%} interval of the mean difference, by a paired
  bootstrap over the objects ({RESAMPLES:,} resamples), lies below zero,
* in no third of size, by object / image, either of them is worse: no interval lies above zero,
* on each set by each look, the share of clicks obeyed is not surely lower, and that of clicks that made it worse not surely
  higher, by the same intervals over the objects' shares,
* 95 of 100 clicks take less than {1000 * SLOWEST:.0f} ms on a photograph of 640x480, with ONNX Runtime on {THREADS} threads:
  the first click with its second look, and the third click.
"""

EPILOG = f"""{RULES}
examples:
  python -m model gate --weights runs/first --voc data/voc2007-44 --carparts data/carparts-test --output gate
  python -m model gate --weights runs/first --voc data/voc2007-44 --carparts data/carparts-test --limit 10

Both networks are exported to ONNX in a temporary folder, and each is evaluated by the published protocol by both looks, with
the input size that its card names; sessions end at IoU 0.90, after at least 10 clicks, as with `evaluate --quick`.
The folder gets gate.json and gate.png. With --limit, or on other sets, nothing can pass: it is not a verdict.
Exit status: 0 passed, 1 not passed, 2 a mistake in what was asked.
"""


@dataclass(frozen=True, slots=True)
class GateSet:
    """A set that the gate asks for."""

    option: str
    name: str
    kind: str
    """Of data, see `model.evaluation.data`."""
    images: int
    objects: int
    what: str


SETS = (
    GateSet("voc", "voc2007-44", "voc", 44, 115, "the 44 images of Pascal VOC 2007"),
    GateSet("carparts", "carparts-test", "coco", 100, 811, "the test split of the car parts"),
)


@dataclass(frozen=True, slots=True)
class Check:
    """One condition: the figures of both, and whether it holds."""

    where: str
    """Set and look; empty for times."""
    what: str
    old: float | None
    new: float
    difference: Difference | None
    rule: str
    passed: bool


@dataclass(frozen=True, slots=True)
class Measured:
    """Both candidates on one set by one look, object by object in the same order."""

    where: str
    bounds: Bounds
    new: Sequence[ObjectResult]
    old: Sequence[ObjectResult]


def checks_of(measured: Measured, max_clicks: int) -> list[Check]:
    """All conditions of one set by one look. ValueError where the two did not do the same objects."""
    names = [[(result.image, result.object_name) for result in found] for found in (measured.new, measured.old)]
    if names[0] != names[1]:
        raise ValueError(f"{measured.where}: the objects of the two candidates are not the same")
    checks = []
    thirds = np.array([measured.bounds.third_of(result.share) for result in measured.new])
    everything = np.ones(len(thirds), bool)
    for target in TARGETS:
        new, old = (_counts(found, target, max_clicks) for found in (measured.new, measured.old))
        parts = [("", everything)] + [(f", {third} third", thirds == third) for third in THIRDS]
        for part, chosen in parts:
            if not chosen.any():
                continue
            what = f"NoC@{round(100 * target)}{part}"
            rng = generator(SEED, f"gate, {measured.where}, {what}")
            found = paired_difference(new[chosen], old[chosen], rng)
            rule, passed = ("not worse", not found.surely_above_zero) if part else ("better", found.surely_below_zero)
            means = float(old[chosen].mean()), float(new[chosen].mean())
            checks.append(Check(measured.where, what, *means, found, rule, passed))
    new_scores, old_scores = (
        summarise([result.protocol for result in found], max_clicks) for found in (measured.new, measured.old)
    )
    for what, of, share, rule in (
        ("clicks obeyed", obeyed, (old_scores.obedience, new_scores.obedience), "not lower"),
        ("clicks that made it worse", regressions, (old_scores.regressions, new_scores.regressions), "not higher"),
    ):
        new, old = (np.array([of(result.protocol) for result in found]) for found in (measured.new, measured.old))
        found = paired_difference(new, old, generator(SEED, f"gate, {measured.where}, {what}"))
        # Two estimates are never equal: what counts is whether one is surely lower, as everywhere here.
        passed = not (found.surely_below_zero if rule == "not lower" else found.surely_above_zero)
        checks.append(Check(measured.where, what, *share, found, rule, passed))
    return checks


def obeyed(run: Run) -> float:
    """Share of the clicks so far that the masks of one object agree with, over all its clicks."""
    return sum(step.agreeing for step in run.steps) / sum(range(1, len(run.steps) + 1))


def regressions(run: Run) -> float:
    """Share of the later clicks of one object that made its mask worse."""
    later = list(pairwise(step.iou for step in run.steps))
    return sum(after < before - REGRESSION for before, after in later) / max(1, len(later))


def _counts(results: Iterable[ObjectResult], target: float, max_clicks: int) -> np.ndarray:
    """NoC@target of each object, (n,)."""
    return np.array([result.protocol.clicks_to_reach(target, max_clicks) for result in results], np.float64)


def time_checks(new: ClickTimes, old: ClickTimes | None = None) -> list[Check]:
    """The conditions on the times of clicks; the old weights' are shown beside, nothing is asked of them."""
    checks = []
    for what, of in TIMED.items():
        value = float(np.quantile(of(new), 0.95))
        beside = None if old is None else float(np.quantile(of(old), 0.95))
        rule = f"below {1000 * SLOWEST:.0f} ms"
        checks.append(Check("", f"{what}, 95 of 100 within", beside, value, None, rule, value < SLOWEST))
    return checks


TIMED: Mapping[str, Callable[[ClickTimes], np.ndarray]] = {
    "first click with its second look": lambda times: times.first,
    "third click": lambda times: times.third,
}


def verdict_table(checks: Sequence[Check]) -> str:
    """All conditions as lines of text."""
    rows = [["", "", "old", "new", "new - old, with its interval", "asked", ""]]
    for check in checks:
        rows.append([check.where, check.what, *_figures(check), check.rule, "passed" if check.passed else "FAILED"])
    return aligned(rows, left=2)


def _figures(check: Check) -> list[str]:
    if not check.where:
        return ["-" if check.old is None else f"{1000 * check.old:.1f} ms", f"{1000 * check.new:.1f} ms", ""]
    if check.difference is None:
        return [f"{check.old:.4f}", f"{check.new:.4f}", f"{check.new - (check.old or 0):+.4f}"]
    found = check.difference
    return [f"{check.old:.2f}", f"{check.new:.2f}", f"{found.mean:+.2f} ({found.low:+.2f} to {found.high:+.2f})"]


def write_picture_of(path: Path, checks: Sequence[Check], measured: Sequence[Measured], max_clicks: int) -> None:
    """The differences with their intervals, and how many objects need how many clicks fewer or more."""
    from matplotlib.figure import Figure

    compared = [check for check in checks if check.difference is not None]
    figure = Figure(figsize=(13, 2 + 0.26 * len(compared)), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.3, 1))
    for row, check in enumerate(compared):
        found = check.difference
        if found is None:
            continue
        colour = "tab:green" if check.passed else "tab:red"
        bold = 2.5 if check.rule == "better" else 1.0
        left.plot([found.low, found.high], [row, row], color=colour, linewidth=bold)
        left.plot([found.mean], [row], "o", color=colour, markersize=3 + bold)
    left.axvline(0, color="black", linewidth=0.8)
    left.set_yticks(range(len(compared)), [f"{check.where}: {check.what}" for check in compared], fontsize=8)
    left.invert_yaxis()
    left.set(xlabel="clicks, new - old (left: fewer)", title=f"mean difference and its {CONFIDENCE:.0%} interval")
    left.grid(axis="x", alpha=0.3)
    for one in measured:
        new, old = (_counts(found, max(TARGETS), max_clicks) for found in (one.new, one.old))
        values = np.sort(new - old)
        right.plot(np.linspace(0, 100, len(values)), values, label=one.where)
    right.axhline(0, color="black", linewidth=0.8)
    right.set(
        xlabel="% of the objects, sorted",
        ylabel="clicks, new - old",
        title=f"NoC@{round(100 * max(TARGETS))}, object by object",
    )
    right.grid(alpha=0.3)
    right.legend(fontsize=8)
    figure.savefig(path, dpi=110)


# ---------------------------------------------------------------- command line


def add_parser(subparsers: Any) -> None:
    """Adds the command `gate`."""
    parser = subparsers.add_parser(
        "gate",
        help="whether new weights may replace the old default",
        description="Compare new weights with the old default on two sets, and say whether they may replace it.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--weights", metavar="W", help="the new ones: a checkpoint, the folder of a training run, or zoo:NAME"
    )
    parser.add_argument("--against", default=zoo.DEFAULT, metavar="W", help="the old ones (default: %(default)s)")
    for each in SETS:
        parser.add_argument(f"--{each.option}", metavar="DIR", help=f"{each.name}: {each.what}")
    parser.add_argument("--output", type=Path, metavar="DIR", help="where gate.json and gate.png go")
    parser.add_argument(
        "--limit", type=int, metavar="N", help="only the first N objects of each set, for a short try; not a verdict"
    )
    add_progress_option(parser)
    parser.set_defaults(func=run)


def run(options: argparse.Namespace) -> int:
    """The command; the exit status says whether the new weights passed."""
    sets = checked(options)
    networks = {name: load_network(weights) for name, weights in ((NEW, options.weights), (OLD, options.against))}
    if options.output:
        options.output.mkdir(parents=True, exist_ok=True)
    plan = Plan(quick=True, limit=options.limit, guaranteed=False)
    with tempfile.TemporaryDirectory(prefix="gate-") as folder:
        backends: dict[str, tuple[OnnxBackend, WeightsCard]] = {}
        timed: dict[str, OnnxBackend] = {}
        for name, (network, card) in networks.items():
            file = Path(folder) / f"{name}.onnx"
            export(network, card, file)
            timed[name], _ = OnnxBackend.load(file, THREADS)
            # As many threads as PyTorch takes: OMP_NUM_THREADS then holds for both.
            backends[name] = OnnxBackend.load(file, torch.get_num_threads())
        measured = [
            one for each, images in sets.items() for one in measure(each, images, backends, plan, options.progress)
        ]
        load = os.getloadavg()[0]
        repeats = REPEATS if options.limit is None else SHORT_REPEATS
        times = {
            name: click_times(timed[name], card.look, repeats, progress=options.progress)
            for name, (_, card) in backends.items()
        }
    checks = [check for one in measured for check in checks_of(one, plan.max_clicks)]
    checks += time_checks(times[NEW], times[OLD])
    reservations = reservations_about(options, measured)
    failed = [check for check in checks if not check.passed]
    passed = not failed and not reservations
    print(f"new: {options.weights}\nold: {options.against}\n")
    print(verdict_table(checks))
    print()
    if load > BUSY:
        print(
            f"the times are those of a busy machine: {load:.1f} programs wanted a processor before they were measured"
        )
    if reservations:
        print("not a verdict: " + "; ".join(reservations))
    print(_conclusion(len(checks), len(failed), bool(reservations)))
    if options.output:
        content = {
            "passed": passed,
            "not_a_verdict_because": reservations,
            "new": options.weights,
            "old": options.against,
            "objects": {one.where: len(one.new) for one in measured},
            "confidence": CONFIDENCE,
            "resamples": RESAMPLES,
            "load_before_times": load,
            "milliseconds": {
                name: {
                    what: {f"p{q}": 1000 * float(np.percentile(of(found), q)) for q in (50, 95)}
                    for what, of in TIMED.items()
                }
                for name, found in times.items()
            },
            "checks": [asdict(check) for check in checks],
        }
        (options.output / "gate.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        write_picture_of(options.output / "gate.png", checks, measured, plan.max_clicks)
        print(f"gate.json and gate.png in {options.output}")
    return 0 if passed else 1


def _conclusion(checks: int, failed: int, is_try: bool) -> str:
    if failed:
        return f"NOT PASSED: {failed} of {checks} checks failed"
    return f"all {checks} checks passed" + (", in a try" if is_try else ": the new weights may be the default")


def checked(options: argparse.Namespace) -> dict[GateSet, EvaluationImages]:
    """The two sets. UserError with everything that is wrong with the options."""
    problems = []
    if not options.weights:
        problems.append("--weights W is missing: the new weights, a checkpoint, the folder of a run, or zoo:NAME")
    if options.limit is not None and options.limit < 1:
        problems.append(f"--limit {options.limit}: must be at least 1")
    if options.output and options.output.is_file():
        problems.append(f"--output {options.output} is a file; name a folder")
    sets = {}
    for each in SETS:
        folder = getattr(options, each.option)
        if not folder:
            problems.append(f"--{each.option} DIR is missing: {each.name}, {each.what}; the gate needs both sets")
            continue
        try:
            sets[each] = open_evaluation(f"{each.kind}:{folder}")
        except UserError as error:
            problems.append(f"--{each.option}, {each.name}: {error}")
    if problems:
        raise UserError("\n".join(problems))
    return sets


def measure(
    each: GateSet,
    images: EvaluationImages,
    backends: Mapping[str, tuple[OnnxBackend, WeightsCard]],
    plan: Plan,
    progress: bool | None,
) -> list[Measured]:
    """Both networks on one set, by every look."""
    candidates = [
        network_candidate(f"{name}, {look}", backend, card, look)
        for look in LOOKS
        for name, (backend, card) in backends.items()
    ]
    found = by_candidate(evaluate(images, candidates, plan, progress, each.name))
    if not found:
        raise UserError(f"--{each.option}: {len(images)} images without any object; give {each.name}, {each.what}")
    shares = [result.share for result in next(iter(found.values()))]
    bounds = bounds_of(each.name, len(images), shares)
    return [
        Measured(f"{each.name}, {look}", bounds, found[f"{NEW}, {look}"], found[f"{OLD}, {look}"]) for look in LOOKS
    ]


def reservations_about(options: argparse.Namespace, measured: Sequence[Measured]) -> list[str]:
    """Why the outcome is not a verdict; empty where it is."""
    found = [f"only the first {options.limit} objects of each set (--limit)"] if options.limit is not None else []
    for each in SETS if options.limit is None else ():
        objects = next(len(one.new) for one in measured if one.where.startswith(each.name))
        if objects != each.objects:
            found.append(f"--{each.option} has {objects} objects, {each.name} has {each.objects}")
    return found
