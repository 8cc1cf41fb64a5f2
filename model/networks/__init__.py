"""All networks by the name that a config gives them. Every module beside this one is imported, which registers its own."""

import importlib
import pkgutil

from model.networks.base import NETWORKS, STRIDE, ClickNetwork, channels_last

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = ["NETWORKS", "STRIDE", "ClickNetwork", "build", "channels_last"]


def build(name: str) -> ClickNetwork:
    """The network of that name, one of `NETWORKS`, with random weights from PyTorch's generator."""
    return NETWORKS[name]()
