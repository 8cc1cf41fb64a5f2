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

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import ConfigDict, Field

from pipelines.actions.base import Finding, Notes, Router, action
from pipelines.actions.parameters import STRICT, Names
from pipelines.meta import Meta
from pipelines.origin import Origin
from pipelines.sample import Sample

# The settings that each form of a condition consists of.
FORMS: tuple[tuple[str, ...], ...] = (
    ("probability",),
    ("min_objects_count",),
    ("min_height",),
    ("min_width",),
    ("min_area",),
    ("sum_object_area", "classes"),
    ("include_classes",),
    ("tags",),
    ("regex_names",),
    ("project_datasets",),
    ("name_in_range", "frame_step"),
)


@dataclass(frozen=True)
class Condition:
    """Exactly one form; the form is told by the settings that are present."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    probability: Annotated[float, Field(ge=0, le=1)] | None = None
    min_objects_count: Annotated[int, Field(ge=0)] | None = None
    min_height: int | None = None
    min_width: int | None = None
    min_area: int | None = None
    sum_object_area: float | None = None
    classes: Names | None = None
    include_classes: Names | None = None
    tags: Names | None = None
    regex_names: Names | None = None
    project_datasets: Names | None = None
    name_in_range: tuple[str, str] | None = None
    frame_step: Annotated[int, Field(ge=1)] | None = None

    @cached_property
    def given(self) -> tuple[str, ...]:
        """The settings that are present."""
        return tuple(item.name for item in fields(self) if getattr(self, item.name) is not None)

    def problems(self) -> Iterator[Finding]:
        if self.given not in FORMS:
            found = " and ".join(self.given) or "nothing"
            allowed = "; ".join(" + ".join(form) for form in FORMS)
            yield Finding(("condition",), f"found {found}; a condition is exactly one of: {allowed}")
        for number, pattern in enumerate(self.regex_names or ()):
            try:
                re.compile(pattern)
            except re.error as error:
                yield Finding(("condition", "regex_names", number), f"{pattern!r} is not a regular expression: {error}")
        for number, entry in enumerate(self.project_datasets or ()):
            if entry.count("/") != 1 or not all(entry.split("/")):
                yield Finding(
                    ("condition", "project_datasets", number),
                    f"found {entry!r}, an entry has the form project/dataset, where either may be *",
                )
        if self.name_in_range and self.name_in_range[0] > self.name_in_range[1]:
            first, last = self.name_in_range
            yield Finding(
                ("condition", "name_in_range"),
                f"{first!r} comes after {last!r}, so no name is in the range; exchange them",
            )


@action("if")
@dataclass(frozen=True)
class If(Router):
    condition: Condition
    """One of: `probability`; `min_objects_count`; `min_height`; `min_width`; `min_area`; `sum_object_area` with `classes`;
    `include_classes`; image `tags`; `regex_names` found in the image's name; `project_datasets` it comes from;
    `name_in_range` with `frame_step` (every n-th image whose name lies between two names). True goes to the first output."""

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
        return 0 if self._holds(sample, rng) else 1

    def _holds(self, sample: Sample, rng: np.random.Generator | None) -> bool:
        condition = self.condition
        height, width = sample.image.size
        match condition.given[0]:
            case "probability":
                return rng is not None and rng.random() < (condition.probability or 0)
            case "min_objects_count":
                return len(sample.figures) >= (condition.min_objects_count or 0)
            case "min_height":
                return height >= (condition.min_height or 0)
            case "min_width":
                return width >= (condition.min_width or 0)
            case "min_area":
                return width * height >= (condition.min_area or 0)
            case "sum_object_area":
                titles = condition.classes or ()
                total = sum(figure.shape.area for figure in sample.figures if figure.title in titles)
                return total >= (condition.sum_object_area or 0)
            case "include_classes":
                return any(figure.title in (condition.include_classes or ()) for figure in sample.figures)
            case "tags":
                return any(tag.name in (condition.tags or ()) for tag in sample.tags)
            case "regex_names":
                return any(re.search(pattern, sample.origin.stem) for pattern in condition.regex_names or ())
            case "project_datasets":
                entries = (entry.split("/") for entry in condition.project_datasets or ())
                return any(_matches(sample.origin, *entry) for entry in entries)
            case _:
                rank = self.ranks.get(str(sample.origin))
                return rank is not None and rank % (condition.frame_step or 1) == 0


def _matches(origin: Origin, project: str, dataset: str) -> bool:
    return project in ("*", origin.project) and dataset in ("*", origin.dataset)
