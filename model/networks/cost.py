"""What one answer of a network costs: weights and multiplications."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from model.networks.base import ClickNetwork


@dataclass(frozen=True)
class Cost:
    """Of one image."""

    weights: int
    multiplications: int
    """Multiply-accumulates of all convolutions; norms, activations and resizing are not counted, as is usual."""


def cost(network: ClickNetwork, height: int, width: int) -> Cost:
    """Cost of an answer for an image of that size, without the auxiliary head."""
    total = 0

    def count(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal total
        # A weight is used once for each place of the output, or of the input where one place becomes several.
        places = inputs[0] if isinstance(module, nn.ConvTranspose2d) else output
        weight = module.get_parameter("weight")
        total += weight.numel() * places.shape[2] * places.shape[3]

    convolutions = [module for module in network.modules() if isinstance(module, nn.Conv2d | nn.ConvTranspose2d)]
    hooks = [module.register_forward_hook(count) for module in convolutions]
    training = network.training
    device = next(network.parameters()).device
    try:
        with torch.no_grad():
            network.eval()(
                torch.zeros(1, 3, height, width, device=device), torch.zeros(1, 3, height, width, device=device)
            )
    finally:
        network.train(training)
        for hook in hooks:
            hook.remove()
    return Cost(sum(parameter.numel() for parameter in network.parameters()), total)
