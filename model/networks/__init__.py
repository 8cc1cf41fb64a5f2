"""All networks by the name that a config gives them."""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

from model.networks.base import STRIDE, ClickNetwork, channels_last
from model.networks.clicknet import PRESETS, ClickNet
from model.networks.hrnet import W8_SMALL, W18_SMALL, HighResolutionNet
from model.networks.lite import Lite
from model.networks.unet import PlainUNet

__all__ = ["NETWORKS", "RIVALS", "STRIDE", "ClickNetwork", "build", "channels_last"]

RIVALS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"tiny": ("hrnet18s_tiny", "unet_tiny"), "base": ("hrnet18s", "unet_base")}
)
"""Networks of other designs at the cost of one of ours, to compare with."""

NETWORKS: Mapping[str, Callable[[], ClickNetwork]] = MappingProxyType(
    {name: partial(ClickNet, preset) for name, preset in PRESETS.items()}
    | {
        "lite": Lite,
        "hrnet18s": partial(HighResolutionNet, W18_SMALL),
        "hrnet18s_tiny": partial(HighResolutionNet, W8_SMALL),
        "unet_base": partial(PlainUNet, 17),
        "unet_tiny": partial(PlainUNet, 7),
    }
)
"""What builds each, with random weights."""


def build(name: str) -> ClickNetwork:
    """The network of that name, one of `NETWORKS`, with random weights from PyTorch's generator."""
    return NETWORKS[name]()
