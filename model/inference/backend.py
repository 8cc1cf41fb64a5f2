"""What computes an answer: `Backend`, by PyTorch here and by ONNX Runtime in `model.inference.onnx_backend`.

A backend sees one look at an image and knows nothing of sessions, zoom and flips; those are the predictor's.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from model.clicks.tensors import network_maps
from model.networks import ClickNetwork
from model.weights.checkpoints import WeightsCard, load_network
from pipelines.errors import UserError
from pipelines.extras import advice

EXPORTED = ".onnx"
"""How the names of exported networks end."""

Network = Callable[[Tensor, Tensor], Tensor]
"""image (B, 3, h, w) in 0..1, maps (B, 3, h, w) → logits (B, 1, h, w); any module of that signature."""


class Answers(NamedTuple):
    """What a network says of a batch of looks."""

    logits: Tensor
    """Of the object, (B, 1, h, w) float32."""
    scores: Tensor | None
    """Predicted IoU of each answer with the object that was meant, (B,) float32; None where the network has no head for it."""


class Backend(Protocol):
    """A trained network, ready to be asked; the radius of its click discs is its own business."""

    @property
    def device(self) -> torch.device:
        """Where it wants its tensors, and where its answers are."""
        ...

    @property
    def scores(self) -> bool:
        """Whether its answers have scores."""
        ...

    def answers(self, image: Tensor, previous: Tensor, points: Tensor) -> Answers:
        """What it says of a batch of looks.

        image: (B, 3, h, w) float32 RGB in 0..1, of any size.  previous: (B, 1, h, w) float32, the last probabilities.
        points: (B, N, 3) float32, x, y, label in pixels of this input (see `model.clicks.tensors`); N may be 0.
        """
        ...


class TorchBackend:
    """A PyTorch network, with the clicks drawn as discs for it."""

    def __init__(self, network: Network, radius: float, device: str | torch.device = "cpu") -> None:
        """network: on `device`, in eval mode.  radius: of the discs, in pixels of the input, as it was trained."""
        self.network = network
        self.radius = radius
        self.device = torch.device(device)

    @property
    def scores(self) -> bool:
        """See `Backend`."""
        return isinstance(self.network, ClickNetwork) and self.network.score_head is not None

    def answers(self, image: Tensor, previous: Tensor, points: Tensor) -> Answers:
        """See `Backend`."""
        with torch.inference_mode():
            maps = network_maps(points, previous, self.radius)
            if isinstance(self.network, ClickNetwork):
                logits, scores = self.network.scored(image, maps)
                return Answers(logits.float(), scores)
            return Answers(self.network(image, maps).float(), None)


def is_exported(weights: str | Path) -> bool:
    """Whether this names an exported network, which ONNX Runtime runs on the CPU, and not a checkpoint or a run."""
    return Path(weights).suffix == EXPORTED


def load_backend(path: str | Path, device: str | torch.device = "cpu") -> tuple[Backend, WeightsCard]:
    """The network in a file, and its card.

    path: a checkpoint or the folder of a run (PyTorch, on `device`), or a file `.onnx` (ONNX Runtime, on the CPU only).
    """
    if not is_exported(path):
        network, card = load_network(path, device)
        return TorchBackend(network, card.click_radius, device), card
    if torch.device(device).type != "cpu":
        raise UserError(
            f"weights {path}: an exported network runs on the CPU, but {device} was asked for; "
            "use --accelerator cpu, or the checkpoint it was made from"
        )
    try:
        from model.inference.onnx_backend import OnnxBackend  # loads ONNX Runtime, which only exported networks need
    except ModuleNotFoundError as error:
        raise UserError(
            f"weights {path}: an exported network needs ONNX Runtime. {advice(error)}; or use the checkpoint it was made from"
        ) from error
    return OnnxBackend.load(path)
