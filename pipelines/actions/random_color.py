"""`random_color`: mix the colour channels a little, at random.

Every pixel is multiplied by one matrix, drawn for each sample: the identity and strength / 5 times normal numbers.

Family: light and colour.

>>> worked("random_color", {"strength": 0}, "1x1", pixels=[[(100, 50, 0)]])
1x1
  (100, 50, 0)

Picture: coffee() [["multiply", {"multiply": 3}], ["random_color", {"strength": 0.8}]]
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from pipelines.actions.base import Action, action
from pipelines.actions.parameters import require_generator
from pipelines.image import PixelOp, Pixels
from pipelines.photometry import to_pixels
from pipelines.sample import Sample

# The share of `strength` that a matrix entry deviates by, one standard deviation.
_SPREAD = 1 / 5


@dataclass(frozen=True, slots=True)
class MixChannels(PixelOp):
    """(r, g, b) → (r, g, b) @ A, clipped and truncated; `matrix` is the 3x3 A, row after row."""

    word: ClassVar[str] = "random_color"
    matrix: tuple[float, ...]

    def apply(self, pixels: Pixels) -> Pixels:
        return to_pixels(pixels.astype(np.float32) @ np.array(self.matrix, np.float32).reshape(3, 3))


@action("random_color")
@dataclass(frozen=True)
class RandomColor(Action):
    strength: Annotated[float, Field(ge=0, le=1)] = 0.25
    """How far the mixing matrix is from leaving colours alone: each entry deviates by normal(0, strength / 5)."""

    random: ClassVar[bool] = True
    examples: ClassVar[tuple[Any, ...]] = ({}, {"strength": 0.5})

    def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
        rng = require_generator(rng, "random_color")
        matrix = np.eye(3) + self.strength * _SPREAD * rng.standard_normal((3, 3))
        return (replace(sample, image=sample.image.then(MixChannels(tuple(matrix.ravel().tolist())))),)
