"""The moving average of a network's weights, which is what a training is for."""

import torch

from model.networks import ClickNetwork


def ema_decay(longest: float, step: int) -> float:
    """How much of the average stays at a step, counted from 1: at first little, so that the random start is forgotten."""
    return min(longest, (1 + step) / (10 + step))


@torch.no_grad()
def follow(average: ClickNetwork, network: ClickNetwork, decay: float) -> None:
    """Move every weight and statistic of `average` by the share 1 − `decay` towards that of `network`; counters are copied."""
    pairs = list(zip(average.state_dict().values(), network.state_dict().values(), strict=True))
    floats = [pair for pair in pairs if pair[0].is_floating_point()]
    torch._foreach_lerp_([mine for mine, _ in floats], [theirs for _, theirs in floats], 1 - decay)
    for mine, theirs in pairs:
        if not mine.is_floating_point():
            mine.copy_(theirs)
