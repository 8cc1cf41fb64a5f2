"""A plain U-Net, to compare with: two convolutions at each of five sizes, pooling down, transposed convolutions up.

Ronneberger et al., 2015, "U-Net: convolutional networks for biomedical image segmentation", with batch norms and
padded convolutions, as most who call something a U-Net build it.
"""

from functools import partial
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from model.networks.base import CHANNELS, ClickNetwork, conv_bn_relu, register

_LEVELS = 5


class PlainUNet(ClickNetwork):
    """The network with `width` channels at full size, and twice as many at each halving."""

    fine_stride = 1
    coarse_stride = 8

    def __init__(self, width: int) -> None:
        super().__init__()
        widths = [width << level for level in range(_LEVELS)]
        self.down = nn.ModuleList(
            _two_convolutions(inputs, outputs) for inputs, outputs in zip([CHANNELS, *widths], widths, strict=False)
        )
        self.enlarge = nn.ModuleList(
            nn.ConvTranspose2d(deep, shallow, 2, stride=2) for shallow, deep in pairwise(widths)
        )
        self.up = nn.ModuleList(_two_convolutions(2 * width, width) for width in widths[:-1])
        self.head = nn.Conv2d(width, 1, 1)
        self.auxiliary_head = nn.Conv2d(widths[3], 1, 1)

    def features(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The decoder's features at full size, (B, width, H', W'), and at 1/8, (B, 8 · width, H'/8, W'/8)."""
        skips: list[Tensor] = []
        for block in self.down:
            x = block(F.max_pool2d(x, 2) if skips else x)
            skips.append(x)
        ups = []
        for level in reversed(range(_LEVELS - 1)):
            x = self.up[level](torch.cat((self.enlarge[level](x), skips[level]), dim=1))
            ups.append(x)
        return x, ups[0]


def _two_convolutions(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(conv_bn_relu(inputs, outputs), conv_bn_relu(outputs, outputs))


register("unet_base", partial(PlainUNet, 17))
register("unet_tiny", partial(PlainUNet, 7))
