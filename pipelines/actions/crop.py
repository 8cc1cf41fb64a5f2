"""`crop`: cut off given sides, or keep a random part.

Family: space.

>>> worked("crop", {"sides": {"left": "4px", "top": "1px", "right": "3px"}}, "20x10", "r rectangle (1,2) (5,6)",
...     "b bitmap (3,4) #.# .#.", "p point (4,3)")
13x9
  r rectangle (0,1) (1,5)
  b bitmap (0,3) .# #.
  p point (0,2)

>>> worked("crop", {"sides": {"left": "60%", "right": "40%"}}, "20x10", "r rectangle (1,2) (5,6)")
nothing

Picture: coffee(saucer, cup, spoon) {"sides": {"left": "30%", "bottom": "35%"}}

Picture: coffee(saucer, cup, spoon) {"random_part": {"height": {"min_percent": 40, "max_percent": 90}, "width":
  {"min_percent": 40, "max_percent": 90}}}
"""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from pipelines import geometry
from pipelines.actions.base import Action, Finding, action
from pipelines.actions.outcomes import Arriving, Extent, Never, Outcome
from pipelines.actions.parameters import RandomPart, Sides
from pipelines.sample import Sample


@action("crop")
@dataclass(frozen=True)
class Crop(Action):
    sides: Sides | None = None
    """What to cut off: `left`, `right`, `top`, `bottom`, each `"10px"` or `"20%"` of the image's side."""
    random_part: RandomPart | None = None
    """The share of `height` and `width` to keep (`min_percent`, `max_percent`), at a random place."""

    examples: ClassVar[tuple[Any, ...]] = (
        {"sides": {"left": "4px", "top": "10%"}},
        {
            "random_part": {
                "height": {"min_percent": 40, "max_percent": 90},
                "width": {"min_percent": 40, "max_percent": 90},
            }
        },
    )

    def problems(self) -> Iterator[Finding]:
        if (self.sides is None) == (self.random_part is None):
            found = "neither is given" if self.sides is None else "both are given"
            yield Finding((), f'a crop has either "sides" or "random_part"; {found}')
        if self.sides:
            yield from self.sides.problems(("sides",))
        if self.random_part:
            yield from self.random_part.problems(("random_part",))

    @property
    def random(self) -> bool:
        return self.random_part is not None

    def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
        """Nothing when no pixel would be left; otherwise the sample is kept even if no object is."""
        size = sample.image.size
        rect = self.random_part.draw(size, rng) if self.random_part and rng else (self.sides or Sides()).inside(size)
        return () if rect.empty else (geometry.crop(sample, rect),)

    def outcomes(self, arriving: Arriving) -> tuple[Outcome, ...]:
        if self.random_part is not None:
            part = self.random_part
            height = _share(arriving.height, part.height.max_percent)
            # One draw can serve both sides; then both have the same range.
            width = _share(arriving.width, part.width.max_percent)
            path: tuple[str, ...] = ("random_part",)
        else:
            sides = self.sides or Sides()
            height = _cut(arriving.height, lambda extent: sides.top.of(extent) + sides.bottom.of(extent))
            width = _cut(arriving.width, lambda extent: sides.left.of(extent) + sides.right.of(extent))
            path = ("sides",)
        for name, before, after in (("high", arriving.height, height), ("wide", arriving.width, width)):
            if after.high < 1:
                known = f"images here are {before.words} {name}, and " if before != Extent() else ""
                return (Never(f"{known}the crop leaves nothing of an image", path),)
        return super().outcomes(arriving.sized(height, width))


def _share(extent: Extent, percent: float) -> Extent:
    """What a random part can leave of a side: anything up to the greatest share."""
    if math.isfinite(extent.high):
        return Extent(1, math.floor(extent.high * percent / 100))
    return Extent(1, extent.high if percent else 0)


def _cut(extent: Extent, off: Callable[[int], int]) -> Extent:
    if extent.exact is None:
        return Extent(1, extent.high)
    left = extent.exact - off(extent.exact)
    return Extent(left, left)
