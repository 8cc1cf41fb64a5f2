"""`if`: send each sample to one of two outputs.

Family: flow.

>>> worked("if", {"condition": {"min_width": 20}}, "20x10")
first output: 20x10

>>> worked("if", {"condition": {"min_area": 201}}, "20x10")
second output: 20x10

>>> worked("if", {"condition": {"sum_object_area": 16, "classes": ["car"]}}, "20x10", "car rectangle (1,2) (5,6)")
first output: 20x10
  car rectangle (1,2) (5,6)

>>> worked("if", {"condition": {"name_in_range": ["a0100", "a0105"], "frame_step": 2}}, "20x10", name="a0106")
second output: 20x10

Picture: all {"condition": {"include_classes": ["eye", "face"]}}
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from pipelines.actions.base import Finding, Notes, Router, action
from pipelines.actions.condition import Condition
from pipelines.actions.outcomes import Arriving, Outcome
from pipelines.meta import Meta
from pipelines.origin import Origin
from pipelines.sample import Sample


@action("if")
@dataclass(frozen=True)
class If(Router):
    condition: Condition
    """One of the settings inside, only that `sum_object_area` goes with `classes`, and `name_in_range` with `frame_step`.
    Samples for which it holds go to the first output, the others to the second."""

    ranks: Annotated[Mapping[str, int], Field(init=False)] = field(default_factory=dict, init=False, compare=False)

    examples: ClassVar[tuple[Any, ...]] = (
        {"condition": {"probability": 0.05}},
        {"condition": {"min_objects_count": 1}},
        {"condition": {"min_height": 50}},
        {"condition": {"min_width": 50}},
        {"condition": {"min_area": 2500}},
        {"condition": {"sum_object_area": 100, "classes": ["car"]}},
        {"condition": {"include_classes": ["car"]}},
        {"condition": {"tags": ["train"]}},
        {"condition": {"regex_names": ["^00", "night"]}},
        {"condition": {"project_datasets": ["Mapillary/*", "*/val"]}},
        {"condition": {"name_in_range": ["a0100", "a0105"], "frame_step": 2}},
    )

    @property
    def random(self) -> bool:
        return self.condition.probability is not None

    def problems(self) -> Iterator[Finding]:
        return self.condition.problems()

    def map_meta(self, meta: Meta, notes: Notes) -> Meta:
        for name in ("classes", "include_classes"):
            notes.unknown_classes(("condition", name), getattr(self.condition, name) or (), meta)
        return meta

    def bind(self, origins: Sequence[Origin]) -> "If":
        """For `name_in_range`: number the images in the range, so that every n-th is the same one on any number of workers."""
        if self.condition.name_in_range is None:
            return self
        first, last = self.condition.name_in_range
        inside = sorted(str(origin) for origin in origins if first <= origin.stem <= last)
        bound = replace(self)
        object.__setattr__(bound, "ranks", {name: number for number, name in enumerate(inside)})
        return bound

    def route(self, sample: Sample, rng: np.random.Generator | None) -> int:
        rank = self.ranks.get(str(sample.origin)) if self.ranks else None
        return 0 if self.condition.holds(sample, rng, rank) else 1

    def outcomes(self, arriving: Arriving) -> tuple[Outcome, ...]:
        return self.condition.outcomes(arriving)
