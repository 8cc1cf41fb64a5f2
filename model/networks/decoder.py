"""The decoder that several networks share: what the whole picture says, then up step by step beside the encoder's features."""

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from model.networks.base import ClickNetwork, conv_bn_relu, enlarged


class DepthwiseResidual(nn.Module):
    """A 3×3 convolution of each channel by itself, added to its input."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(width, width, 3, padding=1, groups=width, bias=False)
        self.norm = nn.BatchNorm2d(width)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.norm(self.depthwise(x)))


class Context(nn.Module):
    """What the whole picture says about each place, (B, inputs, h, w) → (B, outputs, h, w): wide depthwise views and the
    average, both of `width` channels."""

    def __init__(self, inputs: int, width: int, outputs: int) -> None:
        super().__init__()
        self.reduce = conv_bn_relu(inputs, width, kernel=1)
        self.local = nn.Sequential(DepthwiseResidual(width), DepthwiseResidual(width))
        # No batch norm here: it would have one value a channel and sample, too few to estimate anything.
        self.everywhere = nn.Conv2d(width, width, 1)
        self.merge = conv_bn_relu(width, outputs)

    def forward(self, x: Tensor) -> Tensor:
        x = self.reduce(x)
        return self.merge(self.local(x) + self.everywhere(x.mean(dim=(2, 3), keepdim=True)))


class UpStep(nn.Module):
    """One step of the decoder: the deep features at twice their size plus the encoder's own at that size."""

    def __init__(self, deep: int, skip: int, width: int) -> None:
        super().__init__()
        self.deep = nn.Conv2d(deep, width, 1)
        self.skip = nn.Conv2d(skip, width, 1)
        self.merge = conv_bn_relu(width, width)

    def forward(self, deep: Tensor, skip: Tensor) -> Tensor:
        return self.merge(enlarged(self.deep(deep), 2) + self.skip(skip))


class DecodedNetwork(ClickNetwork):
    """A network whose encoder hands on features at 1/2, 1/4, 1/8, 1/16 and 1/32 of the input."""

    fine_stride = 2
    coarse_stride = 8

    def add_decoder(self, widths: Sequence[int], context: int, unit: int) -> None:
        """widths: channels of the five features.  context: of the views of the whole picture.  unit: the decoder's width, d."""
        w0, w1, w2, w3, w4 = widths
        self.context = Context(w4, context, 2 * unit)
        self.up3 = UpStep(2 * unit, w3, 2 * unit)
        self.up2 = UpStep(2 * unit, w2, 2 * unit)
        self.up1 = UpStep(2 * unit, w1, unit)
        self.up0 = UpStep(unit, w0, unit // 2)
        self.head = nn.Conv2d(unit // 2, 1, 3, padding=1)
        self.auxiliary_head = nn.Conv2d(2 * unit, 1, 1)

    def decoded(self, levels: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Features of the encoder, from 1/2 to 1/32 → those at 1/2 (B, d/2, H'/2, W'/2) and at 1/8 (B, 2d, H'/8, W'/8)."""
        x0, x1, x2, x3, x4 = levels
        y2 = self.up2(self.up3(self.context(x4), x3), x2)
        return self.up0(self.up1(y2, x1), x0), y2
