"""`iaa_imgcorruptlike_weather`: fog, frost, snow and splashes on the image, in five strengths.

Objects stay as they are.

Family: light and colour.

>>> worked("iaa_imgcorruptlike_weather", {"option": "fog", "severity": 1}, "20x10", "car rectangle (1,2) (5,6)")
20x10
  car rectangle (1,2) (5,6)

Picture: coffee() {"option": "fog", "severity": 3}

Picture: coffee() {"option": "frost", "severity": 3}

Picture: coffee() {"option": "snow", "severity": 3}

Picture: coffee() {"option": "spatter", "severity": 3}
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import cv2
import numpy as np

from pipelines.actions.base import Action, Finding, action
from pipelines.actions.corruption import Severity, draw_severity, severity_problems
from pipelines.actions.parameters import require_generator
from pipelines.image import PixelOp, Pixels, Size
from pipelines.photometry import draw_seed, seeded, to_pixels
from pipelines.sample import Sample

WORD = "iaa_imgcorruptlike_weather"

# By severity, for values on the scale 0..1. Fog: amount, roughness (each octave's share shrinks by it). Frost: share of the
# picture, share of the ice. Snow: mean and deviation of the flakes, their size, threshold, half the length and deviation of
# their streak, share of the picture that is not whitened. Splashes: share of covered pixels, deviation of their blur, mud
# instead of water.
FOG = ((1.5, 2.0), (2.0, 2.0), (2.5, 1.7), (2.5, 1.5), (3.0, 1.4))
FROST = ((1.0, 0.4), (0.8, 0.6), (0.7, 0.7), (0.65, 0.7), (0.6, 0.75))
SNOW = (
    (0.1, 0.3, 3.0, 0.5, 10, 4.0, 0.8),
    (0.2, 0.3, 2.0, 0.5, 12, 4.0, 0.7),
    (0.55, 0.3, 4.0, 0.9, 12, 8.0, 0.7),
    (0.55, 0.3, 4.5, 0.85, 12, 8.0, 0.65),
    (0.55, 0.3, 2.5, 0.85, 12, 12.0, 0.55),
)
SPLASHES = ((0.05, 4.0, False), (0.1, 3.0, False), (0.15, 2.0, False), (0.15, 2.0, True), (0.25, 2.0, True))

WATER, MUD = (175.0, 238.0, 238.0), (63.0, 42.0, 20.0)
ICE = (225.0, 238.0, 250.0)
# Fog and frost are at most this coarse, in pixels: features of a fixed share of the picture.
_COARSEST = 256


@dataclass(frozen=True, slots=True)
class CorruptByWeather(PixelOp):
    """One of the weathers, its shapes drawn from `seed`; clipped and truncated."""

    word: ClassVar[str] = "corrupt_weather"
    option: str
    severity: int
    seed: int

    def apply(self, pixels: Pixels) -> Pixels:
        level, rng = self.severity - 1, seeded(self.seed)
        work = {"fog": _fog, "frost": _frost, "snow": _snow}.get(self.option, _splashes)
        return to_pixels(work(pixels.astype(np.float32), level, rng))


@action(WORD)
@dataclass(frozen=True)
class CorruptWeather(Action):
    option: Literal["fog", "frost", "snow", "spatter"]
    """`fog` (a bright veil), `frost` (ice on the lens), `snow` (flakes and a pale picture) or `spatter` (drops of water, at
    severity 4 and 5 of mud)."""
    severity: Severity
    """1 (slight) to 5 (heavy), or `{"min": 1, "max": 3}` to draw it."""

    random: ClassVar[bool] = True
    examples: ClassVar[tuple[Any, ...]] = (
        {"option": "fog", "severity": 2},
        {"option": "frost", "severity": {"min": 1, "max": 3}},
        {"option": "snow", "severity": 3},
        {"option": "spatter", "severity": 4},
    )

    def problems(self) -> Iterator[Finding]:
        return severity_problems(self.severity)

    def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
        rng = require_generator(rng, WORD)
        op = CorruptByWeather(self.option, draw_severity(self.severity, rng, WORD), draw_seed(rng))
        return (replace(sample, image=sample.image.then(op)),)


def clouds(size: Size, roughness: float, rng: np.random.Generator) -> np.ndarray:
    """Fractal noise from 0 to 1, float32 of this (height, width): octaves of halved wavelength, each weaker by `roughness`.

    The published fog uses the diamond-square algorithm on a square; octaves of enlarged noise look alike and fit any size.
    """
    height, width = size
    total = np.zeros(size, np.float32)
    for octave in range(int(math.log2(_COARSEST)) + 1):
        cell = _COARSEST / 2**octave
        grid = rng.random((max(2, math.ceil(height / cell) + 1), max(2, math.ceil(width / cell) + 1)), dtype=np.float32)
        total += cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC) / np.float32(roughness**octave)
    low, high = float(total.min()), float(total.max())
    return (total - low) / np.float32(max(high - low, 1e-6))


def _fog(values: np.ndarray, level: int, rng: np.random.Generator) -> np.ndarray:
    """(v + amount * clouds) * m / (m + amount), with m the largest value: the veil takes contrast, not the whole range."""
    amount, roughness = FOG[level]
    largest = np.float32(max(float(values.max()), 1.0))
    veil = clouds(values.shape[:2], roughness, rng)[:, :, None] * np.float32(255 * amount)
    return (values + veil) * (largest / (largest + np.float32(255 * amount)))


def _frost(values: np.ndarray, level: int, rng: np.random.Generator) -> np.ndarray:
    """share * v + share' * ice. The published form pastes photographs of ice; here crystals grow from ridges of noise."""
    share, ice_share = FROST[level]
    size = values.shape[:2]
    # Ridges: where noise crosses its middle value, thin bright veins remain, as crystals have.
    veins = 1 - np.abs(2 * clouds(size, 1.6, rng) - 1)
    cover = clouds(size, 2.2, rng)
    ice = np.clip(veins**4 * 0.7 + cover**2 * 0.6, 0, 1)[:, :, None] * np.array(ICE, np.float32)
    return np.float32(share) * values + np.float32(ice_share) * ice


