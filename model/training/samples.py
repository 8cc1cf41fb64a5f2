"""Training samples straight from the shards: which belong to which split, in which order, and as which tensors.

A batch is a dictionary of tensors (B samples, H × W input, N rows of points):

    image    (B, 3, H, W) uint8   RGB
    label    (B, H, W)    int8    1 object, 0 background, -1 ignored
    points   (B, N, 3)    float32 x, y, label as in `model.clicks.tensors`; the stored hints, thinned out for training
    start    (B, H, W)    bool    a mask to begin with; mostly all false
    changes  (B, 6)       float32 what this visit changes, see `model.training.augment`; training only
    counted  (B,)         bool    false for samples that only fill up the last batch of a validation
    failed   (B,)         int64   number of a sample that could not be decoded and was replaced, else -1
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from model.chance import generator
from model.clicks.tensors import NEGATIVE, PADDING, POSITIVE
from model.settings.classes import SpecialClasses
from model.training.augment import drawn_changes
from model.training.config import TrainConfig
from model.training.datasets import DataError
from model.training.first_clicks import Labels, Points, correcting_point, corrupted_mask, training_points
from pipelines.errors import UserError
from pipelines.figures import Figure, Point
from pipelines.formats.shards import NotADataset, ShardedDataset, StoredSample
from pipelines.formats.supervisely import parse_annotation
from pipelines.meta import Meta

MOST_POINTS = 24
"""Stored hints of either kind beyond this number are not read; click networks are trained with at most so many."""
_NEUTRAL = 255
_REPLACEMENTS = 100

Pixels = NDArray[np.uint8]
Batch = dict[str, Tensor]


class BadSample(UserError):
    """A stored sample that cannot be decoded."""


class Visit(NamedTuple):
    """One time that a sample is looked at."""

    number: int
    """Which sample of the split."""
    epoch: int
    counted: bool = True
    """Whether it stands for itself; false where it only fills up a batch."""


class EpochBatches(Sampler[list[Visit]]):
    """The batches of one epoch, or of a whole run, for one of several processes, from wherever the training stands.

    The order is a pure function of (seed, epoch), the place in it of the steps already done: nothing needs to be stored
    to go on exactly. Every process gets the same number of full batches, for which the first samples of the order come
    a second time at its end where the numbers do not divide.
    """

    def __init__(
        self,
        samples: int,
        batch_size: int,
        *,
        seed: int,
        rank: int = 0,
        world: int = 1,
        limit: int | None = None,
        position: Callable[[], int] = lambda: 0,
        total: int | None = None,
    ) -> None:
        """seed: of the shuffling.  rank, world: this process among how many.  limit: at most so many batches an epoch.
        position: steps done since the beginning of the training.  total: steps of the whole run, epoch after epoch; None:
        to the end of the present epoch.
        """
        self.samples = samples
        self.batch_size = batch_size
        self.seed = seed
        self.rank = rank
        self.world = world
        self.position = position
        self.total = total
        batches = -(-samples // (batch_size * world))
        self.batches = batches if limit is None else min(batches, limit)

    def __len__(self) -> int:
        return self.batches if self.total is None else self.total

    def __iter__(self) -> Iterator[list[Visit]]:
        start = self.position()
        end = self.total if self.total is not None else (start // self.batches + 1) * self.batches
        for step in range(start, end):
            epoch, batch = divmod(step, self.batches)
            if step == start or batch == 0:
                order = self.order(epoch)
            first = (batch * self.world + self.rank) * self.batch_size
            places = range(first, first + self.batch_size)
            yield [Visit(int(order[place % self.samples]), epoch, place < self.samples) for place in places]

    def order(self, epoch: int) -> np.ndarray:
        """The samples in the order of this epoch, (samples,) integers."""
        return generator(self.seed, "order", epoch).permutation(self.samples)


class Samples(Dataset[Batch]):
    """The samples of one split of one or several datasets, decoded one at a time."""

    def __init__(
        self, datasets: Sequence[ShardedDataset], places: np.ndarray, config: TrainConfig, training: bool
    ) -> None:
        """places: (n, 2) integers, dataset and row of each sample.  training: whether a visit changes the sample."""
        self.datasets = datasets
        self.places = places
        self.config = config
        self.training = training

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, visit: Visit) -> Batch:
        """The tensors of one visit, without the batch dimension."""
        failed, counted, number = -1, visit.counted, visit.number
        rng = generator(self.config.seed, "visit", visit.epoch, visit.number)
        try:
            image, label, points = self.decode(number)
        except BadSample:
            failed, counted = number, False
            image, label, points = self.replacement(number)
        extra: Batch = {}
        start = np.zeros(label.shape, bool)
        if self.training:
            extra["changes"] = torch.from_numpy(drawn_changes(self.config.augment, rng))
            points = training_points(points, label, self.config.clicks, rng)
            if rng.random() < self.config.clicks.corrupted_mask:
                start = corrupted_mask(label, rng)
                correction = correcting_point(start, label, rng) if rng.random() < 0.5 else None
                points = points if correction is None else correction
        return extra | {
            "image": torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1))),
            "label": torch.from_numpy(np.ascontiguousarray(label)),
            "points": torch.from_numpy(padded(points)),
            "start": torch.from_numpy(start),
            "counted": torch.tensor(counted),
            "failed": torch.tensor(failed),
        }

    def replacement(self, number: int) -> tuple[Pixels, Labels, Points]:
        """Another sample, always the same one, in place of one that cannot be decoded."""
        rng = generator(self.config.seed, "replacement", number)
        for other in rng.integers(len(self), size=_REPLACEMENTS):
            try:
                return self.decode(int(other))
            except BadSample:
                continue
        raise DataError(
            f"none of {_REPLACEMENTS} samples tried in place of {self.name(number)} can be decoded; "
            f"run the graph again that made {self.datasets[self.places[number][0]].root}"
        )

    def name(self, number: int) -> str:
        """Dataset, folder and file name of a sample, for messages."""
        dataset, row = self.places[number]
        index = self.datasets[dataset].index
        return f"{self.datasets[dataset].root}: {index['dataset'][int(row)]}/{index['name'][int(row)]}"

    def decode(self, number: int) -> tuple[Pixels, Labels, Points]:
        """Image (H, W, 3) uint8 RGB, label (H, W) int8 and hints (n, 3), all at the config's input size. Raises BadSample."""
        dataset, row = self.places[number]
        size = self.config.input_size
        try:
            stored = self.datasets[dataset].read(int(row))
            return decode_sample(
                stored, self.datasets[dataset].meta, self.config.special_classes, (size.width, size.height)
            )
        except (BadSample, NotADataset, OSError) as error:
            raise BadSample(f"{self.name(number)}: {error}") from error


