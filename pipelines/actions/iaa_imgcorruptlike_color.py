"""`iaa_imgcorruptlike_color`: too little contrast, too much light, wrong saturation, in five strengths.

Objects stay as they are.

Family: light and colour.

>>> worked("iaa_imgcorruptlike_color", {"option": "brightness", "severity": 2}, "2x1", pixels=[[50, 100]])
2x1
  101 151

Picture: coffee() {"option": "contrast", "severity": 3}

Picture: coffee() {"option": "brightness", "severity": 3}

Picture: coffee() {"option": "saturate", "severity": 3}
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import cv2
import numpy as np

from pipelines.actions.base import Action, Finding, action
from pipelines.actions.corruption import Severity, SeverityRange, draw_severity, severity_problems
from pipelines.image import PixelOp, Pixels
from pipelines.photometry import to_pixels
from pipelines.sample import Sample

WORD = "iaa_imgcorruptlike_color"

# By severity: factor around the mean; what is added to the HSV value (0..1); factor and addend of the HSV saturation (0..1).
CONTRAST = (0.4, 0.3, 0.2, 0.1, 0.05)
BRIGHTNESS = (0.1, 0.2, 0.3, 0.4, 0.5)
SATURATION = ((0.3, 0.0), (0.1, 0.0), (2.0, 0.0), (5.0, 0.1), (20.0, 0.2))

# The way to HSV and back is exact up to this; truncation must not darken for it.
_ROUNDING_ERROR = np.float32(1e-2)


@dataclass(frozen=True, slots=True)
class CorruptByColor(PixelOp):
    """Contrast around each channel's mean; or HSV value, or HSV saturation, changed and clipped."""

    word: ClassVar[str] = "corrupt_color"
    option: str
    severity: int

    def apply(self, pixels: Pixels) -> Pixels:
        level = self.severity - 1
        if self.option == "contrast":
            values = pixels.astype(np.float32)
            mean = pixels.mean(axis=(0, 1), dtype=np.float64).astype(np.float32)
            return to_pixels((values - mean) * np.float32(CONTRAST[level]) + mean)
        hsv = cv2.cvtColor(pixels.astype(np.float32) / np.float32(255), cv2.COLOR_RGB2HSV)
        if self.option == "brightness":
            channel, factor, addend = 2, 1.0, BRIGHTNESS[level]
        else:
            channel, (factor, addend) = 1, SATURATION[level]
        hsv[:, :, channel] = np.clip(hsv[:, :, channel] * np.float32(factor) + np.float32(addend), 0, 1)
        return to_pixels(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB) * np.float32(255) + _ROUNDING_ERROR)


@action(WORD)
@dataclass(frozen=True)
class CorruptColor(Action):
    option: Literal["contrast", "brightness", "saturate"]
    """`contrast` draws values towards their mean; `brightness` adds light; `saturate` takes colour away (severity 1 and 2) or
    exaggerates it (3 to 5)."""
    severity: Severity
    """1 (slight) to 5 (heavy), or `{"min": 1, "max": 3}` to draw it."""

    examples: ClassVar[tuple[Any, ...]] = (
        {"option": "contrast", "severity": 2},
        {"option": "brightness", "severity": {"min": 1, "max": 3}},
        {"option": "saturate", "severity": 4},
    )

    @property
    def random(self) -> bool:
        return isinstance(self.severity, SeverityRange)

    def problems(self) -> Iterator[Finding]:
        return severity_problems(self.severity)

    def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
        op = CorruptByColor(self.option, draw_severity(self.severity, rng, WORD))
        return (replace(sample, image=sample.image.then(op)),)
