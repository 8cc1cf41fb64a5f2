"""What all click networks share: their inputs, normalisation, padding, and the way back to the image's size.

Shapes are spoken with these letters:

    B     samples in the batch
    H, W  height and width of the input, any size (padded inside to multiples of 32, H' and W')

    image (B, 3, H, W)  RGB, uint8 or float in 0..1
    maps  (B, 3, H, W)  previous probability, discs of the positive clicks, discs of the negative clicks; float in 0..1
    logits (B, 1, H, W) of the object; the sigmoid of it is the next "previous probability"
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from model.networks.score import ScoreHead

STRIDE = 32
"""Inputs are padded to multiples of it; no network's deepest features are further apart."""
CHANNELS = 6
"""Of image and maps together."""

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class ClickNetwork(nn.Module, ABC):
    """Image and click maps in, logits of the object out; see the top of the file for shapes."""

    fine_stride: ClassVar[int]
    """How many times smaller than the input the fine features are."""
    coarse_stride: ClassVar[int]
    """How many times smaller the coarse features are."""
    click_radius: ClassVar[float | None] = None
    """Radius of the click discs in pixels of the input, the same at every size; None: 2 % of the input's shorter side."""
    lr_parts: ClassVar[Mapping[str, float]] = {}
    """Parts that learn at a share of the learning rate unless the config has others, see `TrainConfig.lr_parts`."""
    head: nn.Module
    """Fine features → logits of one channel."""
    auxiliary_head: nn.Module
    """Coarse features → logits of one channel; training only."""
    score_head: ScoreHead | None
    """Says how good answers are; only where weights have one."""
    mean: Tensor
    std: Tensor

    def __init__(
        self, mean: tuple[float, float, float] = IMAGENET_MEAN, std: tuple[float, float, float] = IMAGENET_STD
    ) -> None:
        """mean, std: of red, green and blue in 0..1; colours enter as (colour - mean) / std."""
        super().__init__()
        self.score_head = None
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1), persistent=False)

    @abstractmethod
    def features(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 6, H', W') → fine features (B, c, H'/fine_stride, W'/fine_stride) and coarse ones likewise."""

    def forward(self, image: Tensor, maps: Tensor) -> Tensor:
        """Logits (B, 1, H, W)."""
        fine, _ = self.features(self.network_input(image, maps))
        return crop_to(enlarged(self.head(fine), self.fine_stride), image)

    def scored(self, image: Tensor, maps: Tensor, seen: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Logits (B, 1, H, W), and the predicted IoU of each answer, (B,); None without a head for it.

        seen: (B, 1, H, W), 1 in the image and 0 where the caller has filled it up; all of it by default.
        """
        small, small_maps, small_seen = self.evidence(image, maps, seen)
        logits = crop_to(enlarged(small, self.fine_stride), image)
        return logits, None if self.score_head is None else self.score_head(small, small_maps, small_seen)

    def evidence(self, image: Tensor, maps: Tensor, seen: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """What `model.networks.score.summary` takes, at the fine features' size: the logits, the maps and what is seen."""
        x = self.network_input(image, maps)
        fine, _ = self.features(x)
        seen = torch.ones_like(maps[:, :1]) if seen is None else seen
        seen = F.pad(seen, (0, x.shape[3] - seen.shape[3], 0, x.shape[2] - seen.shape[2]))
        small_maps = F.max_pool2d(x[:, -maps.shape[1] :], self.fine_stride)
        return self.head(fine), small_maps, F.avg_pool2d(seen, self.fine_stride)

    def add_score_head(self) -> ScoreHead:
        """A fresh head that says how good answers are; no training of the network changes it."""
        self.score_head = ScoreHead().to(next(self.parameters()).device)
        self.score_head.requires_grad_(False)
        return self.score_head

    def forward_with_auxiliary(self, image: Tensor, maps: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (B, 1, H, W) of the head, and of the auxiliary head resized to (B, 1, H, W): training only."""
        fine, coarse = self.features(self.network_input(image, maps))
        logits = enlarged(self.head(fine), self.fine_stride)
        auxiliary = enlarged(self.auxiliary_head(coarse), self.coarse_stride)
        return crop_to(logits, image), crop_to(auxiliary, image)

    def network_input(self, image: Tensor, maps: Tensor) -> Tensor:
        """Normalised image and maps together, (B, 6, H', W')."""
        colours = image.to(self.mean.dtype) / 255 if image.dtype == torch.uint8 else image
        colours = (colours - self.mean) / self.std
        right, bottom = -image.shape[3] % STRIDE, -image.shape[2] % STRIDE
        if right or bottom:
            # The border's own colours go on, so that padding draws no edge; there are no clicks outside.
            colours = F.pad(colours, (0, right, 0, bottom), mode="replicate")
            maps = F.pad(maps, (0, right, 0, bottom))
        return torch.cat((colours, maps.to(colours.dtype)), dim=1)


NETWORKS: dict[str, Callable[[], ClickNetwork]] = {}
"""What builds each network, with random weights from PyTorch's generator, by the name that configs give it."""


def register(name: str, builder: Callable[[], ClickNetwork]) -> None:
    """Make a network known. Raises `ValueError` for a name that is taken."""
    if name in NETWORKS:
        raise ValueError(f"the network {name!r} is there already; every network has a name of its own")
    NETWORKS[name] = builder


def conv_bn_relu(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    """Convolution, batch norm, ReLU; the size is kept, or halved (rounded up) by stride 2."""
    return nn.Sequential(*conv_bn(inputs, outputs, kernel, stride), nn.ReLU(inplace=True))


def conv_bn(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    """Convolution and batch norm; the size is kept, or halved (rounded up) by stride 2."""
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs))


class ResidualBlock(nn.Module):
    """Two 3×3 convolutions and a shortcut; (B, inputs, h, w) → (B, outputs, h/stride, w/stride)."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.first = conv_bn_relu(inputs, outputs, stride=stride)
        self.second = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(outputs)
        changes = stride != 1 or inputs != outputs
        self.shortcut: nn.Module = conv_bn(inputs, outputs, 1, stride) if changes else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.norm(self.second(self.first(x))) + self.shortcut(x))


def enlarged(x: Tensor, factor: int) -> Tensor:
    """Bilinear interpolation to `factor` times the height and width, pixel centres kept where they belong."""
    if factor == 1:
        return x
    return F.interpolate(x, scale_factor=float(factor), mode="bilinear", align_corners=False)


def crop_to(logits: Tensor, image: Tensor) -> Tensor:
    """Take the padding off again."""
    return logits[:, :, : image.shape[2], : image.shape[3]]


def channels_last(network: ClickNetwork) -> ClickNetwork:
    """The same network with weights laid out channel by channel at each place: up to twice as fast, on CPUs and GPUs.

    Applied to each weight by itself, because Module.to knows the layout only in its untyped form.
    """
    for parameter in network.parameters():
        if parameter.ndim == 4:
            parameter.data = parameter.data.to(memory_format=torch.channels_last)
    return network
