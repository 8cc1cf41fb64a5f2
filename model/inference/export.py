"""`python -m model export`: a trained network as one ONNX file that needs nothing else, checked against PyTorch.

The file's inputs and outputs are those of `model.inference.onnx_backend`.
"""

import json
import warnings
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from model.clicks.tensors import NEGATIVE, PADDING, POSITIVE, network_maps
from model.inference.backend import TorchBackend
from model.networks import STRIDE, ClickNetwork
from model.weights.checkpoints import CARD_KEY, WeightsCard
from pipelines.errors import UserError
from pipelines.extras import advice

OPSET = 17
LARGEST_DIFFERENCE = 1e-3
"""A file whose probabilities differ more from PyTorch's is not kept."""

INPUT_AXES = {
    "image": {0: "batch", 1: "height", 2: "width"},
    "previous": {0: "batch", 2: "height", 3: "width"},
    "points": {0: "batch", 1: "clicks"},
}
OUTPUT_AXES = {name: {0: "batch", 2: "height", 3: "width"} for name in ("probability", "logits")}
SCORE_AXES = {"score": {0: "batch"}}
"""The output that there is only where the network has a score."""


class SelfContained(nn.Module):
    """A network together with what turns plain arrays into its inputs."""

    def __init__(self, network: ClickNetwork, radius: float) -> None:
        super().__init__()
        self.network = network
        self.radius = radius

    def forward(self, image: Tensor, previous: Tensor, points: Tensor) -> tuple[Tensor, ...]:
        """Probabilities and logits, (B, 1, H, W), and where the network has them scores, (B,); inputs as in
        `model.inference.onnx_backend`."""
        colours = image.permute(0, 3, 1, 2).float() / 255
        maps = network_maps(points, previous, self.radius)
        # The network pads where it must. A trace has no "where": it is padded here always, by 0 pixels where none lack.
        height, width = previous.shape[2:]
        padding = (0, -width % STRIDE, 0, -height % STRIDE)
        seen = F.pad(torch.ones_like(previous), padding)
        logits, scores = self.network.scored(F.pad(colours, padding, mode="replicate"), F.pad(maps, padding), seen)
        logits = logits[:, :, :height, :width]
        return (torch.sigmoid(logits), logits) if scores is None else (torch.sigmoid(logits), logits, scores)


@dataclass(frozen=True)
class Check:
    """One comparison of the file with PyTorch: a batch of images of a size with so many points each."""

    batch: int
    height: int
    width: int
    points: int

    def inputs(self) -> tuple[Tensor, Tensor, Tensor]:
        """Noise as image and previous answer, and points between pixels, of all labels, some beyond the border."""
        generator = torch.Generator().manual_seed(self.points)
        image = torch.randint(0, 256, (self.batch, self.height, self.width, 3), dtype=torch.uint8, generator=generator)
        previous = torch.rand(self.batch, 1, self.height, self.width, generator=generator)
        points = torch.rand(self.batch, self.points, 3, generator=generator)
        points[..., :2] = points[..., :2] * torch.tensor([self.width + 6, self.height + 6]) - 3
        labels = torch.tensor([POSITIVE, NEGATIVE, PADDING]).repeat(self.points)[: self.points]
        points[..., 2] = labels
        return image, previous, points


def checks_for(card: WeightsCard) -> list[Check]:
    """The size of the training, sizes that need padding, several images at once, and from no points to many."""
    height, width = card.input_size
    return [
        Check(1, height, width, 1),
        Check(1, height, width, 40),
        Check(1, 64, 64, 0),
        Check(3, 33, 65, 5),
        Check(2, 100, 31, 20),
        Check(1, 1, 1, 2),
    ]


def export(network: ClickNetwork, card: WeightsCard, file: Path) -> float:
    """Write the network, on the CPU in eval mode, to `file`; returns the largest difference to PyTorch that was found.

    The file appears when it has passed all checks.
    """
    try:
        import onnx  # needed here only; a machine that trains may do without
    except ModuleNotFoundError as error:
        raise UserError(f"export: {advice(error)}") from error
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f".{file.name}.unfinished")
    try:
        _trace(SelfContained(network, card.click_radius).eval(), unfinished)
        model = onnx.load(unfinished)
        onnx.helper.set_model_props(model, {CARD_KEY: json.dumps(card.to_dict())})
        onnx.checker.check_model(model, full_check=True)
        onnx.save(model, unfinished)
        worst = largest_difference(network, card, unfinished)
        unfinished.rename(file)
    finally:
        unfinished.unlink(missing_ok=True)
    return worst


def _trace(network: SelfContained, file: Path) -> None:
    """Write the operations that one run of the network makes; batch norms are folded into the convolutions."""
    outputs = OUTPUT_AXES | (SCORE_AXES if network.network.score_head is not None else {})
    with warnings.catch_warnings():
        # PyTorch's newer exporter fixes the sizes that a network with padding may have; this one is deprecated, and works.
        warnings.filterwarnings("ignore", "The feature will be removed", DeprecationWarning)
        warnings.filterwarnings("ignore", "You are using the legacy TorchScript-based ONNX export", DeprecationWarning)
        # "If there is something to pad": there is not, see `SelfContained`.
        warnings.filterwarnings("ignore", "Converting a tensor to a Python boolean")
        warnings.filterwarnings("ignore", "Iterating over a tensor")
        # The padding of a stride's odd pixel, which is then computed when the file is run.
        warnings.filterwarnings("ignore", "Constant folding - Only steps=1 can be constant folded")
        torch.onnx.export(
            network,
            Check(2, 70, 50, 3).inputs(),
            file,
            dynamo=False,
            opset_version=OPSET,
            input_names=list(INPUT_AXES),
            output_names=list(outputs),
            dynamic_axes=INPUT_AXES | outputs,
        )


def largest_difference(network: ClickNetwork, card: WeightsCard, file: Path) -> float:
    """Of all probabilities in all checks. Raises UserError where one is above `LARGEST_DIFFERENCE`."""
    from model.inference.onnx_backend import OnnxBackend  # loads ONNX Runtime, which only exported networks need

    exported, _ = OnnxBackend.load(file)
    original = TorchBackend(network, card.click_radius)
    worst = 0.0
    for check in checks_for(card):
        image, previous, points = check.inputs()
        colours = image.permute(0, 3, 1, 2).float() / 255
        (logits, scores), (expected, expected_scores) = (
            backend.answers(colours, previous, points) for backend in (exported, original)
        )
        found = float((logits.sigmoid() - expected.sigmoid()).abs().max())
        if scores is not None and expected_scores is not None:
            found = max(found, float((scores - expected_scores).abs().max()))
        if not found <= LARGEST_DIFFERENCE:
            raise UserError(
                f"export: {found:.2g} apart from PyTorch's probabilities with {check}, at most {LARGEST_DIFFERENCE:g} is "
                f"allowed; the file is not kept. Other versions of onnx and onnxruntime may do better"
            )
        worst = max(worst, found)
    return worst
