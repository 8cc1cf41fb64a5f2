"""The network of the smart tool: an early-fusion residual U-Net from an image and its clicks to the mask of one object.

Besides the letters of `model.networks.base`:

    w0…w4 channels of the encoder at 1/2, 1/4, 1/8, 1/16 and 1/32 of the input size
    d     the decoder's unit of width: 2d, 2d, d, d/2 channels at 1/16, 1/8, 1/4 and 1/2

Only convolutions, batch norms, ReLU and bilinear resizing: everything folds and exports plainly.
"""

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional as F

from model.networks.base import CHANNELS, ClickNetwork, ResidualBlock, conv_bn_relu, enlarged


@dataclass(frozen=True)
class Preset:
    """One size of the network."""

    widths: tuple[int, int, int, int, int]
    """Channels w0…w4 of the encoder."""
    blocks: tuple[int, int, int, int]
    """Residual blocks in the four stages at 1/4, 1/8, 1/16 and 1/32."""
    decoder: int
    """The decoder's unit of width, d."""


PRESETS: dict[str, Preset] = {
    "nano": Preset((16, 24, 32, 48, 64), (1, 1, 1, 1), 16),
    "tiny": Preset((24, 32, 64, 96, 128), (1, 2, 2, 2), 32),
    "small": Preset((32, 48, 96, 160, 224), (2, 2, 2, 2), 48),
    "base": Preset((32, 64, 128, 256, 320), (2, 3, 4, 2), 64),
}
"""nano learns on a laptop's processor, tiny answers there at once, small is the one to ship, base wants a GPU to train."""


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


class ClickNet(ClickNetwork):
    """The network in one of its sizes."""

    fine_stride = 2
    coarse_stride = 8

    def __init__(self, preset: Preset) -> None:
        super().__init__()
        self.preset = preset
        w0, w1, w2, w3, w4 = preset.widths
        d = preset.decoder
        self.stem = nn.Sequential(conv_bn_relu(CHANNELS, w0, stride=2), conv_bn_relu(w0, w0))
        self.stage1 = encoder_stage(w0, w1, preset.blocks[0])
        self.stage2 = encoder_stage(w1, w2, preset.blocks[1])
        self.stage3 = encoder_stage(w2, w3, preset.blocks[2])
        self.stage4 = encoder_stage(w3, w4, preset.blocks[3])
        self.context = Context(w4, w4, 2 * d)
        self.up3 = UpStep(2 * d, w3, 2 * d)
        self.up2 = UpStep(2 * d, w2, 2 * d)
        self.up1 = UpStep(2 * d, w1, d)
        self.up0 = UpStep(d, w0, d // 2)
        self.head = nn.Conv2d(d // 2, 1, 3, padding=1)
        self.auxiliary_head = nn.Conv2d(2 * d, 1, 1)

    def features(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Decoder features at 1/2 (B, d/2, H'/2, W'/2) and at 1/8 (B, 2d, H'/8, W'/8)."""
        x0 = self.stem(x)
        x1 = self.stage1(x0)
        x2 = self.stage2(x1)
        x3 = self.stage3(x2)
        x4 = self.stage4(x3)
        y3 = self.up3(self.context(x4), x3)
        y2 = self.up2(y3, x2)
        y1 = self.up1(y2, x1)
        return self.up0(y1, x0), y2


def encoder_stage(inputs: int, outputs: int, blocks: int) -> nn.Sequential:
    """`blocks` residual blocks, the first of which halves the size."""
    first = ResidualBlock(inputs, outputs, stride=2)
    return nn.Sequential(first, *(ResidualBlock(outputs, outputs) for _ in range(blocks - 1)))
