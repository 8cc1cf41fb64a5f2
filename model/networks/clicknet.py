"""The network of the smart tool: an early-fusion residual U-Net from an image and its clicks to the mask of one object.

Besides the letters of `model.networks.base`:

    w0…w4 channels of the encoder at 1/2, 1/4, 1/8, 1/16 and 1/32 of the input size
    d     the decoder's unit of width: 2d, 2d, d, d/2 channels at 1/16, 1/8, 1/4 and 1/2

Only convolutions, batch norms, ReLU and bilinear resizing: everything folds and exports plainly.
"""

from dataclasses import dataclass
from functools import partial

from torch import Tensor, nn

from model.networks.base import CHANNELS, ResidualBlock, conv_bn_relu, register
from model.networks.decoder import DecodedNetwork


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


class ClickNet(DecodedNetwork):
    """The network in one of its sizes."""

    def __init__(self, preset: Preset) -> None:
        super().__init__()
        self.preset = preset
        w0, w1, w2, w3, w4 = preset.widths
        self.stem = nn.Sequential(conv_bn_relu(CHANNELS, w0, stride=2), conv_bn_relu(w0, w0))
        self.stage1 = encoder_stage(w0, w1, preset.blocks[0])
        self.stage2 = encoder_stage(w1, w2, preset.blocks[1])
        self.stage3 = encoder_stage(w2, w3, preset.blocks[2])
        self.stage4 = encoder_stage(w3, w4, preset.blocks[3])
        self.add_decoder(preset.widths, w4, preset.decoder)

    def features(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Decoder features at 1/2 (B, d/2, H'/2, W'/2) and at 1/8 (B, 2d, H'/8, W'/8)."""
        levels = [self.stem(x)]
        for stage in (self.stage1, self.stage2, self.stage3, self.stage4):
            levels.append(stage(levels[-1]))
        return self.decoded(levels)


def encoder_stage(inputs: int, outputs: int, blocks: int) -> nn.Sequential:
    """`blocks` residual blocks, the first of which halves the size."""
    first = ResidualBlock(inputs, outputs, stride=2)
    return nn.Sequential(first, *(ResidualBlock(outputs, outputs) for _ in range(blocks - 1)))


for _name, _preset in PRESETS.items():
    register(_name, partial(ClickNet, _preset))
