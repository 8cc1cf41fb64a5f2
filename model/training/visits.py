"""What a training step starts from: clicks on the network's own mistakes, and the mask that it gave to them."""

from collections.abc import Callable

import torch
from torch import Tensor

from model.chance import generator, torch_generator
from model.clicks.tensors import next_clicks
from model.clicks.threshold import THRESHOLD
from model.training.beginnings import LATER_DEPTH, Chance, begun, deep_clicks
from model.training.config import TrainConfig, Views
from model.training.drawn_views import rounds_of_step
from model.training.samples import Batch

Answer = Callable[[Tensor, Tensor, Tensor], Tensor]
"""Image (B, 3, H, W), points (B, N, 3), previous probability (B, 1, H, W) → probability (B, 1, H, W). The network answers as it
will be used: with its running statistics, without gradients, outside of any wrapper that would talk to other processes."""


def visit_of_view(
    answer: Answer, image: Tensor, label: Tensor, config: TrainConfig, views: Views, step: int, rank: int
) -> tuple[Tensor, Tensor]:
    """Points (B, N, 3) and previous probability (B, 1, H, W) that a step on views starts from: one of the beginnings, then as
    many clicks on mistakes as are drawn for the whole batch, on every process the same number."""
    rounds = rounds_of_step(views, generator(config.seed, "rounds", step))
    chance = Chance(torch_generator(label.device, config.seed, "clicks", step, rank))
    points, previous = begun(label, chance)
    for _ in range(rounds):
        previous = answer(image, points, previous)
        above = chance.uniform(len(label), low=LATER_DEPTH[0], high=LATER_DEPTH[1])
        points = torch.cat((points, deep_clicks(previous[:, 0] > THRESHOLD, label, above, chance)), dim=1)
    withheld = chance.uniform(len(label)) < config.clicks.drop_previous
    return points, previous.masked_fill(withheld[:, None, None, None], 0.0)


def visit_of_sample(answer: Answer, batch: Batch, config: TrainConfig, step: int, rank: int) -> tuple[Tensor, Tensor]:
    """Points (B, N, 3) and previous probability (B, 1, H, W) that a step on stored samples starts from: their hints, then from
    0 to `clicks.iterations` clicks on mistakes, the same number for the whole batch and on every process."""
    image, label, points = batch["image"], batch["label"], batch["points"]
    previous = batch["start"][:, None].float()
    rounds = int(generator(config.seed, "rounds", step).integers(config.clicks.iterations + 1))
    random = torch_generator(label.device, config.seed, "clicks", step, rank)
    for _ in range(rounds):
        previous = answer(image, points, previous)
        anywhere = torch.rand(label.shape, generator=random, device=label.device)
        points = torch.cat((points, next_clicks(previous[:, 0] > THRESHOLD, label, points, anywhere)), dim=1)
    withheld = torch.rand(len(label), generator=random, device=label.device) < config.clicks.drop_previous
    return points, previous.masked_fill(withheld[:, None, None, None], 0.0)
