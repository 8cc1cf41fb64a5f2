"""A network as HRNet18s in RITM, to compare with: branches at 1/4 to 1/32 that keep exchanging what they know.

High-resolution network (Wang et al., 2019, "Deep high-resolution representation learning") in its form W18-small-v2:
a stem to 1/4 with 64 channels, two bottlenecks, then stages of 2, 3 and 4 branches in 1, 3 and 2 modules of two blocks. The
head joins all branches at 1/4 by a 3×3 convolution, as the first step of RITM's object-contextual head does; the rest of
that head and the ImageNet weights are not here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from model.networks.base import CHANNELS, ClickNetwork, ResidualBlock, conv_bn, conv_bn_relu, enlarged, register

_BOTTLENECK = 4
"""Bottleneck blocks give so many times the channels they work in."""
_BLOCKS = 2
"""Residual blocks of a branch in a module."""
_MODULES = (1, 3, 2)
"""Modules in the stages of two, three and four branches."""


@dataclass(frozen=True)
class Widths:
    """One size of the network."""

    branch: int
    """Channels of the branch at 1/4; those below have two, four and eight times as many."""
    stem: int
    """Channels of the stem."""
    head: int
    """Channels of the head."""

    def branches(self, count: int) -> list[int]:
        return [self.branch << level for level in range(count)]


W18_SMALL = Widths(18, 64, 96)
W8_SMALL = Widths(8, 24, 48)
"""The same at a sixth of the multiplications."""


class Bottleneck(nn.Module):
    """1×1, 3×3 and 1×1 convolutions and a shortcut; (B, inputs, h, w) → (B, 4 · width, h, w)."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        outputs = _BOTTLENECK * width
        self.body = nn.Sequential(
            conv_bn_relu(inputs, width, kernel=1), conv_bn_relu(width, width), conv_bn(width, outputs, kernel=1)
        )
        self.shortcut: nn.Module = conv_bn(inputs, outputs, kernel=1) if inputs != outputs else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.body(x) + self.shortcut(x))


class Exchange(nn.Module):
    """Every branch becomes the sum of all branches, brought to its size and channels."""

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        self.paths = nn.ModuleList(
            nn.ModuleList(_path(widths, source, target) for source in range(len(widths)))
            for target in range(len(widths))
        )

    def forward(self, branches: list[Tensor]) -> list[Tensor]:
        results = []
        for target, paths in enumerate(self.paths):
            assert isinstance(paths, nn.ModuleList)
            parts = [
                enlarged(path(x), 1 << max(0, source - target))
                for source, (path, x) in enumerate(zip(paths, branches, strict=True))
            ]
            results.append(F.relu(torch.stack(parts).sum(dim=0)))
        return results


def _path(widths: Sequence[int], source: int, target: int) -> nn.Module:
    """From branch `source` to the channels of `target`, and to its size where that is smaller."""
    if source == target:
        return nn.Identity()
    if source > target:
        return conv_bn(widths[source], widths[target], kernel=1)
    steps = [conv_bn_relu(widths[source], widths[source], stride=2) for _ in range(target - source - 1)]
    return nn.Sequential(*steps, conv_bn(widths[source], widths[target], stride=2))


class Module(nn.Module):
    """Two residual blocks in each branch, then an exchange."""

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        self.branches = nn.ModuleList(
            nn.Sequential(*(ResidualBlock(width, width) for _ in range(_BLOCKS))) for width in widths
        )
        self.exchange = Exchange(widths)

    def forward(self, branches: list[Tensor]) -> list[Tensor]:
        exchanged: list[Tensor] = self.exchange([block(x) for block, x in zip(self.branches, branches, strict=True)])
        return exchanged


class HighResolutionNet(ClickNetwork):
    """The network in one of its sizes."""

    fine_stride = 4
    coarse_stride = 4

    def __init__(self, widths: Widths) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            conv_bn_relu(CHANNELS, widths.stem, stride=2), conv_bn_relu(widths.stem, widths.stem, stride=2)
        )
        wide = _BOTTLENECK * widths.stem
        self.stage1 = nn.Sequential(Bottleneck(widths.stem, widths.stem), Bottleneck(wide, widths.stem))
        self.entries = nn.ModuleList(
            [conv_bn_relu(wide, widths.branch), conv_bn_relu(wide, 2 * widths.branch, stride=2)]
        )
        self.deeper = nn.ModuleList(
            conv_bn_relu(widths.branch << level, widths.branch << level + 1, stride=2) for level in (1, 2)
        )
        self.stages = nn.ModuleList(
            nn.Sequential(*(Module(widths.branches(count)) for _ in range(modules)))
            for count, modules in zip((2, 3, 4), _MODULES, strict=True)
        )
        joined = sum(widths.branches(4))
        self.head = nn.Sequential(conv_bn_relu(joined, widths.head), nn.Conv2d(widths.head, 1, 1))
        self.auxiliary_head = nn.Conv2d(joined, 1, 1)

    def features(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """All branches joined at 1/4, (B, 15 · branch, H'/4, W'/4), as fine and as coarse features."""
        x = self.stage1(self.stem(x))
        branches = self.stages[0]([entry(x) for entry in self.entries])
        for deeper, stage in zip(self.deeper, list(self.stages)[1:], strict=True):
            branches = stage([*branches, deeper(branches[-1])])
        joined = torch.cat([enlarged(branch, 1 << level) for level, branch in enumerate(branches)], dim=1)
        return joined, joined


register("hrnet18s", partial(HighResolutionNet, W18_SMALL))
register("hrnet18s_tiny", partial(HighResolutionNet, W8_SMALL))
