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
import signal
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from typing import NamedTuple

import cv2
import numpy as np
import pytorch_lightning as pl
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from model.chance import generator
from model.clicks.tensors import NEGATIVE, PADDING, POSITIVE
from model.settings.classes import SpecialClasses
from model.training.augment import drawn_changes
from model.training.config import TrainConfig
from model.training.first_clicks import Labels, Points, correcting_point, corrupted_mask, training_points
from model.weights.licences import of_datasets
from pipelines.errors import UserError
from pipelines.figures import Figure, Point
from pipelines.formats.shards import NotADataset, ShardedDataset, StoredSample, open_dataset
from pipelines.formats.supervisely import parse_annotation
from pipelines.meta import Meta, nearest

MOST_POINTS = 24
"""Stored hints of either kind beyond this number are not read; click networks are trained with at most so many."""
_NEUTRAL = 255
_REPLACEMENTS = 100

Batch = dict[str, Tensor]
Pixels = NDArray[np.uint8]


class DataError(UserError):
    """Datasets that cannot be trained on with this config."""


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


class ShardData(pl.LightningDataModule):
    """Training and validation batches from finished datasets."""

    def __init__(
        self,
        config: TrainConfig,
        locations: Sequence[str],
        limit_train: int | None = None,
        limit_val: int | None = None,
    ) -> None:
        """locations: folders of finished datasets, used together.  limit_…: at most so many batches an epoch.

        Raises DataError where they do not hold what the config needs.
        """
        super().__init__()
        self.config = config
        self.limit_train = limit_train
        self.limit_val = limit_val
        datasets = open_all(locations)
        for dataset in datasets:
            check_classes(dataset.meta, config.special_classes, dataset.root)
        tags = config.dataset_tags
        foreground = config.special_classes.foreground
        self.train_samples = Samples(datasets, split(datasets, tags.train, foreground, "train"), config, training=True)
        self.val_samples = Samples(datasets, split(datasets, tags.val, foreground, "val"), config, training=False)
        self.digest = digest(datasets)
        self.licences = of_datasets(datasets)
        self._corrupted: dict[bool, set[int]] = {True: set(), False: set()}

    def described(self) -> str:
        """How much there is, for the user."""
        return f"{len(self.train_samples)} training and {len(self.val_samples)} validation samples"

    def steps_per_epoch(self, world: int) -> int:
        """Training steps of one epoch on `world` devices together."""
        batch_size = self.config.batch_size.train
        return len(EpochBatches(len(self.train_samples), batch_size, seed=0, world=world, limit=self.limit_train))

    def train_dataloader(self) -> DataLoader[Batch]:
        """All batches from where the trainer stands to the end of the run, so that one clock counts them, in steps."""
        trainer = attached(self.trainer)
        batches = EpochBatches(
            len(self.train_samples),
            self.config.batch_size.train,
            seed=self.config.seed,
            rank=trainer.global_rank,
            world=trainer.world_size,
            limit=self.limit_train,
            position=lambda: trainer.global_step,
            total=trainer.max_steps,
        )
        return loader(self.train_samples, batches, self.config.data_workers.train, on_gpu(trainer))

    def val_dataloader(self) -> DataLoader[Batch]:
        """All validation samples in one shuffled order, so that the first ones, of which pictures are made, are various."""
        trainer = attached(self.trainer)
        batches = EpochBatches(
            len(self.val_samples),
            self.config.batch_size.val,
            seed=self.config.seed,
            rank=trainer.global_rank,
            world=trainer.world_size,
            limit=self.limit_val,
        )
        return loader(self.val_samples, batches, self.config.data_workers.val, on_gpu(trainer))

    def on_before_batch_transfer(self, batch: Batch, dataloader_idx: int) -> Batch:
        """Stop when more samples failed to decode than the config allows; here, because workers do not know of each other."""
        trainer = self.trainer
        self.count_corrupted(batch, training=trainer is not None and trainer.training)
        return batch

    def count_corrupted(self, batch: Batch, training: bool) -> None:
        """Note the failed samples of a batch on the CPU. Raises DataError above the config's number."""
        failed = batch["failed"]
        seen = self._corrupted[training]
        seen.update(failed[failed >= 0].tolist())
        allowance = self.config.allow_corrupted_samples
        split_name, allowed = ("train", allowance.train) if training else ("val", allowance.val)
        if len(seen) <= allowed:
            return
        samples = self.train_samples if training else self.val_samples
        raise DataError(
            f"{len(seen)} samples of the {split_name} split cannot be decoded, allow_corrupted_samples.{split_name} is "
            f"{allowed}. One of them: {why_bad(samples, min(seen))}. "
            f"Run the graph again that made the dataset, or raise the number"
        )


