"""`multiply`: the same sample several times, for random layers to treat each copy differently."""

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
