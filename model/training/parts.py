"""Parts of a network that learn at rates of their own: named by how the names of their tensors begin."""

from collections.abc import Mapping
from typing import Any

from torch import nn

from pipelines.errors import UserError
from pipelines.meta import nearest


class PartsError(UserError):
    """A part that the network does not have."""


def is_part_of(name: str, part: str) -> bool:
    """Whether the tensor `name` belongs to `part`: `encoder.stem.0.weight` to `encoder`, and to `encoder.stem`."""
    return name == part or name.startswith(f"{part}.")


def check_parts(network: nn.Module, parts: Mapping[str, float], name: str) -> None:
    """Raise PartsError where the network, `name` by its name, has no tensor in one of the parts."""
    names = [name for name, _ in network.named_parameters()]
    unknown = [part for part in parts if not any(is_part_of(name, part) for name in names)]
    if unknown:
        there = list(dict.fromkeys(name.partition(".")[0] for name in names))
        problems = [f"lr_parts.{part}: no part of the network {name!r}{nearest(part, there)}" for part in unknown]
        raise PartsError("\n  ".join([*problems, f"parts there: {', '.join(there)}"]))


def factor_of(name: str, parts: Mapping[str, float]) -> float:
    """The share of the learning rate with which the tensor `name` learns; the longest part that it belongs to decides."""
    mine = [part for part in parts if is_part_of(name, part)]
    return parts[max(mine, key=len)] if mine else 1.0


def held(network: nn.Module, parts: Mapping[str, float], everywhere: bool = False) -> list[nn.Module]:
    """The batch norms that keep their statistics: those of parts that do not learn, or all of them."""
    norms = [(name, module) for name, module in network.named_modules() if isinstance(module, nn.BatchNorm2d)]
    return [module for name, module in norms if everywhere or factor_of(f"{name}.weight", parts) == 0]


def freeze(network: nn.Module, parts: Mapping[str, float]) -> None:
    """Take the gradients from all tensors whose share of the learning rate is 0."""
    for name, parameter in network.named_parameters():
        if factor_of(name, parts) == 0:
            parameter.requires_grad_(False)


def parameter_groups(network: nn.Module, parts: Mapping[str, float], decay: float) -> list[dict[str, Any]]:
    """Groups for an optimizer, with the names of their tensors, so that its state can be restored by name.

    `lr_factor` of a group is its share of the learning rate. Biases and batch norms do not decay.
    """
    groups: dict[tuple[float, bool], list[tuple[str, nn.Parameter]]] = {}
    # Tensors that decay first, and then those that do not, as groups have always stood in checkpoints.
    for decays in (True, False):
        for name, parameter in network.named_parameters():
            if (parameter.ndim > 1) == decays and parameter.requires_grad and factor_of(name, parts) > 0:
                groups.setdefault((factor_of(name, parts), decays), []).append((name, parameter))
    return [
        {"params": named, "weight_decay": decay if decays else 0.0, "lr_factor": factor}
        for (factor, decays), named in groups.items()
    ]
