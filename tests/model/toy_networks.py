"""Networks for tests whose answers are known beforehand, and a written checkpoint."""

from pathlib import Path

import torch
from torch import Tensor

from model.evaluation.baselines import untrained_network
from model.weights.checkpoints import CARD_KEY, PREFIXES, WeightsCard


class Spy:
    """Answers with `answer(image, maps)`, logits (B, 1, h, w), and keeps what it was asked."""

    def __init__(self, answer=None) -> None:  # type: ignore[no-untyped-def]
        self.answer = answer or bright
        self.images: list[Tensor] = []
        self.maps: list[Tensor] = []

    def __call__(self, image: Tensor, maps: Tensor) -> Tensor:
        self.images.append(image)
        self.maps.append(maps)
        return self.answer(image, maps)


def bright(image: Tensor, maps: Tensor) -> Tensor:
    """The object is what is bright; clicks are ignored."""
    return 40 * (image.mean(dim=1, keepdim=True) - 0.5)


def empty(image: Tensor, maps: Tensor) -> Tensor:
    """No object anywhere."""
    return torch.full_like(maps[:, :1], -20.0)


def discs(image: Tensor, maps: Tensor) -> Tensor:
    """The object is the discs of the positive clicks."""
    return 20 * maps[:, 1:2] - 10


def write_checkpoint(path: Path, input_size: int = 64) -> Path:
    """An untrained network of the smallest size, as training would save it."""
    tensors = {PREFIXES[-1] + name: tensor for name, tensor in untrained_network("nano", seed=3).state_dict().items()}
    card = WeightsCard("nano", (input_size, input_size), 2.0)
    torch.save({"state_dict": tensors, CARD_KEY: card.to_dict()}, path)
    return path
