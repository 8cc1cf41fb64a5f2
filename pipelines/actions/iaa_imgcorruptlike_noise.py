"""`iaa_imgcorruptlike_noise`: the noise of bad sensors and bad lines, in five strengths.

Objects stay as they are.

Family: light and colour.

>>> worked("iaa_imgcorruptlike_noise", {"option": "speckle_noise", "severity": 5}, "3x1", pixels=[[0, 0, 0]])
3x1
  0 0 0

Picture: eye {"option": "gaussian_noise", "severity": 3}

Picture: eye {"option": "shot_noise", "severity": 3}

Picture: eye {"option": "impulse_noise", "severity": 3}

Picture: eye {"option": "speckle_noise", "severity": 3}
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np

from pipelines.actions.base import Action, Finding, action
from pipelines.actions.corruption import Severity, draw_severity, severity_problems
from pipelines.actions.parameters import require_generator
from pipelines.image import PixelOp, Pixels
from pipelines.photometry import draw_seed, seeded, to_pixels
from pipelines.sample import Sample

WORD = "iaa_imgcorruptlike_noise"

# By severity, for values on the scale 0..1: standard deviation; photons at full light; share of pixels; standard deviation.
GAUSSIAN_STD = (0.08, 0.12, 0.18, 0.26, 0.38)
PHOTONS = (60.0, 25.0, 12.0, 5.0, 3.0)
IMPULSE_SHARE = (0.03, 0.06, 0.09, 0.17, 0.27)
SPECKLE_STD = (0.15, 0.2, 0.35, 0.45, 0.6)


@dataclass(frozen=True, slots=True)
class CorruptByNoise(PixelOp):
    """Noise drawn for each pixel and channel from `seed`; clipped and truncated."""

    word: ClassVar[str] = "corrupt_noise"
    option: str
    severity: int
    seed: int

    def apply(self, pixels: Pixels) -> Pixels:
        level, rng = self.severity - 1, seeded(self.seed)
        match self.option:
            case "gaussian_noise":
                values = rng.standard_normal(pixels.shape, dtype=np.float32)
                values *= np.float32(255 * GAUSSIAN_STD[level])
                return to_pixels(values + pixels)
            case "shot_noise":
                # Counting photons: of a mean proportional to the value, scaled back.
                scale = np.float32(PHOTONS[level] / 255)
                return to_pixels(rng.poisson(pixels * scale).astype(np.float32) / scale)
            case "impulse_noise":
                return _with_impulses(pixels, IMPULSE_SHARE[level], rng)
            case _:
                values = rng.standard_normal(pixels.shape, dtype=np.float32)
                values *= np.float32(SPECKLE_STD[level])
                return to_pixels((1 + values) * pixels)


@action(WORD)
@dataclass(frozen=True)
class CorruptNoise(Action):
    option: Literal["gaussian_noise", "shot_noise", "impulse_noise", "speckle_noise"]
    """`gaussian_noise` adds the same amount everywhere; `shot_noise` is that of counted photons, larger where it is bright;
    `impulse_noise` sets single values to black or full; `speckle_noise` is proportional to the value."""
    severity: Severity
    """1 (slight) to 5 (heavy), or `{"min": 1, "max": 3}` to draw it."""

    random: ClassVar[bool] = True
    examples: ClassVar[tuple[Any, ...]] = (
        {"option": "gaussian_noise", "severity": 2},
        {"option": "shot_noise", "severity": {"min": 1, "max": 3}},
        {"option": "impulse_noise", "severity": 1},
        {"option": "speckle_noise", "severity": 5},
    )

    def problems(self) -> Iterator[Finding]:
        return severity_problems(self.severity)

    def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
        rng = require_generator(rng, WORD)
        op = CorruptByNoise(self.option, draw_severity(self.severity, rng, WORD), draw_seed(rng))
        return (replace(sample, image=sample.image.then(op)),)


def _with_impulses(pixels: Pixels, share: float, rng: np.random.Generator) -> Pixels:
    """A share of all values, each channel alone, set to 0 or 255 with equal chance."""
    chance = rng.random(pixels.shape, dtype=np.float32)
    result = pixels.copy()
    result[chance < share] = 0
    result[chance < share / 2] = 255
    return result
