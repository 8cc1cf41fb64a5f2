"""`noise`: add Gaussian noise to every value of every pixel.

Family: light and colour.

>>> worked("noise", {"mean": 10, "std": 0}, "3x1", pixels=[[0, 100, 250]])
3x1
  10 110 255

>>> worked("noise", {"mean": 0.9, "std": 0}, "1x1", pixels=[[100]])
1x1
  100

Picture: eye {"mean": 0, "std": 30}
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from pipelines.actions.base import Action, action
from pipelines.actions.parameters import require_generator
from pipelines.image import PixelOp, Pixels
from pipelines.photometry import draw_seed, seeded, to_pixels
from pipelines.sample import Sample

# A picture has 256 levels: four times as much already leaves nothing of it.
LARGEST = 1000


@dataclass(frozen=True, slots=True)
class NoisePixels(PixelOp):
    """value → value + normal(mean, std), one number for each pixel and channel, clipped and truncated."""

    word: ClassVar[str] = "noise"
    mean: float
    std: float
    seed: int

    def apply(self, pixels: Pixels) -> Pixels:
        values = seeded(self.seed).standard_normal(pixels.shape, dtype=np.float32)
        values *= np.float32(self.std)
        values += np.float32(self.mean)
        values += pixels
        return to_pixels(values)


@action("noise")
@dataclass(frozen=True)
class Noise(Action):
    mean: Annotated[float, Field(ge=-LARGEST, le=LARGEST)]
    """What is added on average, in levels of 0 to 255; at most 1000."""
    std: Annotated[float, Field(ge=0, le=LARGEST)]
    """The standard deviation of what is added, in levels, at most 1000; 0 adds the same everywhere."""

    random: ClassVar[bool] = True
    examples: ClassVar[tuple[Any, ...]] = ({"mean": 0, "std": 12}, {"mean": 10, "std": 0})

    def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
        op = NoisePixels(float(self.mean), float(self.std), draw_seed(require_generator(rng, "noise")))
        return (replace(sample, image=sample.image.then(op)),)
