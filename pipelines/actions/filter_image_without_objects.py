"""`filter_image_without_objects`: two ways for images, without and with objects of some classes.

Family: flow.

>>> worked("filter_image_without_objects", {"exclude_classes": ["car"]}, "20x10", "car point (4,3)")
second output: 20x10
  car point (4,3)

>>> worked("filter_image_without_objects", {"exclude_classes": ["car"]}, "20x10", "tree point (4,3)")
first output: 20x10
  tree point (4,3)

Picture: all {"exclude_classes": ["cup", "joint"]}
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from pipelines.actions.base import Notes, Router, action
from pipelines.actions.outcomes import Arriving, Never, Outcome, no_object
from pipelines.actions.parameters import SomeNames
from pipelines.meta import Meta
from pipelines.sample import Sample


@action("filter_image_without_objects")
@dataclass(frozen=True)
class FilterImageWithoutObjects(Router):
    exclude_classes: SomeNames
    """The first output takes images with no object of any of these classes, the second all others."""

    examples: ClassVar[tuple[Any, ...]] = ({"exclude_classes": ["car", "person"]},)

    def map_meta(self, meta: Meta, notes: Notes) -> Meta:
        notes.unknown_classes(("exclude_classes",), self.exclude_classes, meta)
        return meta

    def route(self, sample: Sample, rng: np.random.Generator | None) -> int:
        return 1 if any(figure.title in self.exclude_classes for figure in sample.figures) else 0

    def outcomes(self, arriving: Arriving) -> tuple[Outcome, ...]:
        titles = self.exclude_classes
        why = Never(no_object(titles), ("exclude_classes",))
        return arriving.without(titles), why if arriving.absent(titles) else arriving
