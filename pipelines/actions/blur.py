"""`blur`: smooth the image with a Gaussian or a median filter.

Family: light and colour.

>>> worked("blur", {"name": "median", "kernel": 3}, "3x3", pixels=[[10, 10, 10], [10, 250, 10], [10, 10, 10]])
3x3
  10 10 10
  10 10 10
  10 10 10

Picture: eye {"name": "gaussian", "sigma": {"min": 3, "max": 3}}

Picture: eye {"name": "median", "kernel": 9}
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Literal

import cv2
import numpy as np
from pydantic import Field

from pipelines.actions.base import Action, Finding, action
from pipelines.actions.parameters import Range, require_generator
from pipelines.image import PixelOp, Pixels
from pipelines.photometry import to_pixels
from pipelines.sample import Sample

# Far beyond the size of any picture's details; the time grows with the square.
SMALLEST_SIGMA, LARGEST_SIGMA = 0.01, 200

# Weights of a 32-bit kernel do not sum to exactly 1: without this, truncation would darken even areas by one level.
_ROUNDING_ERROR = 1e-3


@dataclass(frozen=True, slots=True)
class GaussianPixels(PixelOp):
    """Gaussian filter; the picture is continued by reflection, its border pixels not repeated."""

    word: ClassVar[str] = "blur_gaussian"
    sigma: float

    def apply(self, pixels: Pixels) -> Pixels:
        taps = round(8 * self.sigma + 1) | 1
        values = cv2.GaussianBlur(
            pixels.astype(np.float32), (taps, taps), self.sigma, borderType=cv2.BORDER_REFLECT_101
        )
        return to_pixels(values + np.float32(_ROUNDING_ERROR))


@dataclass(frozen=True, slots=True)
class MedianPixels(PixelOp):
    """Median of a square of `kernel` pixels a side, each channel alone; border pixels are repeated."""

    word: ClassVar[str] = "blur_median"
    kernel: int

    def apply(self, pixels: Pixels) -> Pixels:
        # Of 8-bit pixels: for floats OpenCV has no median wider than 5.
        return cv2.medianBlur(np.ascontiguousarray(pixels), self.kernel)


@action("blur")
@dataclass(frozen=True)
class Blur(Action):
    name: Literal["gaussian", "median"]
    """`gaussian` (needs `sigma`) or `median` (needs `kernel`)."""
    sigma: Range | None = None
    """For `gaussian`: its standard deviation in pixels is drawn from `min` to `max` (0.01 to 200)."""
    kernel: Annotated[int, Field(ge=3)] | None = None
    """For `median`: the side of the window, an odd number of pixels."""

    examples: ClassVar[tuple[Any, ...]] = (
        {"name": "gaussian", "sigma": {"min": 0.5, "max": 2}},
        {"name": "median", "kernel": 5},
    )

    @property
    def random(self) -> bool:
        return self.name == "gaussian"

    def problems(self) -> Iterator[Finding]:
        needed, other = ("sigma", "kernel") if self.name == "gaussian" else ("kernel", "sigma")
        if getattr(self, needed) is None:
            yield Finding((), f'a {self.name} blur needs "{needed}", which is missing')
        if getattr(self, other) is not None:
            yield Finding((other,), f'a {self.name} blur takes "{needed}" only; leave "{other}" out')
        if self.sigma:
            yield from self.sigma.problems(("sigma",), low=SMALLEST_SIGMA, high=LARGEST_SIGMA)
        if self.kernel is not None and self.kernel % 2 == 0:
            yield Finding(
                ("kernel",), f"found {self.kernel}, an odd number is expected: {self.kernel - 1} or {self.kernel + 1}"
            )

    def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
        return (replace(sample, image=sample.image.then(self._drawn(rng))),)

    def _drawn(self, rng: np.random.Generator | None) -> PixelOp:
        if self.sigma:
            return GaussianPixels(self.sigma.draw(require_generator(rng, "blur")))
        return MedianPixels(self.kernel or 3)
