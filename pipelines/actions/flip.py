"""`flip`: mirror the image and everything drawn on it."""

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
