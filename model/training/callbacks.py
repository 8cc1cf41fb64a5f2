"""What happens around the training steps: checkpoints are kept, a line is printed, a signal ends the run in good order."""

import logging
import signal
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytorch_lightning as pl
from torch import Tensor

from model.training.clock import Clock
from model.training.data import on_gpu
from model.training.module import CLICK_COUNTS, MONITOR, ClickModule
from model.training.run_folder import RunFolder
from model.training.samples import Batch

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
AGREE_EVERY = 10
"""Steps between questions that every GPU has to wait for."""
LOOK_EVERY = 50
"""Steps between looks at a GPU's numbers, for which it has to wait."""


class Quiet(pl.Callback):
    """Quietens Lightning in processes that it starts itself."""

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        quieten()


def quieten() -> None:
    """Keep Lightning's notes about this program's own choices from the user."""
    for name in ("pytorch_lightning", "lightning.pytorch", "lightning_fabric", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    for text in (
        ".*does not have many workers.*",
        ".*is smaller than the logging interval.*",
        ".*your dataloader is not resumable.*",  # it is, see `EpochBatches`
        ".*treespec, LeafSpec.*is deprecated.*",
    ):
        warnings.filterwarnings("ignore", text)


class OneClock(pl.Callback):
    """Keeps the steps in the logs those of the run. Lightning counts them apart, and one too few where a run is resumed from a
    validation's checkpoint at a step at which, by its new length of an epoch, there is no validation."""

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Batch, batch_idx: int
    ) -> None:
        trainer.fit_loop.epoch_loop._batches_that_stepped = trainer.global_step


class Checkpoints(pl.Callback):
    """Keeps the best and the last state of a run, each under one fixed name and complete at any moment.

    The last one is written at every validation and every few minutes, at the same step on every process. Weights that are
    not finite are never written: that is a DivergedError, and the files stay those of before.
    """

    @property
    def state_key(self) -> str:
        """Where its state is in a checkpoint: a promise to stored ones, whatever this class is called."""
        return "Checkpoints"

    def __init__(
        self,
        folder: RunFolder,
        validate_every: int,
        minutes: float | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """validate_every: steps between validations.  minutes: between two writings of the last one; None: only at
        validations.  now: seconds of a clock."""
        self.folder = folder
        self.validate_every = validate_every
        self.minutes = minutes
        self.now = now
        self.best = float("-inf")
        self.saved_step = -1
        self.saved_at = 0.0

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.saved_at = self.now()

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Batch, batch_idx: int
    ) -> None:
        step = trainer.global_step
        if step % agree_every(trainer) == 0:
            # Where a validation comes next, it saves.
            if self.minutes is not None and step % self.validate_every != 0:
                due = self.now() - self.saved_at >= 60 * self.minutes
                if trainer.strategy.reduce_boolean_decision(due, all=False):
                    self.save_last(trainer)
            if isinstance(pl_module, ClickModule) and (not on_gpu(trainer) or step % LOOK_EVERY == 0):
                pl_module.check_finite(weights=False)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if not isinstance(pl_module, ClickModule) or trainer.sanity_checking:
            return
        reached = pl_module.metrics[MONITOR]
        if reached > self.best:
            self.best = reached
            self.save(trainer, self.folder.best)
        self.save_last(trainer)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """The last steps may come after the last validation."""
        if trainer.global_step != self.saved_step:
            self.save_last(trainer)

    def save_last(self, trainer: pl.Trainer) -> None:
        """Write last.ckpt; to be called on every process."""
        self.saved_step = trainer.global_step
        self.save(trainer, self.folder.last)
        self.saved_at = self.now()

    @staticmethod
    def save(trainer: pl.Trainer, path: Path) -> None:
        """Write a checkpoint of weights that are finite; to be called on every process."""
        if isinstance(trainer.lightning_module, ClickModule):
            trainer.lightning_module.check_finite()
        trainer.save_checkpoint(path)

    def state_dict(self) -> dict[str, Any]:
        return {"best": self.best, "saved_step": self.saved_step}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.best = state_dict["best"]
        self.saved_step = state_dict["saved_step"]


