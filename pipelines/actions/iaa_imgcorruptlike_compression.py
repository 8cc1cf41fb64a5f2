"""`iaa_imgcorruptlike_compression`: what saving space does to an image, in five strengths.

Objects stay as they are.

Family: light and colour.

>>> worked("iaa_imgcorruptlike_compression", {"option": "pixelate", "severity": 5}, "4x2", pixels=[[0, 0, 80, 80],
...     [0, 0, 80, 80]])
4x2
  40 40 40 40
  40 40 40 40

Picture: eye {"option": "jpeg_compression", "severity": 4}

Picture: eye {"option": "pixelate", "severity": 4}
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import cv2
import numpy as np

from pipelines import render
from pipelines.actions.base import Action, Finding, action
from pipelines.actions.corruption import Severity, SeverityRange, draw_severity, severity_problems
from pipelines.image import PixelOp, Pixels
from pipelines.sample import Sample

WORD = "iaa_imgcorruptlike_compression"

# By severity: JPEG quality; factor of both sides.
QUALITY = (25, 18, 15, 10, 7)
SHRINK = (0.6, 0.5, 0.4, 0.3, 0.25)


@dataclass(frozen=True, slots=True)
class CorruptByCompression(PixelOp):
    """Through a JPEG file of low quality; or shrunk by area means and enlarged by nearest neighbour."""

    word: ClassVar[str] = "corrupt_compression"
    option: str
    severity: int

    def apply(self, pixels: Pixels) -> Pixels:
        level = self.severity - 1
        if self.option == "jpeg_compression":
            quality = [cv2.IMWRITE_JPEG_QUALITY, QUALITY[level]]
            _, data = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), quality)
            return render.decode(data.tobytes())
        height, width = pixels.shape[:2]
        small = max(1, int(width * SHRINK[level])), max(1, int(height * SHRINK[level]))
        shrunk = cv2.resize(pixels, small, interpolation=cv2.INTER_AREA)
        return cv2.resize(shrunk, (width, height), interpolation=cv2.INTER_NEAREST_EXACT)


@action(WORD)
@dataclass(frozen=True)
class CorruptCompression(Action):
    option: Literal["jpeg_compression", "pixelate"]
    """`jpeg_compression` (blocks and ringing) or `pixelate` (coarse squares). To bend the image use `elastic_transformation`,
    which takes the objects along."""
    severity: Severity
    """1 (slight) to 5 (heavy), or `{"min": 1, "max": 3}` to draw it."""

    examples: ClassVar[tuple[Any, ...]] = (
        {"option": "jpeg_compression", "severity": 2},
        {"option": "pixelate", "severity": {"min": 1, "max": 3}},
    )

    @property
    def random(self) -> bool:
        return isinstance(self.severity, SeverityRange)

    def problems(self) -> Iterator[Finding]:
        return severity_problems(self.severity)

    def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
        op = CorruptByCompression(self.option, draw_severity(self.severity, rng, WORD))
        return (replace(sample, image=sample.image.then(op)),)
