"""`contrast_brightness`: stretch pixel values and add to them.

A value v becomes v · contrast + brightness, within 0 and 255 and with the fraction cut off; with `center_grey` it is
(v - 128) · contrast + 128 + brightness.

Family: light and colour.

>>> worked("contrast_brightness", {"contrast": {"min": 2, "max": 2}, "brightness": {"min": -50, "max": -50}}, "3x1",
...     pixels=[[10, 100, 200]])
3x1
  0 150 255

>>> worked("contrast_brightness", {"contrast": {"min": 2, "max": 2, "center_grey": True}, "brightness": {"min": 0,
...     "max": 0}}, "3x1", pixels=[[10, 100, 200]])
3x1
  0 72 255

Picture: coffee() {"contrast": {"min": 1.8, "max": 1.8, "center_grey": true}, "brightness": {"min": 0, "max": 0}}

Picture: coffee() {"contrast": {"min": 1, "max": 1}, "brightness": {"min": 70, "max": 70}}
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from pipelines.actions.base import Action, Finding, action
from pipelines.actions.parameters import Range, require_generator
from pipelines.image import PixelOp, Pixels
from pipelines.photometry import to_pixels
from pipelines.sample import Sample

GREY = 128.0


@dataclass(frozen=True, slots=True)
class LinearPixels(PixelOp):
    """value → (value - center) * factor + center + offset, clipped and truncated."""

    word: ClassVar[str] = "contrast_brightness"
    factor: float
    offset: float
    center: float

    def apply(self, pixels: Pixels) -> Pixels:
        # Of 8-bit values there are 256: a table gives every pixel what the formula gives its value.
        values = np.arange(256, dtype=np.float32) - np.float32(self.center)
        values = values * np.float32(self.factor) + np.float32(self.center) + np.float32(self.offset)
        return to_pixels(values)[pixels]


@dataclass(frozen=True)
class Contrast(Range):
    """The factor; with `center_grey` values are stretched around 128, else around 0."""

    center_grey: bool = False
    """With true values are stretched around 128, otherwise around 0."""


@action("contrast_brightness")
@dataclass(frozen=True)
class ContrastBrightness(Action):
    contrast: Contrast
    """The factor of the values is drawn from `min` to `max` (0 to 10; 1 changes nothing);
    `center_grey` leaves 128 where it is."""
    brightness: Range
    """What is added after that is drawn from `min` to `max` (-255 to 255; 0 changes nothing)."""

    random: ClassVar[bool] = True
    examples: ClassVar[tuple[Any, ...]] = (
        {"contrast": {"min": 0.5, "max": 2, "center_grey": True}, "brightness": {"min": -50, "max": 50}},
        {"contrast": {"min": 1, "max": 1}, "brightness": {"min": 40, "max": 40}},
    )

    def problems(self) -> Iterator[Finding]:
        yield from self.contrast.problems(("contrast",), 0, 10)
        yield from self.brightness.problems(("brightness",), -255, 255)

    def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
        rng = require_generator(rng, "contrast_brightness")
        factor, offset = self.contrast.draw(rng), self.brightness.draw(rng)
        op = LinearPixels(factor, offset, GREY if self.contrast.center_grey else 0.0)
        return (replace(sample, image=sample.image.then(op)),)
