"""The evaluation protocol of click-based segmentation: a simulated annotator, the IoU after each click, the scores.

The protocol is that of the published RITM code (Sofiiuk et al., 2021): the annotator clicks where
`pipelines.clicks.next_click` says, at most 20 times; NoC@t is the number of clicks until the IoU reaches t. Beside it
stands what the protocol hides: how many clicks the mask obeys, how often a click makes it worse, and how much of what a click
changes lies far from it.

Sessions may start from a mask. As in DAVIS-585 (Chen et al., FocalClick, 2022) a mask that is to be corrected counts for
nothing before the first click: at least one is made. The answer to a box is an answer: an IoU that it reaches counts 0 clicks.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from model.clicks.promises import obey
from model.clicks.threshold import THRESHOLD, binarise
from model.inference.predictor import ClickSession
from pipelines.clicks import OBJECT, VOID, Click, Mask, Truth, next_click

MAX_CLICKS = 20
IOU_TARGETS = (0.80, 0.85, 0.90)
CURVE_CLICKS = (1, 2, 3, 5, 10)
"""The numbers of clicks at which the mean IoU is reported."""
REGRESSION = 0.01
"""A click is a regression when it lowers the IoU by more."""

S = TypeVar("S", bound=ClickSession)

Annotator = Callable[[Truth, Mask, Sequence[Click]], Click]
"""truth (H, W), present mask (H, W), clicks so far → the next click."""


@dataclass(frozen=True, slots=True)
class ClickStep:
    """What one click led to."""

    click: Click
    intersection: int
    union: int
    agreeing: int
    """So many of all clicks up to this one lie in the present mask on the side that they ask for."""
    newest_agrees: bool
    changed: int = 0
    """So many pixels, void ones left out, the click turned over."""
    far: int = 0
    """So many of them lie far from the click: farther than `far_from` of the object."""

    @property
    def iou(self) -> float:
        """Intersection over union, not a number where nothing is counted in the union."""
        return self.intersection / self.union if self.union else float("nan")


@dataclass(frozen=True, slots=True)
class Run:
    """The clicks made on one object."""

    steps: tuple[ClickStep, ...]
    start_iou: float | None = None
    """IoU of the mask before any click; None where there was none."""
    start_counts: bool = False
    """Whether that mask is an answer, so that what it reaches takes 0 clicks."""

    def ious(self, clicks: int = MAX_CLICKS) -> NDArray[np.float64]:
        """IoU after click 1, 2, … `clicks`, (clicks,); after the last click made, its IoU stays."""
        made = [step.iou for step in self.steps[:clicks]]
        last = made[-1] if made else self.start_iou or 0.0
        return np.array(made + [last] * (clicks - len(made)))

    def clicks_to_reach(self, target: float, max_clicks: int = MAX_CLICKS) -> int:
        """NoC@target: see the function of that name; 0 where the mask before any click counts, and reaches it."""
        if self.start_counts and self.start_iou is not None and reaches(self.start_iou, target):
            return 0
        return clicks_to_reach(self.ious(max_clicks), target, max_clicks)

    def corrections(self) -> list[tuple[float, ClickStep]]:
        """(IoU before, step) of every click on a mask: of all but the first where the session started without one."""
        before = [self.start_iou, *(step.iou for step in self.steps)]
        return [(iou, step) for iou, step in zip(before, self.steps, strict=False) if iou is not None]

    def far_share(self) -> float:
        """Of the pixels that the clicks on a mask turned over, the share far from the click; not a number without any."""
        corrections = [step for _, step in self.corrections()]
        changed = sum(step.changed for step in corrections)
        return sum(step.far for step in corrections) / changed if changed else float("nan")


def run_clicks(
    session: S,
    truth: Truth,
    *,
    max_clicks: int = MAX_CLICKS,
    threshold: float = THRESHOLD,
    guarantee: bool = False,
    stop: Callable[[Sequence[ClickStep]], bool] | None = None,
    annotator: Annotator = next_click,
    watch: Callable[[S, Mask], None] | None = None,
    start_counts: bool = False,
) -> Run:
    """Let the annotator click on one object until `stop` says so or `max_clicks` are made.

    session: without clicks, or started from a mask.  truth: (H, W) int8, 1 object, 0 background, -1 void.
    guarantee: whether the masks obey every click at its own pixel; the network never sees that.
    stop: asked after every click; by default the loop ends when no error is left, as there is nothing to click on then
    (`never` goes on as the published code does, with clicks at the corner).
    watch: called with the session and the mask after every click.
    start_counts: whether the mask that the session starts from is an answer: where it has no error, no click is made.
    """
    stop = perfect if stop is None else stop
    mask = binarise(session.probability, threshold)
    clicks: list[Click] = []
    steps: list[ClickStep] = []
    start_iou = None
    if start_counts or mask.any():
        intersection, union = count_overlap(truth, mask)
        start_iou = intersection / union if union else float("nan")
        if start_counts and intersection == union:
            return Run((), start_iou, start_counts)
    while len(steps) < max_clicks:
        click = annotator(truth, mask, clicks)
        clicks.append(click)
        session = session.click(click.x, click.y, click.positive)
        before, mask = mask, binarise(session.probability, threshold)
        if guarantee:
            mask = obey(mask, clicks)
        steps.append(_step(truth, before, mask, clicks))
        if watch is not None:
            watch(session, mask)
        if stop(steps):
            break
    return Run(tuple(steps), start_iou, start_counts)


def perfect(steps: Sequence[ClickStep]) -> bool:
    """The last mask has no error."""
    return steps[-1].intersection == steps[-1].union


def never(steps: Sequence[ClickStep]) -> bool:
    """Every click is made."""
    return False


def reached(iou: float, min_clicks: int = 1) -> Callable[[Sequence[ClickStep]], bool]:
    """The mask is perfect, or `iou` has been reached at some click and at least `min_clicks` are made."""

    def stop(steps: Sequence[ClickStep]) -> bool:
        if perfect(steps):
            return True
        return len(steps) >= min_clicks and any(reaches(step.iou, iou) for step in steps)

    return stop


def count_overlap(truth: Truth, mask: Mask) -> tuple[int, int]:
    """(intersection, union) of the mask and the object, in pixels; void pixels are in neither."""
    object_pixels = truth == OBJECT
    intersection = int(np.count_nonzero(object_pixels & mask))
    union = int(np.count_nonzero((object_pixels | mask) & (truth != VOID)))
    return intersection, union


def reaches(iou: float, target: float) -> bool:
    """IoU ≥ target, both rounded to 32 bit first as in the published code; not a number reaches nothing."""
    return bool(np.float32(iou) >= np.float32(target))


def clicks_to_reach(ious: Iterable[float], target: float, max_clicks: int = MAX_CLICKS) -> int:
    """NoC@target of one object: the number of the first click whose IoU reaches it, `max_clicks` when none does."""
    for number, iou in enumerate(ious, start=1):
        if reaches(iou, target):
            return number
    return max_clicks


def far_from(truth: Truth) -> float:
    """Distance from a click, in pixels, beyond which a change is far: the radius of a disc as large as the object."""
    return math.sqrt(np.count_nonzero(truth == OBJECT) / math.pi)


def _step(truth: Truth, before: Mask, mask: Mask, clicks: Sequence[Click]) -> ClickStep:
    intersection, union = count_overlap(truth, mask)
    agree = [bool(mask[click.y, click.x]) == click.positive for click in clicks]
    newest = clicks[-1]
    y, x = np.nonzero((before != mask) & (truth != VOID))
    far = int(np.count_nonzero((x - newest.x) ** 2 + (y - newest.y) ** 2 > far_from(truth) ** 2))
    return ClickStep(newest, intersection, union, sum(agree), agree[-1], len(x), far)


@dataclass(frozen=True, slots=True)
class Summary:
    """The scores of one predictor on many objects."""

    objects: int
    noc: dict[float, float]
    """Mean number of clicks per target, failures counted with the largest number."""
    at_limit: dict[float, int]
    """Objects whose count equals the largest number of clicks: the `>=20` column of published tables."""
    never_reached: dict[float, int]
    """Objects that never reach the target; those that reach it exactly at the last click are not among them."""
    mean_iou: tuple[float, ...]
    """Mean IoU after click 1, 2, …"""
    obedience: float
    """Share of all clicks so far that the mask agrees with, over all clicks made."""
    newest_obeyed: float
    """Share of clicks that the mask agrees with right after they are made."""
    obedience_at: tuple[float, ...]
    """Obedience after click 1, 2, …, over the objects that got so many clicks."""
    regressions: float
    """Share of clicks, first ones of sessions without a mask left out, that lower the IoU by more than 0.01."""
    clicks_made: int
    start_iou: float
    """Mean IoU before any click; not a number where sessions start without a mask."""
    far_changes: float
    """Of the pixels that those clicks turn over, the share farther from the click than the radius of a disc as large as the
    object; mean over the objects."""


def summarise(runs: Sequence[Run], max_clicks: int = MAX_CLICKS, targets: Sequence[float] = IOU_TARGETS) -> Summary:
    """Scores over all objects, each counting the same."""
    if not runs:
        raise ValueError("there is no run to summarise")
    curves = np.stack([run.ious(max_clicks) for run in runs])
    counts = {target: [run.clicks_to_reach(target, max_clicks) for run in runs] for target in targets}
    steps = [step for run in runs for step in run.steps]
    clicks_so_far = sum(number for run in runs for number, _ in enumerate(run.steps, start=1))
    later = [pair for run in runs for pair in run.corrections()]
    lowered = sum(after.iou < before - REGRESSION for before, after in later)
    starts = [run.start_iou for run in runs if run.start_iou is not None]
    far = [share for share in (run.far_share() for run in runs) if not math.isnan(share)]
    return Summary(
        objects=len(runs),
        noc={target: float(np.mean(count)) for target, count in counts.items()},
        at_limit={target: count.count(max_clicks) for target, count in counts.items()},
        never_reached={
            target: sum(
                count > 0 and not any(reaches(i, target) for i in curve)
                for count, curve in zip(counts[target], curves, strict=True)
            )
            for target in targets
        },
        mean_iou=tuple(float(value) for value in curves.mean(axis=0)),
        obedience=sum(step.agreeing for step in steps) / clicks_so_far if steps else 1.0,
        newest_obeyed=sum(step.newest_agrees for step in steps) / len(steps) if steps else 1.0,
        obedience_at=tuple(_obedience_at(runs, number) for number in range(1, max_clicks + 1)),
        regressions=lowered / len(later) if later else 0.0,
        clicks_made=len(steps),
        start_iou=float(np.mean(starts)) if starts else float("nan"),
        far_changes=float(np.mean(far)) if far else 0.0,
    )


def _obedience_at(runs: Sequence[Run], number: int) -> float:
    """Mean share of obeyed clicks after click `number`; not a number where no object got so many."""
    shares = [run.steps[number - 1].agreeing / number for run in runs if len(run.steps) >= number]
    return float(np.mean(shares)) if shares else float("nan")
