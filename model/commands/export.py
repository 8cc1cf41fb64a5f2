"""`python -m model export`: a trained network as one ONNX file that needs nothing else."""

import argparse
from pathlib import Path

from model.inference.backend import EXPORTED
from model.inference.export import OPSET, export
from model.weights import zoo
from model.weights.checkpoints import load_network
from pipelines.errors import UserError

EPILOG = """example:
  python -m model export --weights runs/first --output smart_tool.onnx

One file with normalisation, click discs and padding inside. Inputs: image, uint8 (B, H, W, 3) RGB of any size; previous,
float32 (B, 1, H, W), the last probabilities, zeros at first; points, float32 (B, N, 3), x, y, label in pixels, with label
1 positive, 0 negative, -1 for rows that only fill up a batch. Outputs: probability, float32 (B, 1, H, W), its logits, and where
the weights can tell score, float32 (B,): the predicted IoU of each answer.
The weights card (input size, disc radius, training config) is the metadata entry "weights_card", as JSON.
"""

DESCRIPTION = "Write a trained network as one ONNX file that needs nothing else, and compare it with PyTorch."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.add_argument(
        "--weights",
        default=zoo.DEFAULT,
        metavar="W",
        help="a checkpoint, the folder of a training run, or zoo:NAME (default: %(default)s)",
    )
    parser.add_argument("--output", required=True, type=Path, metavar="FILE", help=f"the file to write, *{EXPORTED}")


def run(options: argparse.Namespace) -> int:
    """The command."""
    file: Path = options.output
    if file.suffix != EXPORTED:
        raise UserError(
            f"--output {file}: the name must end in {EXPORTED}, by which predict and evaluate know such files"
        )
    network, card = load_network(options.weights)
    worst = export(network, card, file)
    print(
        f"{file}: {file.stat().st_size / 1e6:.1f} MB, opset {OPSET}; at most {worst:.1g} apart from PyTorch's probabilities"
    )
    return 0