def why_bad(samples: Samples, number: int) -> str:
    """The message of a sample that does not decode."""
    try:
        samples.decode(number)
    except BadSample as error:
        return str(error)
    return f"{samples.name(number)}: could not be read, but can be now"


def attached(trainer: pl.Trainer | None) -> pl.Trainer:
    """The trainer, which has to be there."""
    if trainer is None:
        raise RuntimeError("batches are dealt out to the processes of a trainer; attach one first")
    return trainer


def on_gpu(trainer: pl.Trainer) -> bool:
    """Whether batches go to a GPU."""
    return trainer.strategy.root_device.type == "cuda"


def leave_signals_to_the_trainer(worker: int) -> None:
    """In a worker: let Ctrl-C and SIGTERM pass, which a terminal or a scheduler sends to all processes of a job.

    The trainer decides when to end, and needs batches until then. A worker ends when the trainer does.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def loader(samples: Samples, batches: EpochBatches, workers: int, pinned: bool) -> DataLoader[Batch]:
    """A loader of these batches; its workers live as long as it does. pinned: whether a GPU is going to copy them."""
    # OpenCV's threads are of no use to samples this small, and the workers' would fight for the same cores. Switched off
    # here and not in the workers: those are forks, in which the call waits for threads that were not forked along.
    cv2.setNumThreads(1)
    return DataLoader(
        samples,
        batch_sampler=batches,
        num_workers=workers,
        persistent_workers=workers > 0,
        pin_memory=pinned,
        worker_init_fn=leave_signals_to_the_trainer,
    )


def open_all(locations: Sequence[str]) -> list[ShardedDataset]:
    """The finished datasets at these locations."""
    try:
        return [open_dataset(location) for location in locations]
    except NotADataset as error:
        raise DataError(f"data: {error}") from error


def check_classes(meta: Meta, classes: SpecialClasses, root: str) -> None:
    """Whether a dataset has the classes that training cannot do without, and clicks are points."""
    problems = []
    for role, title, needed in (
        ("foreground", classes.foreground, None),
        ("pos", classes.pos, "point"),
        ("neg", classes.neg, "point"),
    ):
        shape = meta.shape_of(title)
        if shape is None:
            found = ", ".join(meta.titles) or "none"
            problems.append(
                f"special_classes.{role} is {title!r}, which is no class there{nearest(title, meta.titles)}; "
                f"classes there: {found}"
            )
        elif needed is not None and shape != needed:
            problems.append(f"special_classes.{role} is {title!r}, a class of shape {shape}; clicks are of shape point")
        elif needed is None and shape in ("point", "line"):
            problems.append(f"special_classes.{role} is {title!r}, a class of shape {shape}, which has no area")
    if problems:
        raise DataError("\n  ".join([f"data {root} does not fit the config:", *problems]))


def split(datasets: Sequence[ShardedDataset], tag: str, foreground: str, role: str) -> np.ndarray:
    """Dataset and row, (n, 2), of every sample that has the tag and an object of the foreground class."""
    places: list[tuple[int, int]] = []
    without_object = 0
    for number, dataset in enumerate(datasets):
        columns = zip(dataset.index["tags"].to_pylist(), dataset.index["classes"].to_pylist(), strict=True)
        for row, (tags, classes) in enumerate(columns):
            if tag in tags and foreground in classes:
                places.append((number, row))
            without_object += tag in tags and foreground not in classes
    if places:
        return np.array(places, np.int64)
    where = ", ".join(dataset.root for dataset in datasets)
    if without_object:
        raise DataError(
            f"data {where}: none of the {without_object} samples with the tag {tag!r} has an object of class {foreground!r} "
            f"(special_classes.foreground); there is nothing to learn from"
        )
    raise DataError(
        f"data {where}: no sample has the tag {tag!r} (dataset_tags.{role}); tags there: {tag_counts(datasets)}. "
        f"Add a `tag` layer to the graph, name another tag in the config, or give more data: "
        f"a split by chance of few images may leave one side empty"
    )


def tag_counts(datasets: Sequence[ShardedDataset]) -> str:
    """`train (120), val (7)`: tags by the number of samples that have them."""
    counts: Counter[str] = Counter()
    for dataset in datasets:
        for tags in dataset.index["tags"].to_pylist():
            counts.update(tags)
    return ", ".join(f"{tag} ({count})" for tag, count in sorted(counts.items())) or "none"


def digest(datasets: Sequence[ShardedDataset]) -> str:
    """sha256 in hex of what the datasets hold: of one dataset its own, of several over theirs in order."""
    digests = [dataset.digest for dataset in datasets]
    return digests[0] if len(digests) == 1 else sha256("".join(digests).encode()).hexdigest()
