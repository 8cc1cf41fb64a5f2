"""Labelled images from wherever they lie: one module a layout, all seen as projects of datasets of items.

Every module beside this one is imported, which registers its layout.
"""

import importlib
import pkgutil

from pipelines.sources.base import LAYOUTS, BadItem, Item, Project, SourceError
from pipelines.sources.binding import bind, layout_words, list_items, open_project, result_datasets

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = [
    "LAYOUTS",
    "BadItem",
    "Item",
    "Project",
    "SourceError",
    "bind",
    "layout_words",
    "list_items",
    "open_project",
    "result_datasets",
]
