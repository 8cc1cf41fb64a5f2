"""`drop_lines_by_length`: lines that are too short or too long are dropped.

Family: lines.

>>> worked("drop_lines_by_length", {"lines_class": "a", "min_length": 3, "max_length": 5}, "20x10",
...     "a line (0,0) (2,0)", "a line (0,0) (3,0)", "a line (0,0) (3,4)", "a line (0,0) (5.5,0)")
20x10
  a line (0,0) (3,0)
  a line (0,0) (3,4)

Picture: cat(whisker) {"lines_class": "whisker", "min_length": 80}
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from pipelines.actions.base import Action, Finding, Notes, action
from pipelines.actions.expected_shape import check_classes
from pipelines.figures import Line
from pipelines.meta import Meta
from pipelines.sample import Sample, with_figures

Bound = Annotated[float, Field(ge=0)]

REFERENCE_WIDTH = 1000
"""The width of the images, in pixels, for which compensated bounds are meant."""


@action("drop_lines_by_length")
@dataclass(frozen=True)
class DropLinesByLength(Action):
    lines_class: Annotated[str, Field(min_length=1)]
    """The class whose lines are judged; its figures of other shapes stay."""
    min_length: Bound | None = None
    """Lines shorter than so many pixels are dropped."""
    max_length: Bound | None = None
    """Lines longer than so many pixels are dropped."""
    invert: bool = False
    """With true the lines between the bounds are dropped, and the others stay."""
    resolution_compensation: bool = False
    """With true the bounds are meant for images 1000 pixels wide, and scaled to the width of each image."""

    examples: ClassVar[tuple[Any, ...]] = (
        {"lines_class": "crack", "min_length": 15},
        {"lines_class": "crack", "min_length": 15, "max_length": 200, "invert": True, "resolution_compensation": True},
    )

    def problems(self) -> Iterator[Finding]:
        if self.min_length is None and self.max_length is None:
            yield Finding((), "give min_length, max_length or both; without a bound no line could be judged")
        if self.min_length is not None and self.max_length is not None and self.min_length > self.max_length:
            yield Finding(
                ("min_length",),
                f"min_length {self.min_length:g} is greater than max_length {self.max_length:g}, so no length lies between; "
                "exchange them (to drop what lies between, add invert)",
            )

    def map_meta(self, meta: Meta, notes: Notes) -> Meta:
        check_classes(notes, ("lines_class",), (self.lines_class,), meta, self.word, Line)
        return meta

    def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
        """A line of exactly a bound's length lies between the bounds."""
        factor = sample.image.size[1] / REFERENCE_WIDTH if self.resolution_compensation else 1.0
        least = (self.min_length or 0) * factor
        most = math.inf if self.max_length is None else self.max_length * factor
        kept = (
            figure
            for figure in sample.figures
            if figure.title != self.lines_class
            or not isinstance(figure.shape, Line)
            or (least <= figure.shape.length <= most) != self.invert
        )
        return (with_figures(sample, tuple(kept)),)
