"""The condition of `if`: its forms, when each holds, and what is known of images for which it holds or does not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Annotated, ClassVar

import numpy as np
from pydantic import ConfigDict, Field

from pipelines.actions.base import Finding
from pipelines.actions.outcomes import Arriving, Extent, Never, Outcome, no_object
from pipelines.actions.parameters import STRICT, Names
from pipelines.origin import Origin
from pipelines.sample import Sample

Side = Arriving | str
"""What goes to one output, or why nothing does."""

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
    """Holds with this chance, drawn for each sample."""
    min_objects_count: Annotated[int, Field(ge=0)] | None = None
    """Holds for images with at least so many objects, of whatever class."""
    min_height: int | None = None
    """Holds for images that are at least so many pixels high."""
    min_width: int | None = None
    """Holds for images that are at least so many pixels wide."""
    min_area: int | None = None
    """Holds for images of at least so many pixels, height times width."""
    sum_object_area: float | None = None
    """Holds for images whose objects of `classes` have at least this area together, in square pixels."""
    classes: Names | None = None
    """The classes that `sum_object_area` adds up; goes with it alone."""
    include_classes: Names | None = None
    """Holds for images with an object of any of these classes."""
    tags: Names | None = None
    """Holds for images with any of these tags, whatever their values; tags of objects do not count."""
    regex_names: Names | None = None
    """Holds for images in whose name, without its extension, any of these regular expressions is found."""
    project_datasets: Names | None = None
    """Holds for images that were read from any of these, as `project/dataset`; either may be `*`."""
    name_in_range: tuple[str, str] | None = None
    """Holds for images whose name, without its extension, is one of these two or lies between them in the order of strings; of
    those for as many as `frame_step` says."""
    frame_step: Annotated[int, Field(ge=1)] | None = None
    """With 1 the condition holds for every image of `name_in_range`, with 2 for every second one, and so on, beginning with the
    first in the order of project, dataset and file."""

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

    def holds(self, sample: Sample, rng: np.random.Generator | None, rank: int | None = None) -> bool:
        """Whether it holds for a sample. `rank` is the number of its image among those in the range of names, None outside."""
        height, width = sample.image.size
        match self.given[0]:
            case "probability":
                return rng is not None and rng.random() < (self.probability or 0)
            case "min_objects_count":
                return len(sample.figures) >= (self.min_objects_count or 0)
            case "min_height":
                return height >= (self.min_height or 0)
            case "min_width":
                return width >= (self.min_width or 0)
            case "min_area":
                return width * height >= (self.min_area or 0)
            case "sum_object_area":
                titles = self.classes or ()
                total = sum(figure.shape.area for figure in sample.figures if figure.title in titles)
                return total >= (self.sum_object_area or 0)
            case "include_classes":
                return any(figure.title in (self.include_classes or ()) for figure in sample.figures)
            case "tags":
                return any(tag.name in (self.tags or ()) for tag in sample.tags)
            case "regex_names":
                return any(re.search(pattern, sample.origin.stem) for pattern in self.regex_names or ())
            case "project_datasets":
                entries = (entry.split("/") for entry in self.project_datasets or ())
                return any(_matches(sample.origin, *entry) for entry in entries)
            case _:
                return rank is not None and rank % (self.frame_step or 1) == 0

    def outcomes(self, arriving: Arriving) -> tuple[Outcome, Outcome]:
        """What can come to each output."""
        path = ("condition", self.given[0])
        holds, fails = self._sides(arriving)
        return (
            Never(holds, path) if isinstance(holds, str) else holds,
            Never(fails, path) if isinstance(fails, str) else fails,
        )

    def _sides(self, arriving: Arriving) -> tuple[Side, Side]:
        """For each output what goes there, or why nothing does."""
        match self.given[0]:
            case "probability":
                return (
                    "the probability is 0, so the condition never holds" if self.probability == 0 else arriving,
                    "the probability is 1, so the condition always holds" if self.probability == 1 else arriving,
                )
            case "min_objects_count":
                return _by_count(self.min_objects_count or 0, arriving)
            case "min_height":
                holds, fails = _by_side(self.min_height or 0, arriving.height, "high", "min_height")
                return _with_side(arriving, "height", holds), _with_side(arriving, "height", fails)
            case "min_width":
                holds, fails = _by_side(self.min_width or 0, arriving.width, "wide", "min_width")
                return _with_side(arriving, "width", holds), _with_side(arriving, "width", fails)
            case "min_area":
                return _by_area(self.min_area or 0, arriving)
            case "sum_object_area":
                return _by_object_area(self.sum_object_area or 0, self.classes or (), arriving)
            case "include_classes":
                titles = self.include_classes or ()
                none = "the list of classes is empty" if not titles else no_object(titles)
                return none if not titles or arriving.absent(titles) else arriving, arriving.without(titles)
            case "tags":
                names = self.tags or ()
                none = "the list of tags is empty" if not names else f"no tag {' or '.join(map(repr, names))} arrives"
                return none if all(arriving.lacks_tag(name) for name in names) else arriving, arriving
            case "regex_names":
                return arriving if self.regex_names else "the list of patterns is empty", arriving
            case "project_datasets":
                return arriving if self.project_datasets else "the list of datasets is empty", arriving
        return arriving, arriving


def _by_count(least: int, arriving: Arriving) -> tuple[Side, Side]:
    no_class = arriving.meta is not None and not arriving.meta.classes
    few = arriving if least > 1 else arriving.only(())
    return (
        f"no class arrives, so no image has {least} or more objects" if least and no_class else arriving,
        few if least else "every image has 0 or more objects, so the condition always holds",
    )


def _by_side(least: int, extent: Extent, adjective: str, setting: str) -> tuple[Extent | str, Extent | str]:
    holds = Extent(max(extent.low, least), extent.high)
    fails = Extent(extent.low, min(extent.high, least - 1))
    known = f"images here are {extent.words} {adjective}"
    return (
        f"{known}, and {setting} is {least}" if holds.low > holds.high else holds,
        f"{known}, so {setting} {least} always holds" if fails.low > fails.high else fails,
    )


def _with_side(arriving: Arriving, side: str, extent: Extent | str) -> Side:
    if isinstance(extent, str):
        return extent
    return replace(arriving, height=extent) if side == "height" else replace(arriving, width=extent)


def _by_area(least: int, arriving: Arriving) -> tuple[Side, Side]:
    height, width = arriving.height, arriving.width
    low, high = height.low * width.low, height.high * width.high
    known = f"images here have {Extent(low, high).words}"
    return (
        f"{known}, and min_area is {least}" if high < least else arriving,
        f"{known}, so min_area {least} always holds" if low >= least else arriving,
    )


def _by_object_area(least: float, titles: Sequence[str], arriving: Arriving) -> tuple[Side, Side]:
    why = f"{no_object(titles)}, so the sum of areas is 0" if titles else "the list of classes is empty"
    nothing = not titles or arriving.absent(titles)
    return (
        why if nothing and least > 0 else arriving,
        f"every sum of areas is at least {least:g}, so the condition always holds" if least <= 0 else arriving,
    )


def _matches(origin: Origin, project: str, dataset: str) -> bool:
    return project in ("*", origin.project) and dataset in ("*", origin.dataset)
