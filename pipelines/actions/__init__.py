"""The words of the graph language, one a file. Every module beside this one is imported, which registers its action."""

import importlib
import pkgutil

from pipelines.actions.base import ALIASES, CATALOGUE, Action, Router, Sink, Source, find_action

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = ["ALIASES", "CATALOGUE", "Action", "Router", "Sink", "Source", "find_action"]
