"""Patches of stuff: fields of noise, stripes, tiles, spots and the like, coloured by a palette."""

import math
from collections.abc import Callable

import cv2
import numpy as np

from pipelines.synthetic.arrays import Floats, Points, Rng, pick, thrice
from pipelines.synthetic.colors import Palette

Field = Callable[[Rng, int, int, float], Floats]
"""Draws a field, float32 (height, width) about 0..1, from (rng, height, width, size of its features in pixels)."""


def texture(rng: Rng, height: int, width: int, colors: Palette, size: float, field: Field | None = None) -> Floats:
    """A patch of something, float32 (height, width, 3) RGB, its features in proportion to `size` pixels.

    `field` is one of this module's fields, a random one if not given.
    """
    draw = field or pick(rng, _FIELDS)
    patch = colorize(draw(rng, height, width, size), colors, hard=rng.random() < 0.3)
    if rng.random() < 0.75:  # photographs have detail at every scale
        detail = fractal(rng, height, width, size / rng.uniform(2, 10), 5, rng.uniform(0.5, 0.9))
        detail -= 0.5
        detail *= np.float32(rng.uniform(0.1, 0.7))
        detail += 1
        patch *= thrice(detail)
    return patch


def colorize(field: Floats, colors: Points | Palette, hard: bool = False) -> Floats:
    """Map 0..1 to the ramp through `colors`, in steps when `hard`: float32 (height, width, 3)."""
    colors = np.asarray(colors)
    position = np.linspace(0, len(colors) - 1, 256)
    if hard:
        nearest = np.round(position)
        position = nearest + np.clip((position - nearest) * 8, -0.5, 0.5) * (np.abs(position - nearest) > 0.42)
    places = np.arange(len(colors))
    table = np.stack([np.interp(position, places, channel) for channel in colors.T], 1).astype(np.float32)
    levels = field * np.float32(255)
    return np.take(table, np.clip(levels, 0, 255, out=levels).astype(np.uint8), axis=0)


def ramp(height: int, width: int, angle: float) -> Floats:
    """0..1 along the direction `angle` (radians, x towards y)."""
    across = np.linspace(-0.5, 0.5, width, dtype=np.float32) * np.float32(math.cos(angle))
    down = np.linspace(-0.5, 0.5, height, dtype=np.float32) * np.float32(math.sin(angle))
    longest = np.float32(abs(math.cos(angle)) + abs(math.sin(angle)))
    return np.asarray((across[None, :] + down[:, None]) / longest + 0.5, np.float32)