def agree_every(trainer: pl.Trainer) -> int:
    """Steps between questions to all processes: several GPUs would wait for them."""
    return AGREE_EVERY if trainer.world_size > 1 and on_gpu(trainer) else 1


class StopOnSignal(pl.Callback):
    """Turns SIGTERM and Ctrl-C into a checkpoint and a normal end, at the same step on every process.

    Several GPUs ask each other only every `AGREE_EVERY` steps.

    A second Ctrl-C ends at once. Where a validation comes next it is finished first, since the checkpoint would
    otherwise lie between a step and the validation that belongs to it.
    """

    def __init__(self, checkpoints: Checkpoints, validate_every: int) -> None:
        """validate_every: steps between validations."""
        self.checkpoints = checkpoints
        self.validate_every = validate_every
        self.asked = False

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        # Here, because Lightning has set its own handlers just before. They stop each process wherever it stands.
        for number in STOP_SIGNALS:
            signal.signal(number, self.ask)

    def ask(self, number: int, frame: FrameType | None) -> None:
        """The handler."""
        if self.asked and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.asked = True

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Batch, batch_idx: int
    ) -> None:
        if trainer.global_step % agree_every(trainer) == 0 and trainer.global_step % self.validate_every != 0:
            self.stop_if_agreed(trainer)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.stop_if_agreed(trainer)

    def stop_if_agreed(self, trainer: pl.Trainer) -> None:
        """Stop where any process was asked to."""
        if not trainer.strategy.reduce_boolean_decision(self.asked, all=False):
            return
        if self.checkpoints.saved_step != trainer.global_step:
            self.checkpoints.save_last(trainer)
        trainer.should_stop = True
        # Lightning validates once more before it stops; who sends a signal has no time for that.
        trainer.limit_val_batches = 0


class Report(pl.Callback):
    """Prints one line at every validation."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.started = 0.0

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.started = time.monotonic()

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if not isinstance(pl_module, ClickModule) or trainer.sanity_checking:
            return
        step = trainer.global_step
        epoch = f" (epoch {self.clock.epoch(step):.3g})" if self.clock.even else ""
        pl_module.print(
            f"step {step}/{self.clock.total_steps}{epoch}, {time.monotonic() - self.started:.0f} s: "
            f"{metrics_text(pl_module.metrics)}"
        )


class Bar(pl.callbacks.TQDMProgressBar):
    """Lightning's progress bar, of the steps of the whole run, without the version number, which says nothing; seldom drawn on
    a GPU, since reading the loss makes the steps wait."""

    def __init__(self, accelerator: str) -> None:
        super().__init__(refresh_rate=20 if accelerator == "gpu" else 1)

    def on_train_start(self, trainer: pl.Trainer, *_: Any) -> None:
        super().on_train_start(trainer)
        self.train_progress_bar.set_description("Training")
        self.train_progress_bar.total = trainer.max_steps
        # What an earlier start of the run has done counts, but not for the speed.
        self.train_progress_bar.initial = self.train_progress_bar.n = trainer.global_step

    def on_train_epoch_start(self, trainer: pl.Trainer, *_: Any) -> None:
        """Lightning's epoch is the whole run; the bar is not made anew for it."""

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Batch, batch_idx: int
    ) -> None:
        super().on_train_batch_end(trainer, pl_module, outputs, batch, trainer.global_step - 1)

    def get_metrics(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule
    ) -> dict[str, int | str | float | dict[str, float]]:
        items = super().get_metrics(trainer, pl_module)
        items.pop("v_num", None)
        loss = trainer.callback_metrics.get("train/loss")
        return items | ({"loss": f"{float(loss):.3f}"} if isinstance(loss, Tensor) else {})


def metrics_text(metrics: dict[str, float]) -> str:
    """`loss 0.52, mIoU 0.61 after 1, 0.70 after 2 … clicks`."""
    ious = ", ".join(f"{metrics[f'val/miou@{clicks}']:.3f} after {clicks}" for clicks in CLICK_COUNTS)
    return f"loss {metrics['val/loss']:.4f}, mIoU {ious} clicks"
