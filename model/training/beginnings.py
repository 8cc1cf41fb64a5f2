"""How a visit to a view begins: with a first click, with clicks of both kinds, or with a damaged mask and a click that corrects
it; and where the clicks after that fall. All on the device, a batch at a time.

Legend: B batch, h w network input, even. Labels are (B, h, w) int8, 1 object, 0 background, -1 ignored; points as in
`model.clicks.tensors`. The place of a click is drawn anywhere in an error deeper than a random share of the deepest, so that
what a network answers depends little on where exactly people click.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from model.clicks.tensors import PADDING, depth

ONE_CLICK, SEVERAL = 0.7, 0.2
"""How often a visit begins with one positive click, and with some clicks of both kinds; otherwise with a damaged mask."""
FIRST_DEPTH = 0.75
"""A first click is deeper than a share of the deepest that is drawn up to this."""
CORRECTING_DEPTH = 0.5
"""The click that corrects a damaged mask is deeper than this share."""
LATER_DEPTH = (0.2, 0.6)
"""The share that later clicks are deeper than is drawn from these."""
_DEPTH_LIMIT = 20
"""In pixels of half the size; what lies deeper counts as equally deep."""
_NEAR = 31
"""Side, in pixels, of the square around the object in which negative clicks are near it."""


class Chance:
    """Random numbers on one device from one generator, in the order they are asked for."""

    def __init__(self, generator: torch.Generator) -> None:
        self.generator = generator

    def uniform(self, *shape: int, low: float = 0.0, high: float = 1.0) -> Tensor:
        """Evenly between `low` and `high`."""
        return torch.rand(*shape, generator=self.generator, device=self.generator.device) * (high - low) + low

    def normal(self, *shape: int) -> Tensor:
        """Of mean 0 and deviation 1."""
        return torch.randn(*shape, generator=self.generator, device=self.generator.device)


def deep_clicks(prediction: Tensor, label: Tensor, above: Tensor, chance: Chance) -> Tensor:
    """One click a sample in the deeper kind of error, (B, 1, 3), anywhere deeper than `above`, (B,), times the deepest.

    prediction: (B, h, w) bool.  Depths are chessboard distances at half the size, for speed.
    """
    wrong = torch.cat(((label == 1) & ~prediction, (label == 0) & prediction))
    count = len(label)
    depths = depth(halved(wrong), _DEPTH_LIMIT)
    deepest = depths.amax((1, 2))
    positive = deepest[:count] > deepest[count:]
    chosen = positive[:, None, None]
    least = torch.maximum(deepest[:count], deepest[count:]) * above
    deep = torch.where(chosen, depths[:count], depths[count:]) > least[:, None, None]
    return anywhere(doubled(deep) & torch.where(chosen, wrong[:count], wrong[count:]), positive.float(), chance)


def anywhere(allowed: Tensor, kind: Tensor, chance: Chance) -> Tensor:
    """One click a sample, (B, 1, 3), of its kind, (B,), at any allowed pixel, (B, h, w) bool; padding where there is none."""
    # + 1: a random number may be 0, and then an allowed pixel must still win over a forbidden one.
    place = ((chance.uniform(*allowed.shape) + 1) * allowed).flatten(1).argmax(1)
    kind = kind.masked_fill(~allowed.flatten(1).any(1), PADDING)
    width = allowed.shape[2]
    return torch.stack(((place % width).float(), (place // width).float(), kind), 1)[:, None]


def damaged(label: Tensor, chance: Chance) -> Tensor:
    """The true mask as another tool may have left it: softened, with slow noise, grown or shrunk; (B, 1, h, w) 0 or 1."""
    count, height, width = label.shape
    mask = (label == 1).float()[:, None]
    soft = F.interpolate(mask, scale_factor=0.25, mode="area")
    soft = F.avg_pool2d(soft, 5, 1, 2, count_include_pad=False)
    soft = F.interpolate(soft, size=(height, width), mode="bilinear")
    slow = F.interpolate(chance.normal(count, 1, 7, 7), size=(height, width), mode="bicubic")
    grown = chance.normal(count, 1, 1, 1)
    return (soft * 0.6 + mask * 0.4 + 0.28 * slow + grown * 0.15 > 0.5).float()


def begun(label: Tensor, chance: Chance) -> tuple[Tensor, Tensor]:
    """Points (B, 5, 3) and previous mask (B, 1, h, w) that visits begin with."""
    count = len(label)
    target, rest = label == 1, label == 0
    kind = chance.uniform(count)
    several, starts = (kind >= ONE_CLICK) & (kind < ONE_CLICK + SEVERAL), kind >= ONE_CLICK + SEVERAL
    broken = damaged(label, chance)
    share = chance.uniform(count, high=FIRST_DEPTH)
    first = deep_clicks(torch.zeros_like(target), label.masked_fill(rest, -1), share, chance)
    correcting = deep_clicks(broken[:, 0] > 0.5, label, torch.full_like(share, CORRECTING_DEPTH), chance)
    points = [torch.where(starts[:, None, None], correcting, first)]
    near = F.max_pool2d(target.float()[:, None], _NEAR, 1, _NEAR // 2)[:, 0] > 0
    for _ in range(2):
        allowed = target & (several & (chance.uniform(count) < 0.5))[:, None, None]
        points.append(anywhere(allowed, torch.ones_like(share), chance))
    for _ in range(2):
        where = torch.where((chance.uniform(count) < 0.6)[:, None, None], near & rest, rest)
        allowed = where & (several & (chance.uniform(count) < 0.6))[:, None, None]
        points.append(anywhere(allowed, torch.zeros_like(share), chance))
    return torch.cat(points, 1), broken * starts.view(-1, 1, 1, 1)


def halved(region: Tensor) -> Tensor:
    """(B, h, w) bool → (B, h/2, w/2): whether any of four pixels is set."""
    # Half precision is faster on a GPU, and no faster elsewhere.
    values = region.half() if region.is_cuda else region.float()
    return F.max_pool2d(values, 2) > 0


def doubled(region: Tensor) -> Tensor:
    """(B, h, w) → (B, 2h, 2w)."""
    return region.repeat_interleave(2, -2).repeat_interleave(2, -1)
