"""`multiply`: the same sample several times, for random layers to treat each copy differently.

Copies differ in what random layers make of them: each has its own random numbers.

Family: flow.

>>> worked("multiply", {"multiply": 2}, "20x10", "car rectangle (1,2) (5,6)")
20x10
  car rectangle (1,2) (5,6)
20x10
  car rectangle (1,2) (5,6)

Picture: coffee(cup, spoon) [["multiply", {"multiply": 3}], ["crop", {"random_part": {"height": {"min_percent": 50,
  "max_percent": 90}, "width": {"min_percent": 50, "max_percent": 90}}}]]
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from pipelines.actions.base import Action, action
from pipelines.sample import Sample


@action("multiply")
@dataclass(frozen=True)
class Multiply(Action):
    multiply: Annotated[int, Field(ge=1)]
    """How many copies come out."""

    examples: ClassVar[tuple[Any, ...]] = ({"multiply": 3},)

    @property
    def fan_out(self) -> float:
        return self.multiply

    def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
        return (sample,) * self.multiply
