"""What training minimises: the mask's loss and the loss at the clicked points, weighted as the config says.

    L = main_class · [ NFL(z, y) + (1 − softIoU(z, y)) + 0.4 · BCE(z_aux, y) ]  +  points · L_points

Shapes: logits (B, 1, H, W); label (B, H, W) integers, 1 object, 0 background, -1 ignored; points (B, N, 3) as in
`model.clicks.tensors`. Everything is computed in float32, whatever the network computes in: in bfloat16 the small
differences that end a training vanish.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from model.clicks.tensors import PADDING

AUXILIARY_WEIGHT = 0.4
FOCAL_ALPHA = 0.5
FOCAL_GAMMA = 2
_EPSILON = 1e-6


@dataclass(frozen=True)
class Losses:
    """The parts, each a scalar, before the config's weights."""

    focal: Tensor
    iou: Tensor
    auxiliary: Tensor
    points: Tensor

    def total(self, main_class: float, points: float) -> Tensor:
        """The weighted sum."""
        return main_class * (self.focal + self.iou + AUXILIARY_WEIGHT * self.auxiliary) + points * self.points


def losses(logits: Tensor, auxiliary: Tensor, label: Tensor, points: Tensor) -> Losses:
    """All parts of the loss; `points` are the clicks that the network has seen."""
    with torch.autocast(logits.device.type, enabled=False):
        logits, auxiliary = logits[:, 0].float(), auxiliary[:, 0].float()
        valid = (label >= 0).float()
        target = (label == 1).float()
        return Losses(
            focal=normalised_focal(logits, target, valid),
            iou=soft_iou_loss(logits, target, valid),
            auxiliary=masked_mean(cross_entropy(auxiliary, target), valid).mean(),
            points=points_loss(logits, points),
        )


def normalised_focal(logits: Tensor, target: Tensor, valid: Tensor) -> Tensor:
    """Normalised focal loss (Sofiiuk et al., AdaptIS, 2019) of (B, H, W) logits, mean over the batch.

    The focal weights of each sample are scaled to a mean of 1, so that a nearly finished mask still teaches.
    """
    probability = logits.sigmoid()
    weight = (target - probability).abs() ** FOCAL_GAMMA * valid
    scale = valid.sum(dim=(1, 2)) / (weight.sum(dim=(1, 2)) + _EPSILON)
    weight = weight * scale.detach()[:, None, None]
    return masked_mean(FOCAL_ALPHA * weight * cross_entropy(logits, target), valid).mean()


def soft_iou_loss(logits: Tensor, target: Tensor, valid: Tensor) -> Tensor:
    """1 − intersection / union of probabilities and target, per sample, mean over the batch."""
    probability = logits.sigmoid() * valid
    target = target * valid
    intersection = (probability * target).sum(dim=(1, 2))
    union = (probability + target).sum(dim=(1, 2)) - intersection
    return (1 - (intersection + 1) / (union + 1)).mean()


def points_loss(logits: Tensor, points: Tensor) -> Tensor:
    """Cross entropy on the 3×3 pixels around every click against the click's own label, mean over all clicks.

    The target is the click and not the annotated mask: a click is the user's word. Zero without any click.
    """
    height, width = logits.shape[1:]
    offsets = torch.arange(-1, 2, device=logits.device)
    y = points[..., 1].round().long()[..., None, None] + offsets[:, None]
    x = points[..., 0].round().long()[..., None, None] + offsets[None, :]
    real = (points[..., 2] != PADDING)[..., None, None]
    inside = (real & (x >= 0) & (x < width) & (y >= 0) & (y < height)).flatten(2).float()
    place = (y.clamp(0, height - 1) * width + x.clamp(0, width - 1)).flatten(1)
    clicked = logits.flatten(1).gather(1, place).view(inside.shape)
    target = (points[..., 2:] == 1).float().expand_as(clicked)
    around = inside.sum(dim=2)
    each = (cross_entropy(clicked, target) * inside).sum(dim=2) / around.clamp(min=1)
    return each.sum() / (around > 0).sum().clamp(min=1)


def cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    """Binary cross entropy of each element."""
    return F.binary_cross_entropy_with_logits(logits, target, reduction="none")


def masked_mean(values: Tensor, valid: Tensor) -> Tensor:
    """Mean over the valid pixels of each sample: (B, H, W) → (B,); 0 where none is valid."""
    return (values * valid).sum(dim=(1, 2)) / valid.sum(dim=(1, 2)).clamp(min=1)
