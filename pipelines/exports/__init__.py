"""Finished datasets as the files of other tools: one module a form, all written from the same samples.

Every module beside this one is imported, which registers its form.
"""

import importlib
import pkgutil

from pipelines.exports.base import FORMS, Form
from pipelines.exports.contents import Contents, Stored
from pipelines.exports.folder import RECORD, Folder
from pipelines.exports.notes import Notes

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = ["FORMS", "RECORD", "Contents", "Folder", "Form", "Notes", "Stored"]
