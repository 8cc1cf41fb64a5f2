"""`iaa_imgcorruptlike_blur`: blur as by lenses, glass and motion, in five strengths.

Objects stay as they are.

Family: light and colour.

>>> worked("iaa_imgcorruptlike_blur", {"option": "gaussian_blur", "severity": 1}, "9x1", pixels=[[0, 0, 0, 0, 200,
...     0, 0, 0, 0]])
9x1
  0 0 10 48 79 48 10 0 0

Picture: cat() {"option": "defocus_blur", "severity": 3}

Picture: cat() {"option": "glass_blur", "severity": 3}

Picture: cat() {"option": "motion_blur", "severity": 3}

Picture: cat() {"option": "zoom_blur", "severity": 3}
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import cv2
import numpy as np

from pipelines.actions.base import Action, Finding, action
from pipelines.actions.corruption import Severity, SeverityRange, draw_severity, severity_problems
from pipelines.actions.parameters import require_generator
from pipelines.image import PixelOp, Pixels
from pipelines.photometry import draw_seed, seeded, to_pixels
from pipelines.sample import Sample

WORD = "iaa_imgcorruptlike_blur"
RANDOM_OPTIONS = ("glass_blur", "motion_blur")

# By severity, in pixels. Glass: standard deviation, reach of a swap, rounds. Defocus: radius of the disc, standard deviation
# of its soft edge. Motion: half the length, standard deviation along it. Zoom: largest factor, its step.
GAUSSIAN_SIGMA = (1.0, 2.0, 3.0, 4.0, 6.0)
GLASS = ((0.7, 1, 2), (0.9, 2, 1), (1.0, 2, 3), (1.1, 3, 2), (1.5, 4, 2))
DEFOCUS = ((3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5), (10, 0.5))
MOTION = ((10, 3.0), (15, 5.0), (15, 8.0), (15, 12.0), (20, 15.0))
ZOOM = ((1.1, 0.01), (1.15, 0.01), (1.2, 0.02), (1.25, 0.02), (1.3, 0.03))
_STEEPEST = 45.0

# 32-bit kernels do not sum to exactly 1; truncation must not darken even areas by a level for that.
_ROUNDING_ERROR = np.float32(1e-2)


@dataclass(frozen=True, slots=True)
class CorruptByBlur(PixelOp):
    """One of the blurs; `seed` matters to the random ones alone. The picture is continued by reflection."""

    word: ClassVar[str] = "corrupt_blur"
    option: str
    severity: int
    seed: int

    def apply(self, pixels: Pixels) -> Pixels:
        level, values = self.severity - 1, pixels.astype(np.float32)
        match self.option:
            case "gaussian_blur":
                found = _gaussian(values, GAUSSIAN_SIGMA[level])
            case "glass_blur":
                found = _behind_glass(values, *GLASS[level], seeded(self.seed))
            case "defocus_blur":
                found = cv2.filter2D(values, -1, _disc(*DEFOCUS[level]), borderType=cv2.BORDER_REFLECT_101)
            case "motion_blur":
                angle = seeded(self.seed).uniform(-_STEEPEST, _STEEPEST)
                kernel = _streak(*MOTION[level], float(angle))
                found = cv2.filter2D(values, -1, kernel, borderType=cv2.BORDER_REFLECT_101)
            case _:
                found = _zoomed(values, *ZOOM[level])
        return to_pixels(found + _ROUNDING_ERROR)


@action(WORD)
@dataclass(frozen=True)
class CorruptBlur(Action):
    option: Literal["gaussian_blur", "glass_blur", "defocus_blur", "motion_blur", "zoom_blur"]
    """`gaussian_blur`; `glass_blur` (pixels exchanged with near ones); `defocus_blur` (a disc, as of a lens); `motion_blur` (a
    streak of a random angle, at most 45 degrees from level); `zoom_blur` (enlarged copies, averaged)."""
    severity: Severity
    """1 (slight) to 5 (heavy), or `{"min": 1, "max": 3}` to draw it."""

    examples: ClassVar[tuple[Any, ...]] = (
        {"option": "defocus_blur", "severity": 2},
        {"option": "motion_blur", "severity": {"min": 1, "max": 3}},
        {"option": "gaussian_blur", "severity": 1},
        {"option": "glass_blur", "severity": 4},
        {"option": "zoom_blur", "severity": 5},
    )

    @property
    def random(self) -> bool:
        return self.option in RANDOM_OPTIONS or isinstance(self.severity, SeverityRange)

    def problems(self) -> Iterator[Finding]:
        return severity_problems(self.severity)

    def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
        severity = draw_severity(self.severity, rng, WORD)
        seed = draw_seed(require_generator(rng, WORD)) if self.option in RANDOM_OPTIONS else 0
        return (replace(sample, image=sample.image.then(CorruptByBlur(self.option, severity, seed))),)


def _gaussian(values: np.ndarray, sigma: float) -> np.ndarray:
    return cv2.GaussianBlur(values, (0, 0), sigma, borderType=cv2.BORDER_REFLECT_101)


def _behind_glass(values: np.ndarray, sigma: float, reach: int, rounds: int, rng: np.random.Generator) -> np.ndarray:
    """Blurred, then each pixel taken from a random place at most `reach` away, `rounds` times, and blurred again.

    The published form swaps pixels one after another; taking them all at once looks the same and is done in one step.
    """
    values = _gaussian(values, sigma)
    height, width = values.shape[:2]
    for _ in range(rounds):
        dy, dx = rng.integers(-reach, reach, (2, height, width), endpoint=True)
        rows = np.clip(np.arange(height)[:, None] + dy, 0, height - 1)
        columns = np.clip(np.arange(width) + dx, 0, width - 1)
        values = values[rows, columns]
    return _gaussian(values, sigma)


def _disc(radius: int, sigma: float) -> np.ndarray:
    """A disc with a soft edge whose weights sum to 1."""
    reach = max(8, radius + 2)
    y, x = np.ogrid[-reach : reach + 1, -reach : reach + 1]
    kernel = _gaussian((x * x + y * y <= radius * radius).astype(np.float32), sigma)
    return kernel / kernel.sum()


def _streak(half: int, sigma: float, degrees: float) -> np.ndarray:
    """A line of 2 * half + 1 pixels through the middle, its weights Gaussian along it and summing to 1.

    The published form trails to one side, which would move objects away from their masks; this one is symmetric.
    """
    kernel = np.zeros((2 * half + 1, 2 * half + 1), np.float32)
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    for step in range(-half, half + 1):
        kernel[half - round(step * sin), half + round(step * cos)] += math.exp(-((step / sigma) ** 2) / 2)
    return kernel / kernel.sum()


def _zoomed(values: np.ndarray, largest: float, step: float) -> np.ndarray:
    """The mean of the picture and of its copies enlarged around the middle by 1, 1 + step, ... up to the largest factor."""
    height, width = values.shape[:2]
    factors = np.arange(1, largest + step / 2, step)
    total = values.copy()
    for factor in factors.tolist():
        # A place p of the copy shows the place c + (p - c) / factor, p and c counted from pixel middles.
        matrix = np.array([[factor, 0, (1 - factor) * (width - 1) / 2], [0, factor, (1 - factor) * (height - 1) / 2]])
        total += cv2.warpAffine(
            values, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
        )
    return total / np.float32(len(factors) + 1)
