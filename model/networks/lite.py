"""The network `lite`: an EfficientNet-Lite0 encoder that sees image and clicks together, and the decoder of `ClickNet`.

The encoder is that of Tan and Le's EfficientNet-Lite (2020) without its classifier, so that weights trained on ImageNet
fit; its first convolution has three more channels for the maps. The maps also enter the decoder at every size, so that no
click is lost on the way down. Only convolutions, batch norms, ReLU, ReLU6, pooling and bilinear resizing. The names of
the tensors are a promise to stored weights.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from model.networks.base import CHANNELS, register
from model.networks.decoder import DecodedNetwork

_MAPS = 3
_EPSILON = 1e-3
"""Of the encoder's batch norms, as it was trained on ImageNet."""


@dataclass(frozen=True)
class Stage:
    """Inverted residual blocks of one width."""

    kernel: int
    stride: int
    """Of the first block; the others keep the size."""
    expansion: int
    width: int
    blocks: int


STAGES = (
    Stage(3, 1, 1, 16, 1),
    Stage(3, 2, 6, 24, 2),
    Stage(5, 2, 6, 40, 2),
    Stage(3, 2, 6, 80, 3),
    Stage(5, 1, 6, 112, 3),
    Stage(5, 2, 6, 192, 4),
    Stage(3, 1, 6, 320, 1),
)
STEM = 32
"""Channels after the first convolution."""
HANDED_ON = (0, 1, 2, 4, 6)
"""The stages whose results the decoder gets: features at 1/2, 1/4, 1/8, 1/16 and 1/32."""


class SameConv(nn.Conv2d):
    """A convolution that keeps the size, or halves it at stride 2, where the odd pixel of padding lies at the bottom and on
    the right, as in TensorFlow."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__(
            inputs, outputs, kernel, stride, padding=kernel // 2 if stride == 1 else 0, groups=groups, bias=False
        )

    def forward(self, x: Tensor) -> Tensor:
        if self.stride[0] == 2:
            before, after = (self.kernel_size[0] - 2) // 2, (self.kernel_size[0] - 1) // 2
            x = F.pad(x, (before, after, before, after))
        return super().forward(x)


class InvertedResidual(nn.Module):
    """Widen by a 1×1 convolution, look around channel by channel, narrow again; added to the input where shapes allow it."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        width = inputs * expansion
        layers: list[nn.Module] = [] if expansion == 1 else [*_conv_bn_relu6(inputs, width, 1)]
        layers += _conv_bn_relu6(width, width, kernel, stride, groups=width)
        self.body = nn.Sequential(*layers, SameConv(width, outputs, 1), nn.BatchNorm2d(outputs, eps=_EPSILON))
        self.skip = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        changed: Tensor = self.body(x)
        return x + changed if self.skip else changed


class Encoder(nn.Module):
    """(B, 6, H', W') → features of the stages `HANDED_ON`."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(*_conv_bn_relu6(CHANNELS, STEM, 3, stride=2))
        inputs = [STEM, *(stage.width for stage in STAGES)]
        self.stages = nn.ModuleList(map(_stage, inputs, STAGES))

    def forward(self, x: Tensor) -> list[Tensor]:
        x = self.stem(x)
        found = []
        for stage in self.stages:
            x = stage(x)
            found.append(x)
        return [found[number] for number in HANDED_ON]


class Lite(DecodedNetwork):
    """The network; `width` is the decoder's unit, as `d` in `model.networks.clicknet`."""

    click_radius = 5.0
    # The encoder comes from ImageNet most often, and has less to learn than the rest.
    lr_parts: ClassVar[Mapping[str, float]] = {"encoder": 0.5}

    def __init__(self, width: int = 48) -> None:
        super().__init__(mean=(127 / 255,) * 3, std=(128 / 255,) * 3)
        self.encoder = Encoder()
        self.add_decoder([STAGES[number].width + _MAPS for number in HANDED_ON], STAGES[-1].width, width)

    def features(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Decoder features at 1/2 (B, width/2, H'/2, W'/2) and at 1/8 (B, 2 width, H'/8, W'/8)."""
        _, maps = x.split((CHANNELS - _MAPS, _MAPS), dim=1)
        levels = []
        for level in self.encoder(x):
            # The highest value: a disc stays visible where it is smaller than a cell.
            maps = F.max_pool2d(maps, 2)
            levels.append(torch.cat((level, maps.to(level.dtype)), dim=1))
        return self.decoded(levels)


def _conv_bn_relu6(inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> tuple[nn.Module, ...]:
    return (
        SameConv(inputs, outputs, kernel, stride, groups),
        nn.BatchNorm2d(outputs, eps=_EPSILON),
        nn.ReLU6(inplace=True),
    )


def _stage(inputs: int, stage: Stage) -> nn.Sequential:
    first = InvertedResidual(inputs, stage.width, stage.kernel, stage.stride, stage.expansion)
    others = (
        InvertedResidual(stage.width, stage.width, stage.kernel, 1, stage.expansion) for _ in range(1, stage.blocks)
    )
    return nn.Sequential(first, *others)


register("lite", Lite)
