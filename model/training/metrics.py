"""What a training tells of its network besides its loss."""

import torch
from torch import Tensor

from pipelines.errors import UserError


def iou(prediction: Tensor, label: Tensor) -> Tensor:
    """Intersection over union of (B, H, W) bool with labels 1 / 0 / -1, ignored pixels removed: (B,) float32.

    Where neither has a pixel the answer is right: 1.
    """
    truth, valid = label == 1, label >= 0
    intersection = (prediction & truth).sum(dim=(1, 2))
    union = ((prediction & valid) | truth).sum(dim=(1, 2))
    return torch.where(union > 0, intersection / union.clamp(min=1), 1.0)


class NothingToValidateError(UserError):
    """No object of the validation has a pixel at the network's input size."""


def countable(counted: Tensor, label: Tensor) -> Tensor:
    """Which of the samples count, (B,) bool: of those that are `counted` for themselves the ones whose object, 1 in the label
    (B, H, W), has a pixel left. An object that is too small for the input size, or all neutral, can be neither found nor
    missed: its IoU would be 1 or 0 whatever the network says."""
    return counted & (label == 1).flatten(1).any(dim=1)


def means(sums: Tensor) -> list[float]:
    """Sums over samples, the last of them how many there are, as means. NothingToValidateError where there are none."""
    if not sums[-1]:
        raise NothingToValidateError(
            "no object of the validation samples has a pixel at the network's input size, so nothing can be measured: raise "
            "input_size, or keep objects this small out of the dataset (objects_filter in its graph)"
        )
    found: list[float] = (sums[:-1] / sums[-1]).tolist()
    return found
