"""Teaching a finished network how good its answers are: sessions with simulated clicks, then a small head fitted to them.

The network itself stays as it is, so its answers do. Sessions are those of people (`ZoomIn.for_people`), with the looks drawn
by chance where the score would choose, so that the head sees good and bad ones.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

from model.chance import generator, torch_generator
from model.clicks.tensors import network_maps
from model.clicks.threshold import binarise
from model.evaluation.protocol import count_overlap
from model.inference.backend import Answers
from model.inference.predictor import Candidate, Predictor
from model.inference.zoom import ZoomIn
from model.networks import ClickNetwork
from model.networks.base import crop_to, enlarged
from model.networks.score import ScoreHead, summary
from model.projects.photographs import BadPhotograph, DecodedPhotograph, Place, decode
from model.settings.classes import SpecialClasses
from pipelines.clicks import VOID, Truth, random_click
from pipelines.formats.shards import ShardedDataset

OBJECTS_OF_ONE = 3
"""At most so many objects of one photograph, so that a crowd does not outweigh all others."""
LATER_CLICKS = 2
"""Up to so many clicks after the first one."""
EPOCHS = 40
BATCH = 512
RATE = 2e-3
WEIGHT_DECAY = 0.01
NOISE = 0.2
"""Deviations that are added to the inputs while the head is fitted, against learning the training objects by heart."""


@dataclass
class Evidence:
    """What sessions left: a row for each answer."""

    summaries: list[NDArray[np.float32]] = field(default_factory=list)
    """(INPUTS,) each."""
    ious: list[float] = field(default_factory=list)
    pools: list[int] = field(default_factory=list)
    first: list[int] = field(default_factory=list)
    """Number of the object for answers to first clicks that were candidates together, else -1."""

    def __len__(self) -> int:
        return len(self.ious)

    def table(self) -> tuple[Tensor, Tensor]:
        """Summaries (n, INPUTS) and IoUs (n,), float32."""
        return torch.from_numpy(np.stack(self.summaries)), torch.tensor(self.ious)


class RecordingBackend:
    """A network that keeps the summaries of its answers, and scores them by chance."""

    scores = True
    device = torch.device("cpu")

    def __init__(self, network: ClickNetwork, radius: float, rng: np.random.Generator) -> None:
        """network: on the CPU, in eval mode.  radius: of click discs."""
        self.network = network
        self.radius = radius
        self.rng = rng
        self.recorded: list[NDArray[np.float32]] = []

    def answers(self, image: Tensor, previous: Tensor, points: Tensor) -> Answers:
        """See `model.inference.backend.Backend`."""
        with torch.inference_mode():
            found = self.network.evidence(image, network_maps(points, previous, self.radius))
            logits = crop_to(enlarged(found[0], self.network.fine_stride), image)
            self.recorded += list(summary(*found).numpy())
        return Answers(logits.float(), torch.from_numpy(self.rng.random(len(image), np.float32)))

    def taken(self) -> list[NDArray[np.float32]]:
        """What was recorded since the last time."""
        found, self.recorded = self.recorded, []
        return found


def collect(
    network: ClickNetwork,
    radius: float,
    look: int,
    datasets: Sequence[ShardedDataset],
    classes: SpecialClasses,
    objects_a_pool: int,
    seed: int = 0,
    progress: bool = False,
) -> Evidence:
    """Sessions on up to so many objects of each dataset of photographs. look: size at which the network looks."""
    evidence = Evidence()
    for pool, dataset in enumerate(datasets):
        rng = generator(seed, "sessions", pool)
        backend = RecordingBackend(network, radius, rng)
        predictor = Predictor(backend, ZoomIn.for_people(look), guarantee=False)
        with tqdm(total=objects_a_pool, desc=f"sessions on {dataset.root}", disable=not progress, unit="object") as bar:
            for image, truth in objects_of(dataset, pool, classes, rng, objects_a_pool):
                play(predictor, backend, image, truth, pool, evidence, rng)
                bar.update()
    return evidence


def objects_of(
    dataset: ShardedDataset, pool: int, classes: SpecialClasses, rng: np.random.Generator, count: int
) -> Iterator[tuple[DecodedPhotograph, Truth]]:
    """Photographs in random order, each with some of its objects, at most `count` of these together."""
    left = count
    for row in rng.permutation(len(dataset)):
        try:
            photograph = decode(dataset, Place(pool, int(row)).row, classes)
        except BadPhotograph:
            continue
        for number in rng.permutation(len(photograph.masks))[: min(OBJECTS_OF_ONE, left)]:
            truth = photograph.masks[number].astype(np.int8)
            if photograph.void is not None:
                truth[photograph.void & (truth == 0)] = VOID
            yield photograph, truth
            left -= 1
        if not left:
            return


def play(
    predictor: Predictor,
    backend: RecordingBackend,
    photograph: DecodedPhotograph,
    truth: Truth,
    pool: int,
    evidence: Evidence,
    rng: np.random.Generator,
) -> None:
    """One session: all first looks, the second look of one of them, and some later clicks."""
    session = predictor.set_image(photograph.image)
    number = max(evidence.first, default=-1) + 1
    for click in range(1 + int(rng.integers(LATER_CLICKS + 1))):
        wanted = random_click(truth, session.mask, rng, session.clicks)
        session = session.click(wanted.x, wanted.y, wanted.positive)
        summaries = backend.taken()
        answers = [(candidate.probability, number) for candidate in by_look(session.candidates)] if click == 0 else []
        answers += [(session.probability, -1)] * (len(summaries) - len(answers))
        for numbers, (probability, first) in zip(summaries, answers, strict=True):
            intersection, union = count_overlap(truth, binarise(probability))
            evidence.summaries.append(numbers)
            evidence.ious.append(intersection / union if union else 1.0)
            evidence.pools.append(pool)
            evidence.first.append(first)


def by_look(candidates: Sequence[Candidate]) -> list[Candidate]:
    """In the order in which the network looked: the whole image first, then ever smaller parts."""

    def size(candidate: Candidate) -> float:
        look = candidate.view.look
        return float("inf") if look is None else look.height * look.width

    return sorted(candidates, key=size, reverse=True)


def fit(head: ScoreHead, evidence: Evidence, seed: int = 0) -> None:
    """Fit the head to what sessions left: cross entropy of the predicted IoU against the true one."""
    summaries, ious = evidence.table()
    device = torch.device("cpu")
    random = torch_generator(device, seed, "score")
    with torch.no_grad():
        head.mean.copy_(summaries.mean(0))
        head.deviation.copy_(summaries.std(0).clamp(min=1e-3))
    head.train().requires_grad_(True)
    optimizer = torch.optim.AdamW(head.parameters(), lr=RATE, weight_decay=WEIGHT_DECAY)
    steps = EPOCHS * -(-len(ious) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(ious), generator=random).split(BATCH):
            noise = torch.randn(len(rows), summaries.shape[1], generator=random) * NOISE * head.deviation
            loss = F.binary_cross_entropy_with_logits(head.logit(summaries[rows] + noise), ious[rows])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()
    head.eval().requires_grad_(False)


@dataclass(frozen=True)
class Quality:
    """How well scores tell what they should."""

    answers: int
    calibration_error: float
    """Mean distance between score and IoU over ten equal ranges of the score, weighted by the answers in them."""
    correlation: float
    chosen: float
    """Mean IoU of the first answers with the best score among their candidates."""
    whole: float
    """Mean IoU of the first answers for the whole image."""
    best: float
    """Mean IoU of the best of the candidates: what no choice can exceed."""


def quality(head: ScoreHead, evidence: Evidence) -> Quality:
    """Of a head on sessions that it was not fitted to."""
    summaries, ious = evidence.table()
    with torch.no_grad():
        scores = head.logit(summaries).sigmoid()
    groups: dict[int, list[int]] = {}
    for row, number in enumerate(evidence.first):
        if number >= 0:
            groups.setdefault(number, []).append(row)
    rows = [torch.tensor(found) for found in groups.values()]
    return Quality(
        answers=len(ious),
        calibration_error=calibration_error(scores, ious),
        correlation=float(torch.corrcoef(torch.stack((scores, ious)))[0, 1]),
        chosen=float(torch.stack([ious[found[scores[found].argmax()]] for found in rows]).mean()),
        whole=float(torch.stack([ious[found[0]] for found in rows]).mean()),
        best=float(torch.stack([ious[found].max() for found in rows]).mean()),
    )


def calibration_error(scores: Tensor, ious: Tensor, ranges: int = 10) -> float:
    """Expected calibration error of scores (n,) in 0..1."""
    place = (scores * ranges).long().clamp(0, ranges - 1)
    total = 0.0
    for number in range(ranges):
        inside = place == number
        if inside.any():
            total += float(inside.sum()) * abs(float(scores[inside].mean() - ious[inside].mean()))
    return total / len(ious)