def decode_sample(
    stored: StoredSample, meta: Meta, classes: SpecialClasses, size_wh: tuple[int, int]
) -> tuple[Pixels, Labels, Points]:
    """A stored sample as arrays at (width, height): image (H, W, 3) uint8 RGB, label (H, W) int8, hints (n, 3) float32."""
    if not stored.image_bytes:
        raise BadSample("the image is empty")
    image = cv2.imdecode(np.frombuffer(stored.image_bytes, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise BadSample("the image cannot be decoded")
    try:
        annotation = parse_annotation(json.loads(stored.annotation_bytes), meta)
    except (ValueError, TypeError, IndexError) as error:
        raise BadSample(f"the annotation cannot be read: {error}") from error
    height, width = image.shape[:2]
    if annotation.size != (height, width):
        raise BadSample(
            f"the image is {width}×{height}, its annotation is for {annotation.size[1]}×{annotation.size[0]}"
        )
    label = painted(annotation.figures, classes, (height, width))
    points = hints(annotation.figures, classes)
    if (width, height) != size_wh:
        shrinks = size_wh[0] * size_wh[1] < width * height
        image = cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
        label = cv2.resize(label, size_wh, interpolation=cv2.INTER_NEAREST_EXACT)
        # Whole coordinates are pixel centres, so the half pixel to the image's corner is scaled too.
        points[:, :2] = (points[:, :2] + 0.5) * (np.divide(size_wh, (width, height))) - 0.5
    return np.ascontiguousarray(image[:, :, ::-1], np.uint8), label.view(np.int8), points


def painted(figures: Iterable[Figure], classes: SpecialClasses, size_hw: tuple[int, int]) -> np.ndarray:
    """(H, W) uint8: 1 object, 0 background, 255 (as int8: -1) neutral; later figures lie over earlier ones."""
    values = {classes.foreground: 1, classes.background: 0, classes.neutral: _NEUTRAL}
    canvas = np.zeros(size_hw, np.uint8)
    for figure in figures:
        if figure.title in values:
            figure.shape.draw(canvas, values[figure.title])
    return canvas


def hints(figures: Iterable[Figure], classes: SpecialClasses) -> Points:
    """The stored clicks, (n, 3) float32; at most `MOST_POINTS` of either kind, in their order."""
    kinds = {classes.pos: POSITIVE, classes.neg: NEGATIVE}
    rows: dict[int, list[tuple[float, float, int]]] = {POSITIVE: [], NEGATIVE: []}
    for figure in figures:
        kind = kinds.get(figure.title)
        if kind is not None and isinstance(figure.shape, Point) and len(rows[kind]) < MOST_POINTS:
            rows[kind].append((figure.shape.x, figure.shape.y, kind))
    return np.array(rows[POSITIVE] + rows[NEGATIVE], np.float32).reshape(-1, 3)


def padded(points: Points) -> Points:
    """(n, 3) → (2 · MOST_POINTS, 3), so that every batch has one shape."""
    rows = np.full((2 * MOST_POINTS, 3), PADDING, np.float32)
    rows[: len(points)] = points
    return rows


def why_bad(samples: Samples, number: int) -> str:
    """The message of a sample that does not decode."""
    try:
        samples.decode(number)
    except BadSample as error:
        return str(error)
    return f"{samples.name(number)}: could not be read, but can be now"
