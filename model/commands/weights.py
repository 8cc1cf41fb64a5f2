"""`python -m model weights`: what trained weights are, which ones come along, and a copy without the training's state."""

import argparse
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from model.errors import UserError
from model.weights import zoo
from model.weights.checkpoints import (
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

BLEND = 0.5
"""Share of the new weights in a mix."""

EPILOG = """examples:
  python -m model weights                                           the weights that come along
  python -m model weights runs/000_laptop                           what a run made
  python -m model weights runs/000_laptop --output smart_tool.ckpt  the network alone, to pass on
  python -m model weights runs/001_own --blend zoo:lite --output own.ckpt  half of what it went on from, half of what it became

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
    parser.add_argument(
        "--blend",
        metavar="OLD",
        help="mix with the weights that the training went on from, which brings back most of what was forgotten and keeps most "
        "of what was learnt; with --output",
    )
    parser.add_argument(
        "--share", type=float, default=BLEND, metavar="S", help="of the new weights in the mix (default: %(default)s)"
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
    problems = []
    if options.blend is not None and options.output is None:
        problems.append("--blend writes a mix of weights: say where to with --output FILE")
    if not 0 <= options.share <= 1:
        problems.append(f"--share {options.share:g}: must be from 0, all old, to 1, all new")
    if problems:
        raise UserError("\n".join(problems))
    print(describe(options.weights))
    if options.output is not None:
        write_slim(options.weights, options.output, options.blend, options.share)
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


def write_slim(weights: str, output: Path, blend: str | None = None, share: float = 1.0) -> None:
    """Write a checkpoint that holds the network and its card alone; with `blend`, only `share` of it and the rest of that."""
    file = checkpoint_file(weights)
    checkpoint = read_checkpoint(file)
    if output.exists() and output.samefile(file):
        raise UserError(f"--output {output} is the file of the weights itself; name another one")
    output.parent.mkdir(parents=True, exist_ok=True)
    written = slim(checkpoint, card_of(checkpoint, file))
    if blend is not None:
        old = checkpoint_file(blend)
        written["state_dict"] = blended(
            written["state_dict"], slim_tensors(read_checkpoint(old)), share, weights, blend
        )
    torch.save(written, output)


def slim(checkpoint: Mapping[str, Any], card: WeightsCard) -> dict[str, Any]:
    """A checkpoint with the tensors of the network that training was for, and the card."""
    return {"state_dict": slim_tensors(checkpoint), CARD_KEY: card.to_dict()}


def slim_tensors(checkpoint: Mapping[str, Any]) -> dict[str, Tensor]:
    """The network's tensors as a slim checkpoint has them."""
    return {PREFIXES[-1] + name: tensor.contiguous() for name, tensor in network_tensors(checkpoint).items()}


def blended(
    new: Mapping[str, Tensor], old: Mapping[str, Tensor], share: float, new_name: str, old_name: str
) -> dict[str, Tensor]:
    """Each tensor as `share` of the new one and the rest of the old (Wortsman et al., WiSE-FT, 2022); counters, and what only
    the new weights have, as they are. UserError where the two are not of one network."""
    common = [name for name, tensor in new.items() if name in old and tensor.shape == old[name].shape]
    if len(common) < min(len(new), len(old)):
        raise UserError(
            f"--blend {old_name}: {len(common)} of its {len(old)} tensors fit {new_name}, which has {len(new)}; "
            "name the weights that the training went on from"
        )
    mixed = {
        name: torch.lerp(old[name].float(), new[name].float(), share)
        for name in common
        if new[name].is_floating_point()
    }
    return dict(new) | mixed


def digest(file: Path) -> str:
    """sha256 of a file in hex."""
    return sha256(file.read_bytes()).hexdigest()
