"""Batches of views: which objects a step looks at, for all processes together, from memory or read as they are needed.

A batch is a dictionary of tensors (B objects; S, DRAWS as in `model.training.photographs` and `model.training.drawn_views`):

    objects  (B,)        int64   which objects; only where the photographs lie in the device's memory
    images, sizes, masks, boxes, void    as in `model.training.photographs.Objects`; only where they do not
    draws    (B, DRAWS)  float32 what this visit draws; training only
    counted  (B,)        bool    false for objects that only fill up the last batch of a validation
    failed   (B,)        int64   number of an object that could not be read and was replaced, else -1; only where they are read

The size of a step is not among them: it follows from seed and step (`size_of_step` of `model.training.drawn_views`), and
reading it from a device would make every step wait.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from model.clicks.views import LARGEST_REDUCTION
from model.projects.photographs import BadPhotograph, Place, name_of
from model.training.config import TrainConfig, Views
from model.training.data import attached, leave_signals_to_the_trainer, on_gpu
from model.training.datasets import DataError, digest, open_all, split
from model.training.devices import Devices
from model.training.memory import free_memory
from model.training.photographs import (
    Objects,
    Photographs,
    canvas_side,
    load,
    memory_needed,
    object_weights,
    pool_names,
)
from model.training.samples import Batch
from model.training.view_steps import (
    ResidentObjects,
    Source,
    StepVisits,
    StreamedObjects,
    TrainingSteps,
    ValidationSteps,
)
from model.weights.licences import of_pools
from pipelines.errors import UserError
from pipelines.formats.shards import ShardedDataset

_SHARE_OF_MEMORY = 0.5
"""Photographs stay in memory where they fill at most so much of what is free."""


class ViewData(pl.LightningDataModule):
    """Training and validation batches from datasets of whole photographs."""

    def __init__(
        self,
        config: TrainConfig,
        views: Views,
        locations: Sequence[str],
        limit_train: int | None = None,
        limit_val: int | None = None,
        progress: bool = False,
    ) -> None:
        """locations: folders of finished datasets, each a pool.  limit_…: at most so many steps an epoch or validation.

        Raises DataError where they do not hold what the config needs.
        """
        super().__init__()
        self.config = config
        self.views = views
        self.limit_train = limit_train
        self.limit_val = limit_val
        self.progress = progress
        self.datasets = open_all(locations)
        self.pools = pool_names(locations)
        classes, tags = config.special_classes, config.dataset_tags
        for dataset in self.datasets:
            check_foreground(dataset, classes.foreground)
        self.digest = digest(self.datasets)
        self.licences = of_pools(self.pools, self.datasets)
        self.places = {
            role: [Place(*map(int, place)) for place in split(self.datasets, tag, classes.foreground, role)]
            for role, tag in (("train", tags.train), ("val", tags.val))
        }
        self.side = canvas_side(self.datasets, [*self.places["train"], *self.places["val"]])
        self.keeps = views.resident
        """Whether the photographs are kept in memory; None as long as it is not decided."""
        self.stored: dict[str, Photographs | Source] = {}
        self.counts: dict[str, int] = {}
        """Objects of each split."""
        self.pool_of = torch.zeros(0, dtype=torch.int64)
        """Each training object's pool."""
        self._bad: dict[str, set[int]] = {"train": set(), "val": set()}

    def __getstate__(self) -> dict[str, Any]:
        """Other processes decode for themselves: that is faster than to send them what was decoded."""
        return {**self.__dict__, "stored": {}, "progress": False}

    def setup(self, stage: str) -> None:
        """In a process of its own: decode what the first process has decoded."""
        self.prepare()

    def prepare(self, devices: Devices | None = None) -> None:
        """Decode the photographs, into memory where they fit; a second call does nothing.

        devices: that they have to fit on; each of several processes decodes for itself, and so does this one.
        """
        if self.stored:
            return
        if self.keeps is None:
            needed = sum(memory_needed(self.datasets, places, self.side) for places in self.places.values())
            self.keeps = needed <= _SHARE_OF_MEMORY * free_memory(devices or Devices("cpu", 1))
        for role, places in self.places.items():
            allowed = getattr(self.config.allow_corrupted_samples, role)
            what = f"{role} photographs"
            self.stored[role] = (
                load(self.datasets, places, self.config.special_classes, self.side, allowed, self.progress, what)
                if self.keeps
                else Source.of(self.datasets, places, self.config, self.side, allowed, self.progress, what)
            )
        self.counts = {role: len(stored) for role, stored in self.stored.items()}
        self.pool_of = self.stored["train"].pool_of
        if devices is not None and devices.count > 1:
            self.forget()

    def forget(self) -> None:
        """Let go of the photographs: another process, or the device, has its own."""
        self.stored = {role: stored for role, stored in self.stored.items() if isinstance(stored, Source)}

    @property
    def resident(self) -> dict[str, Photographs]:
        """What lies in memory, by split."""
        return {role: stored for role, stored in self.stored.items() if isinstance(stored, Photographs)}

    def objects(self, role: str) -> int:
        """How many objects a split has."""
        return self.counts[role]

    def described(self) -> str:
        """How much there is, for the user."""
        kept = "in memory" if self.keeps else "read as they are needed"
        sides = ", ".join(str(size.side) for size in self.views.sizes)
        return (
            f"{len(self.places['train'])} training and {len(self.places['val'])} validation photographs with "
            f"{self.objects('train')} and {self.objects('val')} objects, {kept}; views of {sides} pixels"
            f"{reduction_warning(self.side, min(size.side for size in self.views.sizes))}"
        )

    def weights(self) -> np.ndarray:
        """How likely each training object is, (M,)."""
        return object_weights(self.pool_of, self.pools, self.views.pools)

    def steps_per_epoch(self, world: int) -> int:
        """Training steps of an epoch on `world` devices together: as many samples at the config's size as there are objects."""
        steps = -(-self.objects("train") // (self.config.batch_size.train * world))
        return steps if self.limit_train is None else min(steps, self.limit_train)

    def train_dataloader(self) -> DataLoader[Batch]:
        """All batches from where the trainer stands to the end of the run; each time it is iterated it asks again."""
        trainer = attached(self.trainer)
        steps = TrainingSteps(
            self.config,
            self.views,
            self.weights(),
            trainer.max_steps,
            rank=trainer.global_rank,
            world=trainer.world_size,
            position=lambda: trainer.global_step,
        )
        return self._loader("train", steps, self.config.data_workers.train, trainer)

    def val_dataloader(self) -> DataLoader[Batch]:
        """All validation objects once."""
        trainer = attached(self.trainer)
        steps = ValidationSteps(
            self.objects("val"),
            self.config.batch_size.val,
            self.config.seed,
            trainer.global_rank,
            trainer.world_size,
            self.limit_val,
        )
        return self._loader("val", steps, self.config.data_workers.val, trainer)

    def on_before_batch_transfer(self, batch: Batch, dataloader_idx: int) -> Batch:
        """Stop when more objects could not be read than the config allows; here, because workers do not know of each other."""
        if "failed" in batch:
            role = "train" if self.trainer is not None and self.trainer.training else "val"
            self.count_failed(role, batch["failed"])
        return batch

    def count_failed(self, role: str, failed: torch.Tensor) -> None:
        """Note the objects of a batch that were replaced. Raises BadPhotograph above the config's number."""
        bad, source = self._bad[role], self.stored[role]
        bad.update(failed[failed >= 0].tolist())
        allowed = getattr(self.config.allow_corrupted_samples, role)
        if len(bad) > allowed and isinstance(source, Source):
            place, _ = source.objects[min(bad)]
            raise BadPhotograph(
                f"{len(bad)} objects of the {role} photographs cannot be read any more, allow_corrupted_samples.{role} is "
                f"{allowed}. One of them: {name_of(self.datasets[place.pool], place.row)}. Look whether the storage can be "
                f"reached, or raise the number"
            )

    def _loader(self, role: str, steps: Sampler[StepVisits], workers: int, trainer: pl.Trainer) -> DataLoader[Batch]:
        stored = self.stored.get(role)
        data: Dataset[Batch] = StreamedObjects(stored) if isinstance(stored, Source) else ResidentObjects()
        # What lies in memory needs no workers: a batch is a few numbers.
        workers = workers if isinstance(stored, Source) else 0
        return DataLoader(
            data,
            sampler=steps,
            batch_size=None,
            num_workers=workers,
            persistent_workers=workers > 0,
            pin_memory=on_gpu(trainer),
            worker_init_fn=leave_signals_to_the_trainer,
        )


def check_foreground(dataset: ShardedDataset, foreground: str) -> None:
    """Whether a dataset has objects with an area. Raises DataError."""
    shape = dataset.meta.shape_of(foreground)
    if shape is None or shape in ("point", "line"):
        found = ", ".join(dataset.meta.titles) or "none"
        what = "no class there" if shape is None else f"a class of shape {shape}, which has no area"
        raise DataError(
            f"data {dataset.root} does not fit the config: special_classes.foreground is {foreground!r}, {what}; "
            f"classes there: {found}. Datasets for views are made by configs/graphs/photographs.json"
        )


def reduction_warning(side: int, smallest: int) -> str:
    """What is said of photographs so large that the smallest view of a whole one skips pixels, else nothing."""
    if side <= LARGEST_REDUCTION * smallest:
        return ""
    return (
        f".\nNote: photographs of up to {side} pixels are made {side / smallest:.1f} times smaller at once for views of "
        f"{smallest}, and above {LARGEST_REDUCTION:g} times thin things flicker; make them smaller in the graph, as "
        "configs/graphs/photographs.json does, or the views larger"
    )


def objects_in(batch: Batch, resident: Photographs | None) -> Objects:
    """The objects of a batch, from memory where it only names them."""
    if "objects" in batch:
        if resident is None:
            raise UserError("a batch names objects of photographs that are not in memory")
        return resident.gathered(batch["objects"])
    return Objects(*(batch[name] for name in Objects._fields))
