"""The ways to look at a project's images, one a file. Every module beside this one is imported, which registers its mode."""

import importlib
import pkgutil

from model.inference.modes.base import MODES, Answer, Mode, Question

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = ["MODES", "Answer", "Mode", "Question"]