def _snow(values: np.ndarray, level: int, rng: np.random.Generator) -> np.ndarray:
    """The picture paled towards white where it is dark, then flakes: noise, enlarged, cut at a threshold and drawn out."""
    mean, deviation, flake, threshold, half, sigma, kept = SNOW[level]
    height, width = values.shape[:2]
    coarse = max(1, math.ceil(height / flake)), max(1, math.ceil(width / flake))
    noise = rng.standard_normal(coarse, dtype=np.float32) * np.float32(deviation) + np.float32(mean)
    flakes = cv2.resize(noise, (width, height), interpolation=cv2.INTER_LINEAR)
    flakes = np.where(flakes < threshold, 0, np.clip(flakes, 0, 1)).astype(np.float32)
    flakes = cv2.filter2D(
        flakes, -1, _fall(int(half), sigma, float(rng.uniform(45, 135))), borderType=cv2.BORDER_REFLECT_101
    )
    grey = cv2.cvtColor(values, cv2.COLOR_RGB2GRAY)[:, :, None]
    pale = np.float32(kept) * values + np.float32(1 - kept) * np.maximum(
        values, grey * np.float32(1.5) + np.float32(127.5)
    )
    # Turned by half a turn and added once more: twice as many flakes, going the same way.
    return pale + np.float32(255) * (flakes + flakes[::-1, ::-1])[:, :, None]


def _fall(half: int, sigma: float, degrees: float) -> np.ndarray:
    """A streak of 2 * half + 1 pixels through the middle, Gaussian along it, its weights summing to 1."""
    kernel = np.zeros((2 * half + 1, 2 * half + 1), np.float32)
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    for step in range(-half, half + 1):
        kernel[half - round(step * sin), half + round(step * cos)] += math.exp(-((step / sigma) ** 2) / 2)
    return kernel / kernel.sum()


def _splashes(values: np.ndarray, level: int, rng: np.random.Generator) -> np.ndarray:
    """Drops: the highest part of smooth noise, lit from the top left. Water lets the picture shine through, mud hides it.

    The published form finds the drops' edges by a distance transform; here the slope of the noise gives the light.
    """
    share, sigma, mud = SPLASHES[level]
    noise = cv2.GaussianBlur(rng.standard_normal(values.shape[:2], dtype=np.float32), (0, 0), sigma)
    height = noise - np.quantile(noise, 1 - share).astype(np.float32)
    depth = np.float32(max(float(height.max()), 1e-6))
    cover = np.clip(height / (np.float32(0.35) * depth), 0, 1)
    light = np.clip(cv2.Sobel(cover, cv2.CV_32F, 1, 1, ksize=3), -1, 1)
    opacity = cover * np.float32(0.95 if mud else 0.55)
    tint = np.array(MUD if mud else WATER, np.float32) + np.float32(30 if mud else 60) * light[:, :, None]
    return values * (1 - opacity[:, :, None]) + tint * opacity[:, :, None]
