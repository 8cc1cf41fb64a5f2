"""Every object with every candidate: the sessions of an evaluation, and what each of them came to."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np
from tqdm import tqdm

from model.clicks.threshold import binarise
from model.drawing import file_name, write_picture
from model.evaluation.annotators import ANNOTATORS
from model.evaluation.data import EvaluationImage, EvaluationImages
from model.evaluation.protocol import (
    CURVE_CLICKS,
    IOU_TARGETS,
    MAX_CLICKS,
    Annotator,
    ClickStep,
    Run,
    perfect,
    reached,
    run_clicks,
)
from model.evaluation.run_pictures import draw_run
from model.evaluation.starts import STARTS
from model.evaluation.traits import traits_of
from model.inference.predictor import ClickSession
from pipelines.clicks import OBJECT, Click, Mask, Truth

QUICK_CLICKS = max(CURVE_CLICKS)
RANKED_BY_CLICKS = 5
"""Pictures are ranked by the mean IoU of so many first clicks."""


@dataclass(frozen=True)
class Candidate:
    """Something that answers clicks, and the name it has in the report."""

    name: str
    start: Callable[..., ClickSession]
    """image → a session; `mask` or `box` are further named arguments where sessions start from one (`starts.py`)."""


@dataclass(frozen=True)
class Remembered:
    """A session that keeps what followed each click, so that a second run pays only where it departs from the first."""

    session: ClickSession
    followers: dict[Click, "Remembered"] = field(default_factory=dict)

    @property
    def probability(self) -> np.ndarray:
        return self.session.probability

    def click(self, x: int, y: int, positive: bool) -> "Remembered":
        click = Click(x, y, positive)
        if click not in self.followers:
            self.followers[click] = Remembered(self.session.click(x, y, positive))
        return self.followers[click]


@dataclass(frozen=True)
class ObjectResult:
    """One session: one object with one candidate in one draw of the annotator."""

    candidate: str
    image: str
    object_name: str
    pixels: int
    protocol: Run
    """The published protocol."""
    guaranteed: Run
    """The same with every click obeyed at its own pixel; the protocol's where `EvaluationPlan.guaranteed` leaves it out."""
    seconds: float
    """Of the protocol run: network and simulated annotator, without decoding."""
    picture: Path | None = None
    number: int = 0
    """Of the object, counted from 0."""
    draw: int = 0
    share: float = float("nan")
    """Pixels of the object / pixels of the image."""
    traits: tuple[str, ...] = ()
    """Names in `model.evaluation.traits.TRAITS`."""

    @property
    def score(self) -> float:
        """Mean IoU of the first clicks."""
        return float(np.nanmean(self.protocol.ious(RANKED_BY_CLICKS)))


@dataclass(frozen=True)
class EvaluationPlan:
    """How objects are run."""

    max_clicks: int = MAX_CLICKS
    quick: bool = False
    annotator: str = "centre"
    limit: int | None = None
    pictures: Path | None = None
    draws: int = 1
    """So many sessions an object, for annotators with chance."""
    start: str = "nothing"
    """A name in `model.evaluation.starts.STARTS`."""
    guaranteed: bool = True
    """Whether every session is made once more with every click obeyed."""

    def stop(self) -> Callable[[Sequence[ClickStep]], bool]:
        return reached(max(IOU_TARGETS), QUICK_CLICKS) if self.quick else perfect

    def annotator_for(self, number: int, draw: int = 0) -> Annotator:
        """The annotator of object `number`; one with chance has a generator for each object, whatever comes before it."""
        return ANNOTATORS[self.annotator].of(number, draw)


def evaluate(
    images: EvaluationImages,
    candidates: Sequence[Candidate],
    plan: EvaluationPlan,
    progress: bool | None = False,
    title: str = "evaluate",
) -> list[ObjectResult]:
    """Every object with every candidate. With `plan.pictures`, those of the first candidate are drawn there."""
    results: list[ObjectResult] = []
    with tqdm(
        total=len(images),
        unit="image",
        desc=title,
        file=sys.stderr,
        disable=None if progress is None else not progress,
    ) as bar:
        for number, (image, name, truth, first) in enumerate(islice(_objects(images), plan.limit)):
            bar.update(first)
            for candidate in candidates:
                pictures = plan.pictures if candidate is candidates[0] else None
                for draw in range(plan.draws):
                    drawn = pictures if draw == 0 else None
                    results.append(run_object(candidate, image, name, truth, number, plan, drawn, draw))
            bar.set_postfix_str(f"{number + 1} objects")
    return results


def _objects(images: Iterable[EvaluationImage]) -> Iterator[tuple[EvaluationImage, str, Truth, bool]]:
    """Image, object name, mask, and whether it is the first object of its image."""
    for image in images:
        for place, (name, truth) in enumerate(image.objects):
            yield image, name, truth, place == 0


def run_object(
    candidate: Candidate,
    image: EvaluationImage,
    name: str,
    truth: Truth,
    number: int,
    plan: EvaluationPlan,
    pictures: Path | None = None,
    draw: int = 0,
) -> ObjectResult:
    """One object: the protocol, and once more with every click obeyed. `number` counts the objects from 0."""
    start = STARTS[plan.start]
    masks: list[Mask] = []
    session = Remembered(candidate.start(image, **start.prompt(truth, f"{image.name}/{name}")))

    def run(guarantee: bool, watch: Callable[[Remembered, Mask], None] | None = None) -> Run:
        return run_clicks(
            session,
            truth,
            max_clicks=plan.max_clicks,
            guarantee=guarantee,
            stop=plan.stop(),
            annotator=plan.annotator_for(number, draw),
            watch=watch,
            start_counts=start.counts,
        )

    begun = time.perf_counter()
    protocol = run(guarantee=False, watch=(lambda _, mask: masks.append(mask)) if pictures else None)
    seconds = time.perf_counter() - begun
    guaranteed = run(guarantee=True) if plan.guaranteed else protocol
    picture = None
    if pictures is not None:
        picture = pictures / f"{number:05d}_{file_name(image.name)}_{file_name(name)}.png"
        begun_with = binarise(session.probability) if protocol.start_iou is not None else None
        drawn = draw_run(image.pixels, truth, protocol, masks, f"{image.name}, object {name}", begun_with)
        write_picture(picture, drawn)
    pixels = int((truth == OBJECT).sum())
    return ObjectResult(
        candidate.name,
        image.name,
        name,
        pixels,
        protocol,
        guaranteed,
        seconds,
        picture,
        number,
        draw,
        pixels / truth.size,
        traits_of(image.pixels, truth),
    )
