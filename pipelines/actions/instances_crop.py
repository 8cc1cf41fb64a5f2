"""`instances_crop`: one sample for each object, cut out with padding.

Family: space.

>>> worked("instances_crop", {"classes": ["car"], "pad": {"sides": {"left": "50%", "right": "50%", "top": "2px"}}},
...     "20x10", "car rectangle (4,5) (8,8)", "car rectangle (16,1) (20,4)", "person point (4,5)")
8x5
  car rectangle (2,2) (6,5)
6x4
  car rectangle (2,1) (6,4)

Picture: cat(eye, nose) {"classes": ["eye"], "pad": {"sides": {"left": "120%", "right": "120%", "top": "120%",
  "bottom": "120%"}}, "save_classes": ["nose"]}
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from pydantic import ConfigDict

from pipelines import geometry
from pipelines.actions.base import Action, Finding, Notes, action
from pipelines.actions.outcomes import Arriving, Extent, Never, Outcome, no_object
from pipelines.actions.parameters import STRICT, Names, Sides, SomeNames
from pipelines.figures.shape import outer_rect
from pipelines.meta import Meta
from pipelines.sample import Sample, with_figures


@dataclass(frozen=True)
class Padding:
    """How much of the surroundings is kept."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    sides: Sides
    """How far a sample reaches beyond its object's box, on each side."""


@action("instances_crop")
@dataclass(frozen=True)
class InstancesCrop(Action):
    classes: SomeNames
    """Objects of these classes become samples; each sample keeps that object alone."""
    pad: Padding
    """`{"sides": {...}}`: `"10px"`, or percent of the object's box (width for left and right, height for top and bottom)."""
    save_classes: Names = ()
    """Objects of these classes are kept in every sample as well."""

    examples: ClassVar[tuple[Any, ...]] = (
        {"classes": ["car"], "pad": {"sides": {"left": "10px", "right": "50%"}}, "save_classes": ["person"]},
    )

    @property
    def fan_out(self) -> float:
        return float("inf")

    def problems(self) -> Iterator[Finding]:
        if both := sorted(set(self.classes) & set(self.save_classes)):
            yield Finding(
                ("save_classes",), f"{', '.join(both)} is in classes too; a class is either cut out or kept beside"
            )

    def map_meta(self, meta: Meta, notes: Notes) -> Meta:
        notes.unknown_classes(("classes",), self.classes, meta)
        notes.unknown_classes(("save_classes",), self.save_classes, meta)
        return meta.only((*self.classes, *self.save_classes))

    def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
        """Objects with an empty box (points, straight lines along an axis) are skipped."""
        size = sample.image.size
        for target in sample.figures:
            if target.title not in self.classes:
                continue
            box = outer_rect(target.shape.bounds)
            rect = self.pad.sides.around(box).clip(size)
            if box.empty or rect.empty:
                continue
            kept = tuple(figure for figure in sample.figures if figure is target or figure.title in self.save_classes)
            yield geometry.crop(with_figures(sample, kept), rect)

    def outcomes(self, arriving: Arriving) -> tuple[Outcome, ...]:
        if arriving.absent(self.classes):
            return (Never(f"{no_object(self.classes)}, and only objects are cut out", ("classes",)),)
        return super().outcomes(arriving.sized(Extent(1, arriving.height.high), Extent(1, arriving.width.high)))
