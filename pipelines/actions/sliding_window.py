"""`sliding_window`: cut the image into overlapping windows of one size.

Family: space.

>>> worked("sliding_window", {"window": {"width": 4, "height": 4}, "min_overlap": {"x": 1, "y": 1}}, "10x4",
...     "car point (3,1)")
4x4
  car point (3,1)
4x4
  car point (0,1)
4x4

Picture: coffee(cup, spoon) {"window": {"width": 260, "height": 240}, "min_overlap": {"x": 60, "y": 40}}
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import ConfigDict, Field

from pipelines import geometry
from pipelines.actions.base import Action, Finding, action
from pipelines.actions.outcomes import Arriving, Extent, Never, Outcome
from pipelines.actions.parameters import STRICT
from pipelines.image import Rect, Size
from pipelines.sample import Sample


@dataclass(frozen=True)
class Window:
    """The size of every result in pixels."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    width: Annotated[int, Field(ge=1)]
    """The width of each window in pixels."""
    height: Annotated[int, Field(ge=1)]
    """The height of each window in pixels."""


@dataclass(frozen=True)
class Overlap:
    """How many pixels neighbours share at least, across (`x`) and down (`y`)."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    x: Annotated[int, Field(ge=0)]
    """How many pixels neighbours in a row share at least."""
    y: Annotated[int, Field(ge=0)]
    """How many pixels neighbours in a column share at least."""


@action("sliding_window")
@dataclass(frozen=True)
class SlidingWindow(Action):
    window: Window
    """`width` and `height` of the windows; an image that is smaller is an error."""
    min_overlap: Overlap
    """`x` and `y`: neighbours share at least so many pixels. The last ones are pushed back to fit and may share more."""

    examples: ClassVar[tuple[Any, ...]] = (
        {"window": {"width": 30, "height": 20}, "min_overlap": {"x": 10, "y": 0}},
        {"window": {"width": 16, "height": 16}, "min_overlap": {"x": 0, "y": 0}},
    )

    @property
    def fan_out(self) -> float:
        return float("inf")

    def problems(self) -> Iterator[Finding]:
        pairs = (
            ("x", self.min_overlap.x, "width", self.window.width),
            ("y", self.min_overlap.y, "height", self.window.height),
        )
        for name, overlap, side, extent in pairs:
            if overlap >= extent:
                yield Finding(
                    ("min_overlap", name),
                    f"found {overlap}, an overlap is smaller than the window, whose {side} is {extent}; "
                    "otherwise the window would not move",
                )

    def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
        """Row by row from the top left; each window is kept even if no object is in it."""
        return [geometry.crop(sample, rect) for rect in self.windows(sample.image.size)]

    def outcomes(self, arriving: Arriving) -> tuple[Outcome, ...]:
        window = self.window
        for name, side, extent in (("high", window.height, arriving.height), ("wide", window.width, arriving.width)):
            if extent.high < side:
                why = (
                    f"images here are {extent.words} {name}, too small for a window of {window.width}x{window.height} "
                    "(width x height), so every one fails"
                )
                return (Never(why, ("window",)),)
        return super().outcomes(
            arriving.sized(Extent(window.height, window.height), Extent(window.width, window.width))
        )

    def windows(self, size: Size) -> list[Rect]:
        """The windows of an image of this (height, width). Raises `ValueError` when one does not fit."""
        height, width = size
        if self.window.width > width or self.window.height > height:
            raise ValueError(
                f"the window is {self.window.width}x{self.window.height} (width x height), the image only {width}x{height}; "
                'choose a smaller window, or send small images elsewhere with "if" (min_width, min_height)'
            )
        lefts = _starts(width, self.window.width, self.min_overlap.x)
        tops = _starts(height, self.window.height, self.min_overlap.y)
        return [Rect(left, top, left + self.window.width, top + self.window.height) for top in tops for left in lefts]


def _starts(extent: int, window: int, overlap: int) -> list[int]:
    """Where windows begin along one side: in equal steps, the last one pushed back to fit."""
    stride, last = window - overlap, extent - window
    return [min(start, last) for start in range(0, last + stride, stride)]