def fractal(
    rng: Rng, height: int, width: int, cell: float, octaves: int, persistence: float = 0.6, flatten: float = 1.0
) -> Floats:
    """Value noise, about 0..1: `octaves` layers, each twice as fine; `flatten` < 1 makes features wider than high.

    `cell` is the size of the coarsest layer's features in pixels, `persistence` the weight of a layer over that of the
    layer before.
    """
    total = np.zeros((1, 1), dtype=np.float32)
    weight, weights = 1.0, 0.0
    for _ in range(octaves):
        rows = min(int(height / max(cell * flatten, 1)) + 2, height)
        columns = min(int(width / max(cell, 1)) + 2, width)
        layer = rng.random((rows, columns), dtype=np.float32)
        layer *= np.float32(weight)
        layer += cv2.resize(total, (columns, rows))  # growing with the layers costs a third of full-size layers
        total = layer
        weights += weight
        weight *= persistence
        if cell < 1.5:
            break
        cell /= 2
    total = np.asarray(cv2.resize(total, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)
    # averaging layers narrows the range; this widens it again
    total /= np.float32(weights)
    total -= np.float32(0.5)
    total *= np.float32(1.5)
    total += np.float32(0.5)
    return np.clip(total, 0, 1, out=total)


def grid(rng: Rng, height: int, width: int, size: float) -> Floats:
    """A field of bricks, tiles or windows: cells of their own level between joints."""
    tall, wide = np.maximum(size / rng.uniform(4, 14, 2), 5)
    rows = np.arange(height, dtype=np.float32)[:, None] / np.float32(tall)
    columns = np.arange(width, dtype=np.float32)[None, :] / np.float32(wide)
    columns = columns + np.floor(rows) * np.float32(rng.choice([0.0, 0.5]))
    levels = rng.uniform(0.3, 1, (64, 64)).astype(np.float32)
    cells = levels[np.floor(rows).astype(int) % 64, np.floor(columns).astype(int) % 64]
    joint = np.float32(rng.uniform(0.06, 0.4))
    return np.where((rows % 1 < joint) | (columns % 1 < joint * np.float32(tall / wide)), np.float32(0), cells)


def _plain(rng: Rng, height: int, width: int, size: float) -> Floats:
    return np.full((height, width), rng.random(), dtype=np.float32)


def _clouds(rng: Rng, height: int, width: int, size: float) -> Floats:
    cell, persistence = size / rng.uniform(1, 8), rng.uniform(0.4, 0.8)
    return fractal(rng, height, width, cell, 5, persistence, math.exp(rng.normal(0, 0.4)))


def _fibres(rng: Rng, height: int, width: int, size: float) -> Floats:
    """Noise much finer one way than the other, as in fur, grass, wood and brushed metal."""
    thin = rng.uniform(1.0, 3.0)
    flatten = rng.uniform(4, 14) if rng.random() < 0.5 else 1 / rng.uniform(4, 14)
    return fractal(rng, height, width, thin / min(flatten, 1), 2, 0.8, flatten)


def _stripes(rng: Rng, height: int, width: int, size: float) -> Floats:
    period = max(size / rng.uniform(2, 16), 4)
    turns = _distance_along(height, width, rng.uniform(0, math.pi)) / np.float32(period)
    if rng.random() < 0.6:
        turns += np.float32(rng.uniform(0.2, 2.5)) * fractal(rng, height, width, size / 2, 2)
    return 0.5 + 0.5 * np.sin(np.float32(2 * math.pi) * turns)


def _checks(rng: Rng, height: int, width: int, size: float) -> Floats:
    period, angle = max(size / rng.uniform(2, 12), 4), rng.uniform(0, math.pi)
    first, second = (
        np.sin(_distance_along(height, width, angle + turn) * np.float32(2 * math.pi / period))
        for turn in (0, math.pi / 2)
    )
    if rng.random() < 0.5:
        return 0.5 + 0.25 * (np.sign(first) + np.sign(second))  # tartan: three levels
    return np.clip(0.5 + 4 * first * second, 0, 1)


def _dots(rng: Rng, height: int, width: int, size: float) -> Floats:
    """Spots scattered over an even ground."""
    field = np.full((height, width), 0.1, dtype=np.float32)
    radius = max(size / rng.uniform(10, 40), 1.5)
    for x, y in rng.uniform(0, 1, (int(min(0.25 * height * width / radius**2 / 4, 150)) + 2, 2)) * (width, height):
        spot = int(max(radius * rng.uniform(0.5, 1.3), 1))
        cv2.circle(field, (int(x), int(y)), spot, float(rng.uniform(0.6, 1)), -1, cv2.LINE_8)
    return np.asarray(cv2.GaussianBlur(field, (3, 3), 0), np.float32)


def _cells(rng: Rng, height: int, width: int, size: float) -> Floats:
    """Scales, cobbles, cracked mud: distance to the nearest of scattered points."""
    points = np.ones((height, width), dtype=np.uint8)
    count = int(min(height * width / max(size / rng.uniform(5, 20), 3) ** 2, 600)) + 3
    points[rng.integers(0, height, count), rng.integers(0, width, count)] = 0
    distance = cv2.distanceTransform(points, cv2.DIST_L2, 3)
    return np.clip(distance / max(float(distance.max()) * 0.7, 1e-3), 0, 1)


def _marble(rng: Rng, height: int, width: int, size: float) -> Floats:
    noise = fractal(rng, height, width, size / rng.uniform(1, 4), 4)
    return np.abs(np.sin(np.float32(rng.uniform(4, 14)) * noise))


def _slope(rng: Rng, height: int, width: int, size: float) -> Floats:
    return ramp(height, width, rng.uniform(0, 2 * math.pi))


def _glow(rng: Rng, height: int, width: int, size: float) -> Floats:
    x, y = rng.uniform(0, 1, 2) * (width, height)
    across = (np.arange(width, dtype=np.float32) - np.float32(x)) ** 2
    down = (np.arange(height, dtype=np.float32) - np.float32(y)) ** 2
    return np.clip(np.sqrt(across[None, :] + down[:, None]) / np.float32(size), 0, 1)


def _distance_along(height: int, width: int, angle: float) -> Floats:
    """Distance in pixels along the direction `angle`."""
    across = np.arange(width, dtype=np.float32) * np.float32(math.cos(angle))
    return across[None, :] + (np.arange(height, dtype=np.float32) * np.float32(math.sin(angle)))[:, None]


_FIELDS: tuple[Field, ...] = (
    _plain, _clouds, _clouds, _clouds, _fibres, _fibres, _stripes, _checks, grid, _dots, _cells, _marble, _slope, _glow,
)  # fmt: skip
