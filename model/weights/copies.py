"""Copies of trained weights without the state of their training, described and mixed."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

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
from pipelines.errors import UserError


def describe(weights: str) -> str:
    """The card of some weights as lines of text."""
    file = checkpoint_file(weights)
    checkpoint = read_checkpoint(file)
    head = f"{weights}: {file}, {file.stat().st_size / 1e6:.1f} MB, sha256 {digest(file)}"
    if ENCODER_KEY in checkpoint:
        encoder = encoder_card_of(checkpoint, file)
        return f"{head}\n  an encoder of the network {encoder.network}, for transfer_learning\n  {encoder.source}"
    card = card_of(checkpoint, file)
    parameters = sum(tensor.numel() for tensor in network_tensors(checkpoint).values())
    height, width = card.input_size
    lines = [
        head,
        f"  network {card.network}, {parameters / 1e6:.2f} million numbers, trained at {width}×{height}, "
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
