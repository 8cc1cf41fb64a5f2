"""`crop_annotation`: cut objects to a part of the image, and leave the image whole.

Family: classes and objects.

>>> worked("crop_annotation", {"sides": {"left": "4px"}}, "20x10", "r rectangle (1,1) (9,9)", "p point (3,3)")
20x10
  r rectangle (4,1) (9,9)

Picture: coffee(saucer, cup, spoon) {"sides": {"left": "45%", "bottom": "30%"}}
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from pipelines.actions.base import Action, Finding, action
from pipelines.actions.parameters import RandomPart, Sides, require_generator
from pipelines.figures.figure import reshape
from pipelines.sample import Sample, with_figures


@action("crop_annotation")
@dataclass(frozen=True)
class CropAnnotation(Action):
    sides: Sides | None = None
    """Where objects are cut off: `left`, `right`, `top`, `bottom`, each `"10px"` or `"20%"` of the image's side."""
    random_part: RandomPart | None = None
    """The share of `height` and `width` (`min_percent`, `max_percent`) in which objects are kept, at a random place."""

    examples: ClassVar[tuple[Any, ...]] = (
        {"sides": {"left": "4px", "bottom": "10%"}},
        {
            "random_part": {
                "height": {"min_percent": 40, "max_percent": 90},
                "width": {"min_percent": 40, "max_percent": 90},
            }
        },
    )

    @property
    def random(self) -> bool:
        return self.random_part is not None

    def problems(self) -> Iterator[Finding]:
        if (self.sides is None) == (self.random_part is None):
            found = "neither is given" if self.sides is None else "both are given"
            yield Finding((), f'either "sides" or "random_part" says where objects are kept; {found}')
        if self.random_part:
            yield from self.random_part.problems(("random_part",))

    def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
        """Nothing when the part is empty. Objects keep their place in the image."""
        size = sample.image.size
        if self.random_part:
            rect = self.random_part.draw(size, require_generator(rng, "crop_annotation"))
        else:
            rect = (self.sides or Sides()).inside(size)
        if rect.empty:
            return ()
        return (with_figures(sample, reshape(sample.figures, lambda shape: shape.crop(rect))),)
