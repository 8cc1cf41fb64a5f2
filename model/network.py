"""The network of the smart tool: an early-fusion residual U-Net from an image and its clicks to the mask of one object.

Shapes are spoken with these letters:

    B     samples in the batch
    H, W  height and width of the input, any size (padded inside to multiples of 32)
    w0…w4 channels of the encoder at 1/2, 1/4, 1/8, 1/16 and 1/32 of the input size
    d     the decoder's unit of width: 2d, 2d, d, d/2 channels at 1/16, 1/8, 1/4 and 1/2

    image (B, 3, H, W)  RGB, uint8 or float in 0..1
    maps  (B, 3, H, W)  previous probability, discs of the positive clicks, discs of the negative clicks; float in 0..1
    logits (B, 1, H, W) of the object; the sigmoid of it is the next "previous probability"

Only convolutions, batch norms, ReLU and bilinear resizing: everything folds and exports plainly.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

STRIDE = 32
"""The deepest features are this many times smaller than the input."""

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


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


def conv_bn_relu(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    """Convolution, batch norm, ReLU; the size is kept, or halved (rounded up) by stride 2."""
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


class ResidualBlock(nn.Module):
    """Two 3×3 convolutions and a shortcut; (B, inputs, h, w) → (B, outputs, h/stride, w/stride)."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.first = conv_bn_relu(inputs, outputs, stride=stride)
        self.second = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(outputs)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            projection = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
            self.shortcut = nn.Sequential(projection, nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.norm(self.second(self.first(x))) + self.shortcut(x))


class DepthwiseResidual(nn.Module):
    """A 3×3 convolution of each channel by itself, added to its input."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(width, width, 3, padding=1, groups=width, bias=False)
        self.norm = nn.BatchNorm2d(width)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.norm(self.depthwise(x)))


class Context(nn.Module):
    """What the whole picture says about each place, (B, w4, h, w) → (B, 2d, h, w): wide depthwise views and the average."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.reduce = conv_bn_relu(inputs, inputs, kernel=1)
        self.local = nn.Sequential(DepthwiseResidual(inputs), DepthwiseResidual(inputs))
        # No batch norm here: it would have one value a channel and sample, too few to estimate anything.
        self.everywhere = nn.Conv2d(inputs, inputs, 1)
        self.merge = conv_bn_relu(inputs, outputs)

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
        return self.merge(double_size(self.deep(deep)) + self.skip(skip))


def double_size(x: Tensor) -> Tensor:
    """Bilinear interpolation to twice the height and width, pixel centres kept where they belong."""
    return F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)


class ClickNet(nn.Module):
    """Image and click maps in, logits of the object out; see the top of the file for shapes."""

    mean: Tensor
    std: Tensor

    def __init__(self, preset: Preset) -> None:
        super().__init__()
        self.preset = preset
        w0, w1, w2, w3, w4 = preset.widths
        d = preset.decoder
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(IMAGENET_STD).view(1, 3, 1, 1), persistent=False)
        self.stem = nn.Sequential(conv_bn_relu(6, w0, stride=2), conv_bn_relu(w0, w0))
        self.stage1 = encoder_stage(w0, w1, preset.blocks[0])
        self.stage2 = encoder_stage(w1, w2, preset.blocks[1])
        self.stage3 = encoder_stage(w2, w3, preset.blocks[2])
        self.stage4 = encoder_stage(w3, w4, preset.blocks[3])
        self.context = Context(w4, 2 * d)
        self.up3 = UpStep(2 * d, w3, 2 * d)
        self.up2 = UpStep(2 * d, w2, 2 * d)
        self.up1 = UpStep(2 * d, w1, d)
        self.up0 = UpStep(d, w0, d // 2)
        self.head = nn.Conv2d(d // 2, 1, 3, padding=1)
        self.auxiliary_head = nn.Conv2d(2 * d, 1, 1)

    def forward(self, image: Tensor, maps: Tensor) -> Tensor:
        """Logits (B, 1, H, W)."""
        y0, _ = self.features(self.network_input(image, maps))
        return crop_to(double_size(self.head(y0)), image)

    def forward_with_auxiliary(self, image: Tensor, maps: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (B, 1, H, W) of the head, and of the auxiliary head at 1/8 resized to (B, 1, H, W): training only."""
        y0, y2 = self.features(self.network_input(image, maps))
        auxiliary = F.interpolate(self.auxiliary_head(y2), scale_factor=8.0, mode="bilinear", align_corners=False)
        return crop_to(double_size(self.head(y0)), image), crop_to(auxiliary, image)

    def network_input(self, image: Tensor, maps: Tensor) -> Tensor:
        """Normalised image and maps together, (B, 6, H', W') with H' and W' padded to multiples of 32."""
        colours = image.to(self.mean.dtype) / 255 if image.dtype == torch.uint8 else image
        colours = (colours - self.mean) / self.std
        right, bottom = -image.shape[3] % STRIDE, -image.shape[2] % STRIDE
        if right or bottom:
            # The border's own colours go on, so that padding draws no edge; there are no clicks outside.
            colours = F.pad(colours, (0, right, 0, bottom), mode="replicate")
            maps = F.pad(maps, (0, right, 0, bottom))
        return torch.cat((colours, maps.to(colours.dtype)), dim=1)

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


def channels_last(network: ClickNet) -> ClickNet:
    """The same network with weights laid out channel by channel at each place: up to twice as fast, on CPUs and GPUs.

    Applied to each weight by itself, because Module.to knows the layout only in its untyped form.
    """
    for parameter in network.parameters():
        if parameter.ndim == 4:
            parameter.data = parameter.data.to(memory_format=torch.channels_last)
    return network


def crop_to(logits: Tensor, image: Tensor) -> Tensor:
    """Take the padding off again."""
    return logits[:, :, : image.shape[2], : image.shape[3]]
