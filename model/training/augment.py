"""Changes to a training sample on every visit: drawn with NumPy by whoever reads the sample, applied to a batch on its device.

What is drawn is a row of numbers, `COLUMNS` of them, so a visit stays a function of its seed however samples are batched,
and the pixels are changed where the network is, all samples of a batch at once.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.training.config import Augment

COLUMNS = 6
"""Mirrored (0 or 1), grey (0 or 1), factor of the contrast, and what is added to red, green and blue (1 is full range)."""

_LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in the brightness of a colour (ITU-R BT.601)."""


def drawn_changes(augment: Augment, rng: np.random.Generator) -> NDArray[np.float32]:
    """One row, (COLUMNS,)."""
    mirrored = rng.random() < augment.horizontal_flip
    grey = rng.random() < augment.grey
    contrast = 1 + rng.uniform(-augment.contrast, augment.contrast)
    shift = rng.uniform(-augment.brightness, augment.brightness) + rng.uniform(-augment.colour, augment.colour, 3)
    return np.array([mirrored, grey, contrast, *shift], np.float32)


def changed(
    image: Tensor, label: Tensor, points: Tensor, start: Tensor, changes: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The samples of a batch, each changed as its row says.

    image: (B, 3, H, W) uint8 RGB; comes back as float32 in 0..1.  label: (B, H, W) int8.  points: (B, N, 3) float32 x, y,
    label; a point keeps its pixel, padding rows may move.  start: (B, H, W) bool.  changes: (B, COLUMNS).
    """
    mirrored = changes[:, 0] > 0
    image, label, start = (where_mirrored(part, mirrored) for part in (image, label, start))
    x = torch.where(mirrored[:, None], image.shape[3] - 1 - points[..., 0], points[..., 0])
    points = torch.cat((x[..., None], points[..., 1:]), dim=2)
    return recoloured(image, changes), label, points, start


def where_mirrored(images: Tensor, mirrored: Tensor) -> Tensor:
    """Left and right exchanged in the images, (B, …, W), that `mirrored`, (B,) bool, names."""
    return torch.where(mirrored.view(-1, *[1] * (images.ndim - 1)), images.flip(-1), images)


def recoloured(image: Tensor, changes: Tensor) -> Tensor:
    """(B, 3, H, W) uint8 → float32 in 0..1: some without colours, distances from mid-grey scaled, channels shifted."""
    colours = image.float() / 255
    # Plain numbers need no copy to the device, which a tensor of them would.
    red, green, blue = (weight * channel for weight, channel in zip(_LUMA, colours.split(1, dim=1), strict=True))
    rows = changes[:, :, None, None]
    colours = torch.lerp(colours, red + green + blue, rows[:, 1:2])
    return ((colours - 0.5) * rows[:, 2:3] + 0.5 + rows[:, 3:6]).clamp(0, 1)
