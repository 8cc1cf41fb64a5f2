"""Labelled images from wherever they lie: one module a layout, all seen as projects of datasets of items."""

from pipelines.sources.base import Item, Project, SourceError
from pipelines.sources.binding import LAYOUTS, bind, list_items, result_datasets

__all__ = ["LAYOUTS", "Item", "Project", "SourceError", "bind", "list_items", "result_datasets"]
