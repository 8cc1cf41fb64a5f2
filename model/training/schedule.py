"""The learning rate at every step: a warm-up, then a cosine, or divisions when validation stops improving.

No scheduler object hangs on the optimizer: the rate is a function of the step and of `Plateau`, whose four numbers are
stored with a checkpoint. So a resumed run has the rate of an unbroken one, whenever it was stopped.
"""

import math
from dataclasses import dataclass

FINAL_SHARE = 0.01
"""A cosine ends at this share of the learning rate."""


def warmup_factor(step: int, warmup: int) -> float:
    """Share of the learning rate at `step` (from 0): rises evenly and is 1 from step `warmup` on."""
    return min(1.0, (step + 1) / (warmup + 1))


def cosine_factor(step: int, warmup: int, total: int) -> float:
    """Share of the learning rate at `step` after the warm-up: half a cosine from 1 to `FINAL_SHARE` at the last step."""
    done = (step - warmup) / max(1, total - 1 - warmup)
    done = min(1.0, max(0.0, done))
    return FINAL_SHARE + (1 - FINAL_SHARE) * (1 + math.cos(math.pi * done)) / 2


@dataclass
class Plateau:
    """Divides the rate by `divisor` when more than `patience` validations in a row brought no lower loss.

    The behaviour of PyTorch's ReduceLROnPlateau with threshold 0: the optimizer keeps its momentum.
    """

    patience: int
    divisor: float
    factor: float = 1.0
    """Present share of the learning rate."""
    best: float = math.inf
    waited: int = 0
    """Validations since the best one, or since the last division."""

    def validated(self, loss: float) -> None:
        """Take note of one validation."""
        if loss < self.best:
            self.best, self.waited = loss, 0
            return
        self.waited += 1
        if self.waited > self.patience:
            self.factor /= self.divisor
            self.waited = 0

    def state(self) -> dict[str, float]:
        """What changes, as plain numbers."""
        return {"factor": self.factor, "best": self.best, "waited": self.waited}

    def restore(self, state: dict[str, float]) -> None:
        """The reverse of `state`."""
        self.factor, self.best, self.waited = state["factor"], state["best"], int(state["waited"])
