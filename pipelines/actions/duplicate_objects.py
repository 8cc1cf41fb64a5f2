"""`duplicate_objects`: put a copy of each object beside it, under another class.

Of use where a later layer changes the copies, and the originals should stay.

Family: classes and objects.

>>> worked("duplicate_objects", {"classes_mapping": {"a": "a2"}}, "20x10", "a point (1,1)", "b point (2,2)")
20x10
  a point (1,1)
  a2 point (1,1)
  b point (2,2)

Picture: coffee(cup, spoon) [["duplicate_objects", {"classes_mapping": {"cup": "cup box"}}], ["bbox",
  {"classes_mapping": {"cup box": "cup box"}}]]
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from pipelines.actions.base import Action, Finding, Notes, action
from pipelines.figures import Figure
from pipelines.meta import IGNORE, KEEP, OTHER, Meta
from pipelines.sample import Sample, with_figures


@action("duplicate_objects")
@dataclass(frozen=True)
class DuplicateObjects(Action):
    classes_mapping: dict[str, str]
    """Class → class of the copies, which come directly after (above) the objects they are copies of."""

    examples: ClassVar[tuple[Any, ...]] = ({"classes_mapping": {"car": "car copy"}},)

    def problems(self) -> Iterator[Finding]:
        for title, copy in self.classes_mapping.items():
            for word in (title, copy):
                if word in (KEEP, IGNORE, OTHER):
                    yield Finding(
                        ("classes_mapping", title),
                        f"{word!r} has no meaning here; list each class with the class of its copies",
                    )

    def map_meta(self, meta: Meta, notes: Notes) -> Meta:
        notes.unknown_classes(("classes_mapping",), self.classes_mapping, meta)
        result = meta
        for spec in meta.classes:
            if spec.title in self.classes_mapping:
                result = result.with_class(replace(spec, title=self.classes_mapping[spec.title]))
        return result

    def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
        return (with_figures(sample, tuple(self._with_copies(sample.figures))),)

    def _with_copies(self, figures: Iterable[Figure]) -> Iterator[Figure]:
        for figure in figures:
            yield figure
            if figure.title in self.classes_mapping:
                yield figure.with_title(self.classes_mapping[figure.title])
