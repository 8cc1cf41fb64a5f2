"""`filter_images_by_object`: two ways for images, by the classes of their objects.

Family: flow.

>>> worked("filter_images_by_object", {"include": ["car"], "exclude": ["person"]}, "20x10", "car point (4,3)",
...     "tree point (1,1)")
first output: 20x10
  car point (4,3)
  tree point (1,1)

>>> worked("filter_images_by_object", {"include": ["car"], "exclude": ["person"]}, "20x10", "car point (4,3)",
...     "person point (1,1)")
second output: 20x10
  car point (4,3)
  person point (1,1)

Picture: all {"include": ["eye", "nose"], "exclude": ["face"]}
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from pipelines.actions.base import Finding, Notes, Router, action
from pipelines.actions.outcomes import Arriving, Never, Outcome, no_object
from pipelines.actions.parameters import Names
from pipelines.meta import Meta
from pipelines.sample import Sample


@action("filter_images_by_object")
@dataclass(frozen=True)
class FilterImagesByObject(Router):
    include: Names = ()
    """The first output takes images with an object of each of these classes ..."""
    exclude: Names = ()
    """... and with no object of any of these. All other images go to the second output."""

    examples: ClassVar[tuple[Any, ...]] = ({"include": ["car"], "exclude": ["person"]},)

    def problems(self) -> Iterator[Finding]:
        if not (self.include or self.exclude):
            yield Finding((), 'nothing is asked for; list classes in "include", in "exclude", or in both')
        if both := [title for title in self.include if title in self.exclude]:
            yield Finding(
                ("exclude",), f"{', '.join(both)} stands in include too, so no image can pass; take it out of one list"
            )

    def map_meta(self, meta: Meta, notes: Notes) -> Meta:
        notes.unknown_classes(("include",), self.include, meta)
        notes.unknown_classes(("exclude",), self.exclude, meta)
        return meta

    def route(self, sample: Sample, rng: np.random.Generator | None) -> int:
        present = {figure.title for figure in sample.figures}
        return 0 if present.issuperset(self.include) and present.isdisjoint(self.exclude) else 1

    def outcomes(self, arriving: Arriving) -> tuple[Outcome, ...]:
        missing = [title for title in self.include if arriving.absent([title])]
        always = not self.include and arriving.absent(self.exclude)
        return (
            Never(no_object(missing), ("include",)) if missing else arriving.without(self.exclude),
            Never(no_object(self.exclude), ("exclude",)) if always else arriving,
        )
