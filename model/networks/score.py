"""How good an answer is: a small head that predicts its IoU from what the network saw and what it said.

The features are those of the finished network, which the head never changes; so it is trained after the network, in minutes,
and weights without it work as ever. Legend as in `model.networks.base`; h, w are H/2, W/2.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_HIDDEN = 96
_EPSILON = 1e-4
PLAIN = 14
"""Numbers of a summary that are no means of features."""


class ScoreHead(nn.Module):
    """Features and answer → predicted IoU with the object that was meant, (B,) in 0..1."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, fine: int, coarse: int, ratio: int) -> None:
        """fine, coarse: channels of the two features.  ratio: how many times larger the fine ones are."""
        super().__init__()
        self.ratio = ratio
        inputs = 2 * fine + 4 * coarse + PLAIN
        self.register_buffer("mean", torch.zeros(inputs))
        self.register_buffer("deviation", torch.ones(inputs))
        self.hidden = nn.Linear(inputs, _HIDDEN)
        self.second = nn.Linear(_HIDDEN, _HIDDEN)
        self.out = nn.Linear(_HIDDEN, 1)

    def forward(self, fine: Tensor, coarse: Tensor, logits: Tensor, maps: Tensor, seen: Tensor) -> Tensor:
        """See `summary` for the shapes; (B,)."""
        return self.logit(self.summary(fine, coarse, logits, maps, seen)).sigmoid()

    def logit(self, summaries: Tensor) -> Tensor:
        """(B, inputs) → (B,), before the sigmoid."""
        # Clamped: what lies far beyond all that the head was trained on must not decide alone.
        x = ((summaries - self.mean) / self.deviation).clamp(-5, 5)
        x = F.relu(self.second(F.relu(self.hidden(x))))
        return self.out(x)[:, 0]

    def summary(self, fine: Tensor, coarse: Tensor, logits: Tensor, maps: Tensor, seen: Tensor) -> Tensor:
        """What a mask rests on, (B, inputs) float32: the mean features inside of it, where it is unsure, outside and under the
        positive clicks; how much of it there is, how sure it is, where it touches the view's border, how it agrees with the
        clicks and the previous mask.

        fine (B, c, h, w), coarse (B, C, h/ratio, w/ratio), logits (B, 1, h, w), maps (B, 3, h, w), seen (B, 1, h, w): 1 in the
        view, 0 where it was only filled up.
        """
        fine, coarse, logits, maps, seen = (part.float() for part in (fine, coarse, logits, maps, seen))
        inside = logits.sigmoid() * seen
        unsure = 4 * inside * (1 - inside)
        previous, positive, negative = maps.split(1, dim=1)
        means = [
            weighted_mean(fine, inside),
            weighted_mean(fine, unsure),
            weighted_mean(coarse, self._smaller(inside)),
            weighted_mean(coarse, self._smaller(unsure)),
            weighted_mean(coarse, self._smaller(seen - inside)),
            weighted_mean(coarse, self._smaller(positive)),
        ]
        whole = seen.mean((1, 2, 3))
        area, doubt, before, wanted, unwanted, together = (
            part.mean((1, 2, 3)) / whole for part in (inside, unsure, previous, positive, negative, inside * previous)
        )
        plain = [
            (area + _EPSILON).log(),
            doubt / (area + _EPSILON),
            (doubt + _EPSILON).log(),
            *(weighted_mean(inside, side)[:, 0] for side in borders(seen)),
            weighted_mean(inside, positive)[:, 0],
            weighted_mean(inside, negative)[:, 0],
            (wanted + _EPSILON).log(),
            (unwanted + _EPSILON).log(),
            (before + _EPSILON).log(),
            (together + _EPSILON) / (area + before - together + _EPSILON),
            weighted_mean(inside, (inside > 0.5).float())[:, 0],
        ]
        return torch.cat([*means, torch.stack(plain, dim=1)], dim=1)

    def _smaller(self, values: Tensor) -> Tensor:
        return F.avg_pool2d(values, self.ratio)


def borders(seen: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The pixels at the left, right, top and bottom border of what is seen, (B, 1, h, w) each."""
    return (
        seen * (1 - F.pad(seen, (1, 0, 0, 0))[..., :-1]),
        seen * (1 - F.pad(seen, (0, 1, 0, 0))[..., 1:]),
        seen * (1 - F.pad(seen, (0, 0, 1, 0))[..., :-1, :]),
        seen * (1 - F.pad(seen, (0, 0, 0, 1))[..., 1:, :]),
    )


def weighted_mean(values: Tensor, weights: Tensor) -> Tensor:
    """Mean over the pixels of (B, C, h, w), weighted by (B, 1, h, w): (B, C); 0 where all weights are."""
    return (values * weights).mean((2, 3)) / (weights.mean((2, 3)) + _EPSILON)
