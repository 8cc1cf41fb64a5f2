"""What lies behind the objects: landscapes, rooms, surfaces, with marks on them that belong to nobody."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipelines.synthetic.arrays import Bytes, Floats, Rng, pick, thrice
from pipelines.synthetic.colors import random_palette, rgb
from pipelines.synthetic.sketch import wobbly
from pipelines.synthetic.textures import colorize, fractal, grid, ramp, texture


@dataclass(frozen=True)
class Background:
    """A scene without objects.

    `canvas` float32 (height, width, 3) RGB 0..255; `regions` uint8 (height, width) indexes `labels`, the Vistas labels
    of what is seen.
    """

    canvas: Floats
    regions: Bytes
    labels: tuple[str, ...]


def draw_background(rng: Rng, height: int, width: int) -> Background:
    """A random scene for objects to stand in."""
    build = pick(rng, (_outdoors, _outdoors, _indoors, _surface, _surface, _patchwork))
    background = build(rng, height, width)
    canvas = background.canvas
    if rng.random() < 0.45:
        _litter(rng, canvas)
    if rng.random() < 0.45:
        cv2.GaussianBlur(canvas, (0, 0), rng.uniform(0.5, 3.5), dst=canvas)
    return background


def _outdoors(rng: Rng, height: int, width: int) -> Background:
    """Sky over ground, often with a ridge, a wood or a row of houses between."""
    canvas = _sky(rng, height, width)
    regions = np.zeros((height, width), dtype=np.uint8)
    horizon = int(rng.uniform(0.2, 0.7) * height)
    rows = np.arange(height)[:, None]
    label = "Vegetation"
    if rng.random() < 0.6:
        skyline, middle, label = _houses(rng, height, width) if rng.random() < 0.4 else _ridge(rng, height, width)
        behind = rows > horizon - skyline
        _lay(canvas, middle, behind)
        regions[behind] = 2
    ground = rows > horizon + 3 * np.sin(np.arange(width) * rng.uniform(0, 0.05))
    below = _stuff(rng, height, width)
    below *= thrice(0.75 + 0.4 * ramp(height, width, math.pi / 2))
    _lay(canvas, below, ground)
    regions[ground] = 1
    stands_on = pick(rng, ("Terrain", "Road", "Sand", "Water", "Snow", "Sidewalk"))
    return Background(canvas, regions, ("Sky", stands_on, label))


def _sky(rng: Rng, height: int, width: int) -> Floats:
    hue, value = rng.uniform(0.52, 0.66), rng.uniform(0.6, 1.0)
    blue = np.array([rgb(hue, rng.uniform(0.1, 0.6), value), rgb(hue, 0.15, value)])
    white = rgb(rng.random(), 0.1, 1.0).astype(np.float32)
    canvas = colorize(ramp(height, width, math.pi / 2 + rng.normal(0, 0.2)), blue)
    clouds = np.clip(fractal(rng, height, width, width / 2, 4, 0.55, 0.5) * 2 - rng.uniform(0.7, 1.3), 0, 1)
    canvas += (np.broadcast_to(white, canvas.shape) - canvas) * thrice(clouds)
    return canvas


def _houses(rng: Rng, height: int, width: int) -> tuple[NDArray[np.floating], Floats, str]:
    """Heights in pixels along the picture's width, which jump; how it looks, as large as the picture; its label."""
    skyline = np.repeat(rng.uniform(0, 0.3, 30), rng.integers(width // 20, width // 6, 30))[:width] * height
    return skyline, texture(rng, height, width, random_palette(rng), width / 2, grid), "Building"


def _ridge(rng: Rng, height: int, width: int) -> tuple[NDArray[np.floating], Floats, str]:
    """As `_houses`, of hills or trees."""
    skyline = fractal(rng, 1, width, width / rng.uniform(1, 6), 4, 0.5)[0] * 0.3 * height
    greens = rgb(rng.uniform(0.2, 0.6), 0.4, 0.35), rgb(0.3, 0.3, 0.6)
    return skyline, texture(rng, height, width, greens, width / 3), pick(rng, ("Vegetation", "Mountain"))


def _indoors(rng: Rng, height: int, width: int) -> Background:
    """A wall, at times with a corner, over a floor."""
    canvas = _stuff(rng, height, width)
    columns = np.arange(width, dtype=np.float32)[None, :]
    rows = np.arange(height, dtype=np.float32)[:, None]
    corner = rng.uniform(-0.2, 1.2) * width
    if rng.random() < 0.5:
        canvas *= thrice(np.where(columns > corner, rng.uniform(0.6, 0.95), 1).astype(np.float32))
    edge = rng.uniform(0.4, 0.85) * height + np.abs(columns - corner) * rng.uniform(0, 0.35)
    floor = rows > edge
    if rng.random() < 0.5:
        skirting = rgb(rng.random(), 0.2, rng.random())
        canvas[np.abs(rows - edge + 3) < rng.uniform(1, 5)] = skirting
    _lay(canvas, _stuff(rng, height, width), floor)
    return Background(canvas, floor.astype(np.uint8), ("Wall", "Pedestrian Area"))


def _surface(rng: Rng, height: int, width: int) -> Background:
    """One stuff from edge to edge, unevenly lit."""
    canvas = _stuff(rng, height, width)
    canvas *= thrice(rng.uniform(0.5, 1.0) + 0.5 * ramp(height, width, rng.uniform(0, 2 * math.pi)))
    label = pick(rng, ("Terrain", "Road", "Vegetation", "Unlabeled"))
    return Background(canvas, np.zeros((height, width), np.uint8), (label,))


def _patchwork(rng: Rng, height: int, width: int) -> Background:
    """Several stuffs meeting along wavy lines: edges that are not the edges of objects."""
    canvas = _stuff(rng, height, width)
    for _ in range(int(rng.integers(1, 4))):
        field = ramp(height, width, rng.uniform(0, 2 * math.pi))
        field += rng.uniform(0, 0.6) * fractal(rng, height, width, width / 2, 3)
        inside = field > rng.uniform(0.4, 0.9)
        _lay(canvas, _stuff(rng, height, width), inside)
    return Background(canvas, np.zeros((height, width), np.uint8), ("Unlabeled",))


def _stuff(rng: Rng, height: int, width: int) -> Floats:
    return texture(rng, height, width, random_palette(rng), width / 2)


def _lay(canvas: Floats, patch: Floats, where: NDArray[np.bool_]) -> None:
    """Copy `patch`, as large as the canvas, onto it `where` true."""
    cv2.copyTo(patch, where.view(np.uint8), canvas)  # over ten times faster than numpy's assignment by mask


def _litter(rng: Rng, canvas: Floats) -> None:
    """Faint small marks and long lines that are nobody's."""
    height, width = canvas.shape[:2]
    marks = canvas.copy()
    for _ in range(int(rng.integers(4, 40))):
        center = rng.uniform(0, 1, 2) * (width, height)
        color = rgb(rng.random(), rng.uniform(0, 0.5), rng.random()).tolist()
        if rng.random() < 0.3:
            far = center + rng.normal(0, 0.4, 2) * (width, height)
            cv2.line(marks, center.astype(int).tolist(), far.astype(int).tolist(), color, int(rng.integers(1, 4)))
        else:
            outline = center + wobbly(rng, rng.uniform(2, 14), rng.uniform(2, 14), 0.3)
            cv2.fillPoly(marks, [outline.astype(np.int32)], color)
    canvas += (marks - canvas) * np.float32(rng.uniform(0.15, 0.7))
