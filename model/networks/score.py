"""How good an answer is: a small head that predicts its IoU from what the network said.

It looks at the answer only: how much there is, how sure it is, where it touches the view's border, how it agrees with clicks
and previous mask. The features of the network below it were tried too: they fit photographs that were trained on better, and
new ones no better. So the head changes no answer, is trained after the network, in minutes, and weights without it work as
ever.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

INPUTS = 14
"""Numbers of a summary."""
_HIDDEN = 32
_EPSILON = 1e-4


class ScoreHead(nn.Module):
    """Answer → predicted IoU with the object that was meant, (B,) in 0..1."""

    mean: Tensor
    deviation: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(INPUTS))
        self.register_buffer("deviation", torch.ones(INPUTS))
        self.hidden = nn.Linear(INPUTS, _HIDDEN)
        self.second = nn.Linear(_HIDDEN, _HIDDEN)
        self.out = nn.Linear(_HIDDEN, 1)

    def forward(self, logits: Tensor, maps: Tensor, seen: Tensor) -> Tensor:
        """See `summary` for the shapes; (B,)."""
        return self.logit(summary(logits, maps, seen)).sigmoid()

    def logit(self, summaries: Tensor) -> Tensor:
        """(B, INPUTS) → (B,), before the sigmoid."""
        # Clamped: what lies far beyond all that the head was trained on must not decide alone.
        x = ((summaries - self.mean) / self.deviation).clamp(-5, 5)
        x = F.relu(self.second(F.relu(self.hidden(x))))
        return self.out(x)[:, 0]


def summary(logits: Tensor, maps: Tensor, seen: Tensor) -> Tensor:
    """What an answer looks like, (B, INPUTS) float32.

    logits (B, 1, h, w), maps (B, 3, h, w), seen (B, 1, h, w): 1 in the view, 0 where it was only filled up.
    """
    logits, maps, seen = (part.float() for part in (logits, maps, seen))
    inside = logits.sigmoid() * seen
    unsure = 4 * inside * (1 - inside)
    previous, positive, negative = maps.split(1, dim=1)
    whole = seen.mean((1, 2, 3))
    area, doubt, before, wanted, unwanted, together = (
        part.mean((1, 2, 3)) / whole for part in (inside, unsure, previous, positive, negative, inside * previous)
    )
    numbers = [
        (area + _EPSILON).log(),
        doubt / (area + _EPSILON),
        (doubt + _EPSILON).log(),
        *(weighted_mean(inside, side) for side in borders(seen)),
        weighted_mean(inside, positive),
        weighted_mean(inside, negative),
        (wanted + _EPSILON).log(),
        (unwanted + _EPSILON).log(),
        (before + _EPSILON).log(),
        (together + _EPSILON) / (area + before - together + _EPSILON),
        weighted_mean(inside, (inside > 0.5).float()),
    ]
    return torch.stack(numbers, dim=1)


def borders(seen: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The pixels at the left, right, top and bottom border of what is seen, (B, 1, h, w) each."""
    return (
        seen * (1 - F.pad(seen, (1, 0, 0, 0))[..., :-1]),
        seen * (1 - F.pad(seen, (0, 1, 0, 0))[..., 1:]),
        seen * (1 - F.pad(seen, (0, 0, 1, 0))[..., :-1, :]),
        seen * (1 - F.pad(seen, (0, 0, 0, 1))[..., 1:, :]),
    )


def weighted_mean(values: Tensor, weights: Tensor) -> Tensor:
    """Mean over the pixels of (B, 1, h, w), weighted by (B, 1, h, w): (B,); 0 where all weights are."""
    return (values * weights).mean((1, 2, 3)) / (weights.mean((1, 2, 3)) + _EPSILON)
