"""Notices a training whose numbers are not finite any more, without making a GPU wait at every step."""

from collections.abc import Iterable

import torch
from torch import Tensor

from model.training.config import TrainConfig
from pipelines.errors import UserError

NEVER = 2**62
"""Stands for a step that has not come."""


class DivergedError(UserError):
    """The loss is no number any more."""

    status = 3


class Watch:
    """Remembers, on the device, the first step at which a number was not finite."""

    def __init__(self, device: torch.device) -> None:
        self.first = torch.full((), NEVER, dtype=torch.int64, device=device)

    def look(self, value: Tensor, step: int) -> None:
        """Note whether `value`, a tensor of one number, is finite at `step`. Nothing waits for it."""
        here = torch.full_like(self.first, step).masked_fill(value.detach().isfinite(), NEVER)
        self.first = torch.minimum(self.first, here)


@torch.no_grad()
def all_finite(tensors: Iterable[Tensor]) -> Tensor:
    """Whether every number in the tensors is finite, a bool tensor () on their device; tensors of integers are."""
    floats = [tensor for tensor in tensors if tensor.is_floating_point()]
    return torch.stack(torch._foreach_norm(floats, float("inf"))).isfinite().all()


def diverged(first: int, now: int, config: TrainConfig) -> DivergedError:
    """The error of a training that is found at step `now` to have had a number that is not finite at step `first`."""
    clip = "none" if config.gradient_clip is None else f"{config.gradient_clip:g}"
    warmup = "automatic" if config.warmup_steps is None else str(config.warmup_steps)
    hints = [f"lower lr ({config.lr:g})", f"a longer warmup_steps ({warmup})", f"a smaller gradient_clip ({clip})"]
    if config.precision != "32-true":
        hints.append(f'precision "32-true" (it is "{config.precision}")')
    return DivergedError(
        f"the loss or the weights are not finite since step {first}: training has diverged, and is stopped at step {now}. "
        f"last.ckpt and best.ckpt are from before that, and stay as they are. Set {', '.join(hints[:-1])} or {hints[-1]} "
        f"in the config, and go on from last.ckpt with --resume, or start again"
    )
