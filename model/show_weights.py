"""`python -m model weights`: what trained weights are, which ones come along, and a copy without the training's state."""

import argparse
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch

from model import zoo
from model.errors import UserError
from model.weights import (
    CARD_KEY,
    ENCODER_KEY,
    PREFIXES,
    WeightsCard,
    card_of,
    checkpoint_file,
    encoder_card_of,
    network_tensors,
    read_checkpoint,
)

EPILOG = """examples:
  python -m model weights                                           the weights that come along
  python -m model weights runs/000_laptop                           what a run made
  python -m model weights runs/000_laptop --output smart_tool.ckpt  the network alone, to pass on

A training's checkpoint also holds the optimizer and all that --resume needs; the copy is a third of its size or less and
serves wherever weights are asked for, except for --resume.
"""


def add_parser(subparsers: Any) -> None:
    """Adds the command `weights`."""
    parser = subparsers.add_parser(
        "weights",
        help="what trained weights are; a slim copy of them",
        description="Tell what trained weights are: network, training data, metrics. Without WEIGHTS, list the zoo.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("weights", nargs="?", metavar="WEIGHTS", help="a checkpoint, the folder of a run, or zoo:NAME")
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="write the network and its card there, nothing else"
    )
    parser.set_defaults(func=run)


def run(options: argparse.Namespace) -> int:
    """The command."""
    if options.weights is None:
        if options.output is not None:
            raise UserError("--output writes a copy of weights: name them, e.g. weights runs/000_laptop --output FILE")
        for name in [*zoo.names(), *zoo.encoders()]:
            print(describe(zoo.PREFIX + name))
        return 0
    print(describe(options.weights))
    if options.output is not None:
        write_slim(options.weights, options.output)
        print(
            f"written: {options.output}, {options.output.stat().st_size / 1e6:.1f} MB, sha256 {digest(options.output)}"
        )
    return 0


def describe(weights: str) -> str:
    """The card of some weights as lines of text."""
    file = checkpoint_file(weights)
    checkpoint = read_checkpoint(file)
    head = f"{weights}: {file}, {file.stat().st_size / 1e6:.1f} MB, sha256 {digest(file)}"
    if ENCODER_KEY in checkpoint:
        encoder = encoder_card_of(checkpoint, file)
        return f"{head}\n  an encoder of the network {encoder.preset}, for transfer_learning\n  {encoder.source}"
    card = card_of(checkpoint, file)
    parameters = sum(tensor.numel() for tensor in network_tensors(checkpoint).values())
    height, width = card.input_size
    lines = [
        head,
        f"  network {card.preset}, {parameters / 1e6:.2f} million numbers, trained at {width}×{height}, "
        f"click discs of radius {card.click_radius:g}",
    ]
    if card.look_size:
        lines.append(f"  looks at {card.look_size} pixels")
    if card.dataset_digest or not card.origin:
        lines.append(f"  trained on the dataset with the digest {card.dataset_digest or 'unknown'}")
    lines += [f"  {what}: {text}" for what, text in card.origin.items()]
    if card.licences:
        lines.append("  licences: " + "; ".join(f"{pool}: {licence}" for pool, licence in card.licences.items()))
    if card.metrics:
        lines.append("  " + ", ".join(f"{name} {value:.4f}" for name, value in card.metrics.items()))
    return "\n".join(lines)


def write_slim(weights: str, output: Path) -> None:
    """Write a checkpoint that holds the network and its card alone."""
    file = checkpoint_file(weights)
    checkpoint = read_checkpoint(file)
    if output.exists() and output.samefile(file):
        raise UserError(f"--output {output} is the file of the weights itself; name another one")
    output.parent.mkdir(parents=True, exist_ok=True)
    torch.save(slim(checkpoint, card_of(checkpoint, file)), output)


def slim(checkpoint: Mapping[str, Any], card: WeightsCard) -> dict[str, Any]:
    """A checkpoint with the tensors of the network that training was for, and the card."""
    tensors = {PREFIXES[-1] + name: tensor.contiguous() for name, tensor in network_tensors(checkpoint).items()}
    return {"state_dict": tensors, CARD_KEY: card.to_dict()}


def digest(file: Path) -> str:
    """sha256 of a file in hex."""
    return sha256(file.read_bytes()).hexdigest()
