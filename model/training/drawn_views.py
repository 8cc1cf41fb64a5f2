"""Views of photographs for training: what a visit draws, and what it looks like.

What is drawn is a row of numbers in 0..1, drawn with NumPy by (seed, step) for all processes together; pixels are computed on
the device, a batch at a time. So a training is a function of its seed wherever it runs, and resumes exactly.
Legend: B batch, s side of the network's input, S side of the canvas (`model.training.photographs`).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.clicks.views import looked_at
from model.training.config import Colours, Views, ViewSize
from model.training.photographs import Objects, unpacked

_COLOUR_DRAWS = 8
DRAWS = 3 + 2 * 3 + 1 + 2 * _COLOUR_DRAWS + 2
"""Numbers that a view takes: share, aspect, whole; for each direction place, whether moved, how far; mirrored; colours of
the view and of what is pasted into it; whether something is pasted, and which of both is the object."""

SMALLEST_OBJECT = 48 / 256**2
"""A view that shows less of its object, in shares of its pixels, teaches nothing: all of it is ignored."""
_PASTED = (0.004, 0.45)
"""What is pasted covers more and less of the view than this."""
_LEFT = 0.35
"""Where less of the covered object is left, the pasted one is the object."""
_LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in the brightness of a colour (ITU-R BT.601)."""


@dataclass(frozen=True)
class Draws:
    """The numbers of a batch, used up one after the other."""

    columns: Iterator[Tensor]

    @classmethod
    def of(cls, table: Tensor) -> "Draws":
        """table: (B, DRAWS) float32 in 0..1."""
        return cls(iter(table.unbind(1)))

    def uniform(self, low: float = 0.0, high: float = 1.0) -> Tensor:
        """The next column, (B,), evenly between `low` and `high`."""
        return next(self.columns) * (high - low) + low

    def log_uniform(self, limits: tuple[float, float]) -> Tensor:
        """The next column, evenly in its logarithm."""
        return torch.exp(self.uniform(math.log(limits[0]), math.log(limits[1])))


def size_of_step(views: Views, rng: np.random.Generator) -> ViewSize:
    """The size of a step, for all processes the same."""
    shares = np.array([size.share for size in views.sizes])
    return views.sizes[int(rng.choice(len(shares), p=shares / shares.sum()))]


def rounds_of_step(views: Views, rng: np.random.Generator) -> int:
    """How many clicks on the network's own mistakes a step makes, for all processes the same."""
    shares = np.array(views.rounds)
    return int(rng.choice(len(shares), p=shares / shares.sum()))


