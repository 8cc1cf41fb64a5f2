"""`resize`: another image size, with or without keeping the aspect ratio.

Family: space.

>>> worked("resize", {"width": 256, "height": 256, "aspect_ratio": {"keep": False}}, "100x50",
...     "r rectangle (10,20) (30,40)")
256x256
  r rectangle (25.6,102.4) (76.8,204.8)

>>> worked("resize", {"width": 256, "height": 256, "aspect_ratio": {"keep": True}}, "100x50",
...     "r rectangle (10,20) (30,40)")
256x256
  r rectangle (25.6,115.2) (76.8,166.4)

>>> worked("resize", {"width": 33, "height": -1, "aspect_ratio": {"keep": True}}, "100x50")
33x16

Picture: coffee(cup, spoon) {"width": 300, "height": 300, "aspect_ratio": {"keep": false}}

Picture: coffee(cup, spoon) {"width": 300, "height": 300, "aspect_ratio": {"keep": true}}
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import ConfigDict, Field

from pipelines import geometry
from pipelines.actions.base import Action, Finding, action
from pipelines.actions.outcomes import Arriving, Extent, Outcome
from pipelines.actions.parameters import STRICT
from pipelines.image import Size
from pipelines.sample import Sample

FREE = -1


@dataclass(frozen=True)
class AspectRatio:
    """Whether both sides are scaled alike."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    keep: bool
    """With true both sides get the same factor, otherwise each gets its own."""


@action("resize")
@dataclass(frozen=True)
class Resize(Action):
    width: Annotated[int, Field(ge=-1)]
    """New width in pixels; -1 follows from the height (needs `keep`)."""
    height: Annotated[int, Field(ge=-1)]
    """New height in pixels; -1 follows from the width (needs `keep`)."""
    aspect_ratio: AspectRatio
    """`{"keep": false}` stretches; with true the content fits inside and the rest of the canvas is black."""

    examples: ClassVar[tuple[Any, ...]] = (
        {"width": 40, "height": 30, "aspect_ratio": {"keep": False}},
        {"width": 64, "height": 64, "aspect_ratio": {"keep": True}},
        {"width": 33, "height": -1, "aspect_ratio": {"keep": True}},
    )

    def problems(self) -> Iterator[Finding]:
        for name, value in (("width", self.width), ("height", self.height)):
            if value == 0:
                yield Finding(
                    (name,), "found 0, a size is a positive number of pixels, or -1 to follow from the other side"
                )
        free = [name for name, value in (("width", self.width), ("height", self.height)) if value == FREE]
        if len(free) == 2:
            yield Finding((), "width and height are both -1; at least one of them must be given")
        elif free and not self.aspect_ratio.keep:
            yield Finding((free[0],), 'found -1, which needs "aspect_ratio": {"keep": true}')

    def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
        """Nothing when a side would come out below one pixel."""
        canvas, content, scale = self.sizes(sample.image.size)
        return (geometry.resize(sample, canvas, content, scale),) if min(content) > 0 else ()

    def outcomes(self, arriving: Arriving) -> tuple[Outcome, ...]:
        before = arriving.height.exact, arriving.width.exact
        if before[0] is not None and before[1] is not None:
            sides = self.sizes((before[0], before[1]))[0]
        else:
            sides = self.height, self.width
        extents = [Extent() if side == FREE else Extent(side, side) for side in sides]
        return super().outcomes(arriving.sized(*extents))

    def sizes(self, before: Size) -> tuple[Size, Size, float]:
        """For an image of this (height, width): the canvas, the content on it, and their common factor (0 when stretched)."""
        height, width = before
        if not self.aspect_ratio.keep:
            canvas = (self.height, self.width)
            return canvas, canvas, 0.0
        factors = [new / old for new, old in ((self.width, width), (self.height, height)) if new != FREE]
        scale = min(factors)
        content = round(height * scale), round(width * scale)
        if FREE in (self.width, self.height):
            exact = (content[0], self.width) if self.height == FREE else (self.height, content[1])
            return exact, exact, scale
        return (self.height, self.width), content, scale
