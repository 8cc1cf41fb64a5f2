"""`rename`: other titles for classes.

All entries act at once, so two names can be exchanged. A class that gets the name of another of the same shape joins
it.

Family: classes and objects.

>>> worked("rename", {"classes_mapping": {"obj_rare": "obj", "dog": "__ignore__"}}, "20x10", "obj point (1,1)",
...     "obj_rare point (2,2)", "dog point (3,3)", "cat point (4,4)")
20x10
  obj point (1,1)
  obj point (2,2)
  cat point (4,4)

Picture: coffee(cup, handle, spoon) {"classes_mapping": {"handle": "cup", "spoon": "cutlery"}}
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from pipelines.actions.base import Action, Notes, action
from pipelines.actions.data import map_figures
from pipelines.meta import KEEP, OTHER, Meta, complete
from pipelines.sample import Sample, with_figures


@action("rename", "rename_classes")
@dataclass(frozen=True)
class Rename(Action):
    classes_mapping: dict[str, str]
    """Title → new title, `__default__` (keep) or `__ignore__` (drop). All entries act at once; classes not listed are kept."""

    examples: ClassVar[tuple[Any, ...]] = ({"classes_mapping": {"car": "vehicle", "dog": "__ignore__"}},)

    def map_meta(self, meta: Meta, notes: Notes) -> Meta:
        notes.unknown_classes(("classes_mapping",), self._listed, meta)
        return meta.renamed(complete(self._listed, meta.titles, KEEP))

    def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
        return (with_figures(sample, tuple(map_figures(sample.figures, self._listed, KEEP))),)

    @property
    def _listed(self) -> dict[str, str]:
        return {title: target for title, target in self.classes_mapping.items() if title != OTHER}
