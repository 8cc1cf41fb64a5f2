"""The evaluation protocol of click-based segmentation: a simulated annotator, the IoU after each click, the scores.

The protocol is that of the published RITM code (Sofiiuk et al., 2021): the annotator clicks where
`pipelines.clicks.next_click` says, at most 20 times; NoC@t is the number of clicks until the IoU reaches t. Beside it
stands what the protocol hides: how many clicks the mask obeys, and how often a click makes it worse.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from model.guarantee import obey
from model.predictor import THRESHOLD, ClickSession, binarise
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
class Step:
    """What one click led to."""

    click: Click
    intersection: int
    union: int
    agreeing: int
    """So many of all clicks up to this one lie in the present mask on the side that they ask for."""
    newest_agrees: bool

    @property
    def iou(self) -> float:
        """Intersection over union, not a number where nothing is counted in the union."""
        return self.intersection / self.union if self.union else float("nan")


@dataclass(frozen=True, slots=True)
class Run:
    """The clicks made on one object."""

    steps: tuple[Step, ...]

    def ious(self, clicks: int = MAX_CLICKS) -> NDArray[np.float64]:
        """IoU after click 1, 2, … `clicks`, (clicks,); after the last click made, its IoU stays."""
        made = [step.iou for step in self.steps[:clicks]]
        return np.array(made + made[-1:] * (clicks - len(made)))


def run_clicks(
    session: S,
    truth: Truth,
    *,
    max_clicks: int = MAX_CLICKS,
    threshold: float = THRESHOLD,
    guarantee: bool = False,
    stop: Callable[[Sequence[Step]], bool] | None = None,
    annotator: Annotator = next_click,
    watch: Callable[[S, Mask], None] | None = None,
) -> Run:
    """Let the annotator click on one object until `stop` says so or `max_clicks` are made.

    session: without clicks, or started from a mask.  truth: (H, W) int8, 1 object, 0 background, -1 void.
    guarantee: whether the masks obey every click at its own pixel; the network never sees that.
    stop: asked after every click; by default the loop ends when no error is left, as there is nothing to click on then
    (`never` goes on as the published code does, with clicks at the corner).
    watch: called with the session and the mask after every click.
    """
    stop = perfect if stop is None else stop
    mask = binarise(session.probability, threshold)
    clicks: list[Click] = []
    steps: list[Step] = []
    while len(steps) < max_clicks:
        click = annotator(truth, mask, clicks)
        clicks.append(click)
        session = session.click(click.x, click.y, click.positive)
        mask = binarise(session.probability, threshold)
        if guarantee:
            mask = obey(mask, clicks)
        steps.append(_step(truth, mask, clicks))
        if watch is not None:
            watch(session, mask)
        if stop(steps):
            break
    return Run(tuple(steps))


def perfect(steps: Sequence[Step]) -> bool:
    """The last mask has no error."""
    return steps[-1].intersection == steps[-1].union


def never(steps: Sequence[Step]) -> bool:
    """Every click is made."""
    return False


def reached(iou: float, min_clicks: int = 1) -> Callable[[Sequence[Step]], bool]:
    """The mask is perfect, or `iou` has been reached at some click and at least `min_clicks` are made."""

    def stop(steps: Sequence[Step]) -> bool:
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


def _step(truth: Truth, mask: Mask, clicks: Sequence[Click]) -> Step:
    intersection, union = count_overlap(truth, mask)
    agree = [bool(mask[click.y, click.x]) == click.positive for click in clicks]
    return Step(clicks[-1], intersection, union, sum(agree), agree[-1])


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
    """Share of clicks, the first ones left out, that lower the IoU by more than 0.01."""
    clicks_made: int


def summarise(runs: Sequence[Run], max_clicks: int = MAX_CLICKS, targets: Sequence[float] = IOU_TARGETS) -> Summary:
    """Scores over all objects, each counting the same."""
    if not runs:
        raise ValueError("there is no run to summarise")
    curves = np.stack([run.ious(max_clicks) for run in runs])
    counts = {target: [clicks_to_reach(curve, target, max_clicks) for curve in curves] for target in targets}
    steps = [step for run in runs for step in run.steps]
    clicks_so_far = sum(number for run in runs for number, _ in enumerate(run.steps, start=1))
    later = [(before, after) for run in runs for before, after in zip(run.steps, run.steps[1:], strict=False)]
    lowered = sum(after.iou < before.iou - REGRESSION for before, after in later)
    return Summary(
        objects=len(runs),
        noc={target: float(np.mean(count)) for target, count in counts.items()},
        at_limit={target: count.count(max_clicks) for target, count in counts.items()},
        never_reached={
            target: sum(not any(reaches(i, target) for i in curve) for curve in curves) for target in targets
        },
        mean_iou=tuple(float(value) for value in curves.mean(axis=0)),
        obedience=sum(step.agreeing for step in steps) / clicks_so_far,
        newest_obeyed=sum(step.newest_agrees for step in steps) / len(steps),
        obedience_at=tuple(_obedience_at(runs, number) for number in range(1, max_clicks + 1)),
        regressions=lowered / len(later) if later else 0.0,
        clicks_made=len(steps),
    )


def _obedience_at(runs: Sequence[Run], number: int) -> float:
    """Mean share of obeyed clicks after click `number`; not a number where no object got so many."""
    shares = [run.steps[number - 1].agreeing / number for run in runs if len(run.steps) >= number]
    return float(np.mean(shares)) if shares else float("nan")