def batch_of(batch_size: int, input_side: int, side: int) -> int:
    """Samples of a step at another size that cost what `batch_size` of them cost at `input_side`: a multiple of four, at least
    four or `batch_size`, whichever is less; at `input_side` the number itself."""
    if side == input_side:
        return batch_size
    return max(min(4, batch_size), batch_size * input_side**2 // side**2 // 4 * 4)


def table_of_step(count: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """(count, DRAWS)."""
    return rng.random((count, DRAWS), np.float32)


def boxes(objects: Objects, draws: Draws, views: Views, whole_share: float) -> Tensor:
    """The parts of the photographs that are looked at, (B, 4) as in `model.clicks.views`: top, left, height, width."""
    box, height, width = objects.boxes, objects.sizes[:, 0], objects.sizes[:, 1]
    share = draws.log_uniform(views.object_share)
    aspect = draws.log_uniform(views.aspect)
    high = torch.maximum(box[:, 2] - box[:, 0], (box[:, 3] - box[:, 1]) / aspect) / share
    high = high.clamp(min=views.smallest_crop)
    whole = draws.uniform() < whole_share
    wide = torch.where(whole, width, torch.minimum(high * aspect, width))
    high = torch.where(whole, height, torch.minimum(high, height))
    tops = _placed(high, box[:, 0], box[:, 2], height, draws, views, whole)
    lefts = _placed(wide, box[:, 1], box[:, 3], width, draws, views, whole)
    return torch.stack((tops, lefts, high, wide), 1)


def _placed(
    side: Tensor, low: Tensor, high: Tensor, length: Tensor, draws: Draws, views: Views, whole: Tensor
) -> Tensor:
    """Where crops of `side` begin, each (B,): anywhere so that they hold all from `low` to `high`, sometimes moved off it, but
    never beyond the photograph."""
    nothing = torch.zeros_like(side)
    one, other = torch.maximum(high - side, nothing), torch.minimum(low, length - side)
    first, last = torch.minimum(one, other), torch.maximum(one, other)
    at = first + draws.uniform() * (last - first)
    moved = (draws.uniform() < views.cut) & ~whole
    at = torch.where(moved, at + draws.uniform(-views.cut_by, views.cut_by) * side, at)
    return torch.minimum(torch.maximum(at, nothing), length - side)


def recoloured(image: Tensor, draws: Draws, colours: Colours) -> Tensor:
    """(B, 3, s, s) in 0..1 with other colours: saturation, contrast, brightness, tint, gamma."""

    def each(low: float, high: float) -> Tensor:
        return draws.uniform(low, high).view(-1, 1, 1, 1)

    # Plain numbers need no copy to the device, which a tensor of them would.
    red, green, blue = (weight * channel for weight, channel in zip(_LUMA, image.split(1, dim=1), strict=True))
    luma = red + green + blue
    saturation = each(1 - colours.saturation, 1 + colours.saturation) * (each(0, 1) >= colours.grey)
    image = luma + (image - luma) * saturation
    image = (image - 0.5) * each(1 - colours.contrast, 1 + colours.contrast) + 0.5
    image = image + each(-colours.brightness, colours.brightness)
    tint = torch.cat([each(-colours.tint, colours.tint) for _ in range(3)], dim=1)
    return (image + tint).clamp(0, 1) ** each(*colours.gamma)


def drawn(objects: Objects, table: Tensor, views: Views, size: ViewSize) -> tuple[Tensor, Tensor]:
    """Images (B, 3, s, s) float32 in 0..1 and labels (B, s, s) int8, 1 object, 0 not, -1 ignored.

    table: (B, DRAWS) float32 on the objects' device.  A cutout is the object of the batch's previous view.
    """
    draws = Draws.of(table)
    looks = boxes(objects, draws, views, size.whole)
    mirrored = draws.uniform() < views.horizontal_flip
    image, hard, void = look(objects, looks, size.side, mirrored)
    pasted_colours, own_colours = draws_of_colours(draws), draws_of_colours(draws)
    used, chosen = draws.uniform(), draws.uniform()
    if views.cutouts:
        soft = hard
        other_image = recoloured(image.roll(1, 0), pasted_colours, views.colours)
        other = soft.roll(1, 0)
        pasted, left = other > 0.5, (soft > 0.5) & ~(other > 0.5)
        area = pasted.float().mean((1, 2, 3))
        use = ((used < views.cutouts) & (area > _PASTED[0]) & (area < _PASTED[1])).view(-1, 1, 1, 1)
        most_covered = left.float().mean((1, 2, 3)) < _LEFT * (soft > 0.5).float().mean((1, 2, 3))
        of_pasted = ((chosen < 0.5) | most_covered).view(-1, 1, 1, 1)
        image = torch.where(use, image + (other_image - image) * other, image)
        labelled = torch.where(use, torch.where(of_pasted, pasted, left), soft > 0.5)
        void = void & ~(use & pasted)
    else:
        labelled = hard > 0.5
    label = labelled[:, 0].to(torch.int8).masked_fill((void & ~labelled)[:, 0], -1)
    return recoloured(image, own_colours, views.colours), without_slivers(label)


def look(objects: Objects, looks: Tensor, side: int, mirrored: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Image (B, 3, s, s) in 0..1, soft mask (B, 1, s, s) in 0..1 and void (B, 1, s, s) bool of the parts `looks`, (B, 4);
    left and right exchanged where `mirrored`, (B,) bool."""
    size = side, side
    flip = mirrored.view(-1, 1, 1, 1)
    image = looked_at(objects.images.float() / 255, looks, size)
    mask = looked_at(unpacked(objects.masks)[:, None].float(), looks, size)
    void = looked_at(unpacked(objects.void)[:, None].float(), looks, size) > 0.5
    image, mask, void = (torch.where(flip, part.flip(3), part) for part in (image, mask, void))
    return image, mask, void


def draws_of_colours(draws: Draws) -> Draws:
    """The numbers of one change of colours, to be used later."""
    return Draws(iter([draws.uniform() for _ in range(_COLOUR_DRAWS)]))


def without_slivers(label: Tensor) -> Tensor:
    """(B, s, s) labels, those with too little of an object ignored altogether."""
    seen = (label == 1).sum((1, 2), dtype=torch.int32)
    return label.masked_fill((seen < SMALLEST_OBJECT * label.shape[1] * label.shape[2])[:, None, None], -1)


def still(objects: Objects, side: int) -> tuple[Tensor, Tensor]:
    """The whole photographs, stretched to squares and otherwise as they are: image and label as in `drawn`, for validation."""
    looks = torch.cat((torch.zeros_like(objects.sizes), objects.sizes), dim=1)
    nothing = torch.zeros(len(looks), dtype=torch.bool, device=looks.device)
    image, mask, void = look(objects, looks, side, nothing)
    label = (mask > 0.5)[:, 0].to(torch.int8)
    return image, label.masked_fill(void[:, 0] & (label == 0), -1)
