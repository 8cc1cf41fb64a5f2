"""Labelled images → training samples for click segmentation: a graph says how, Apache Beam does it at any scale.

    from pipelines import check, open_dataset, run

    dataset = run("configs/graphs/pascal_voc.json", {"PascalVOC": "data/VOC2012"}, "out")
    dataset.read(0).image_bytes

Names are loaded when they are used: `import pipelines` alone loads nothing.
"""

from typing import TYPE_CHECKING, Any

from pipelines.version import __version__ as __version__

if TYPE_CHECKING:
    from pipelines.api import check, open_dataset, run
    from pipelines.errors import UserError

__all__ = ["UserError", "check", "open_dataset", "run"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'pipelines' has no attribute {name!r}")
    from pipelines import api

    return getattr(api, name)


def __dir__() -> list[str]:
    return __all__
