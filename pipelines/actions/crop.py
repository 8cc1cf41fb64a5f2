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

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from pipelines import geometry
from pipelines.actions.base import Action, Finding, action
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
