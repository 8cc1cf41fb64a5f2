"""What a training tells of its network besides its loss."""

import torch
from torch import Tensor


def iou(prediction: Tensor, label: Tensor) -> Tensor:
    """Intersection over union of (B, H, W) bool with labels 1 / 0 / -1, ignored pixels removed: (B,) float32.

    Where neither has a pixel the answer is right: 1.
    """
    truth, valid = label == 1, label >= 0
    intersection = (prediction & truth).sum(dim=(1, 2))
    union = ((prediction & valid) | truth).sum(dim=(1, 2))
    return torch.where(union > 0, intersection / union.clamp(min=1), 1.0)
