"""`python -m model gate`: whether new weights may replace the old default.

They may only if they are surely better where it counts, surely worse nowhere, obey no less, and stay fast: see `RULES`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from model.chance import generator
from model.evaluation.candidates import LOOKS, network_candidate
from model.evaluation.click_times import THREADS, ClickTimes
from model.evaluation.data import EvaluationImages
from model.evaluation.objects import EvaluationPlan, ObjectResult, evaluate
from model.evaluation.paired_bootstrap import CONFIDENCE, RESAMPLES, Difference, paired_difference
from model.evaluation.protocol import REGRESSION, Run, summarise
from model.evaluation.report import aligned, by_candidate
from model.evaluation.thirds import THIRDS, Bounds, bounds_of
from model.inference.onnx_backend import OnnxBackend
from model.weights.checkpoints import WeightsCard
from pipelines.errors import UserError

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


def measure(
    each: GateSet,
    images: EvaluationImages,
    backends: Mapping[str, tuple[OnnxBackend, WeightsCard]],
    plan: EvaluationPlan,
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
