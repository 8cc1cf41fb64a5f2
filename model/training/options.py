"""What the command line adds to the config of a training, and what a run leaves behind."""

from dataclasses import dataclass

from model.training.devices import Accelerator
from model.training.run_folder import RunFolder
from model.weights.checkpoints import (
    WeightsCard,
)
from pipelines.errors import UserError


class TrainError(UserError):
    """Settings that do not go together."""


@dataclass(frozen=True)
class TrainOptions:
    """What the command line adds to the config: where things are, and what this machine should do."""

    data: tuple[str, ...]
    """Folders of finished datasets, used together."""
    output: str | None = None
    """The run's folder; None: a new numbered one below `runs/`."""
    name: str = "run"
    """Part of a numbered folder's name."""
    accelerator: Accelerator = "auto"
    devices: int | None = None
    weights: str | None = None
    """A checkpoint or a run's folder to start from, as `weights_init_type` says."""
    resume: str | None = None
    """A checkpoint or a run's folder to go on with; "" for the one in `output`; "auto" for the one that the same options have
    begun, if they have, else a new one."""
    overwrite: bool = False
    """Whether a run in `output` is deleted first."""
    limit_train_batches: int | None = None
    limit_val_batches: int | None = None
    progress: bool = False
    """Whether to draw a progress bar."""


@dataclass(frozen=True)
class TrainResult:
    """What a finished or stopped run leaves behind."""

    folder: RunFolder
    step: int
    total_steps: int
    last: WeightsCard
    best: WeightsCard | None
    """None before the first validation."""

    @property
    def finished(self) -> bool:
        return self.step >= self.total_steps
