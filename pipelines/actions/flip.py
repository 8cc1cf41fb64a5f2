"""`flip`: mirror the image and everything drawn on it.

The name is that of the axis of reflection: at the vertical axis left and right are exchanged.

Family: space.

>>> worked("flip", {"axis": "vertical"}, "20x10", "r rectangle (1,2) (5,6)", "b bitmap (3,4) ##.", "p point (7,3)")
20x10
  r rectangle (15,2) (19,6)
  b bitmap (14,4) .##
  p point (13,3)

>>> worked("flip", {"axis": "horizontal"}, "20x10", "r rectangle (1,2) (5,6)", "p point (7,3)")
20x10
  r rectangle (1,4) (5,8)
  p point (7,7)

Picture: coffee(cup, spoon) {"axis": "vertical"}

Picture: coffee(cup, spoon) {"axis": "horizontal"}
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from pipelines import geometry
from pipelines.actions.base import Action, action
from pipelines.sample import Sample


@action("flip")
@dataclass(frozen=True)
class Flip(Action):
    axis: Literal["horizontal", "vertical"]
    """The axis of reflection: `vertical` exchanges left and right, `horizontal` exchanges top and bottom."""

    examples: ClassVar[tuple[Any, ...]] = ({"axis": "vertical"}, {"axis": "horizontal"})

    def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
        return (geometry.flip(sample, self.axis),)
