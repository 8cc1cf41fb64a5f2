"""`drop_obj_by_class`: remove objects of some classes, and the classes with them.

Family: classes and objects.

>>> worked("drop_obj_by_class", {"classes": ["a"]}, "20x10", "a point (1,1)", "b point (2,2)", "a point (3,3)")
20x10
  b point (2,2)

Picture: coffee(saucer, cup, spoon) {"classes": ["saucer"]}
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from pipelines.actions.base import Action, Notes, action
from pipelines.actions.parameters import Names
from pipelines.meta import Meta
from pipelines.sample import Sample, with_figures


@action("drop_obj_by_class", "drop_object_by_class")
@dataclass(frozen=True)
class DropObjByClass(Action):
    classes: Names
    """The classes to remove."""

    examples: ClassVar[tuple[Any, ...]] = ({"classes": ["car"]},)

    def map_meta(self, meta: Meta, notes: Notes) -> Meta:
        notes.unknown_classes(("classes",), self.classes, meta)
        return meta.only(title for title in meta.titles if title not in self.classes)

    def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
        kept = tuple(figure for figure in sample.figures if figure.title not in self.classes)
        return (with_figures(sample, kept),)
