"""The data module of stored samples: which of them a run is for, and how they are loaded."""

import signal
from collections.abc import Sequence

import cv2
import pytorch_lightning as pl
from torch.utils.data import DataLoader

from model.training.config import TrainConfig
from model.training.datasets import DataError, check_classes, digest, open_all, split
from model.training.samples import Batch, EpochBatches, Samples, why_bad
from model.weights.licences import of_datasets


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
