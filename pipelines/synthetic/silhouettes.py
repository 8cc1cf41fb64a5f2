"""Objects in their places, not yet coloured: which, how large, where, in what pose, and which of them show."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipelines.synthetic.arrays import Bytes, Floats, Points, Rng, pick
from pipelines.synthetic.kinds import KINDS, Kind
from pipelines.synthetic.sketch import MATERIALS, Sketch

Mask = NDArray[np.bool_]
"""(height, width) bool."""

SMALLEST_FIGURE = 80
"""Visible pixels an object needs to be an object of the dataset."""

_SUPERSAMPLE = 3  # outlines are drawn this many times larger and averaged, so that their edges are anti-aliased


@dataclass(frozen=True)
class Silhouette:
    """An object in its place, not yet coloured.

    `left`, `top` place its window on the picture; there lie, float32 (height, width) 0..1, the `coverage` of each
    material, their sum `alpha`, and the `seams` where materials meet.
    """

    kind: Kind
    left: int
    top: int
    coverage: dict[int, Floats]
    alpha: Floats
    seams: Floats

    @property
    def window(self) -> tuple[slice, slice]:
        """Where the object lies, as an index of the picture's rows and columns."""
        height, width = self.alpha.shape
        return slice(self.top, self.top + height), slice(self.left, self.left + width)

    @property
    def mask(self) -> Mask:
        """The object's pixels, bool (height, width) of the window."""
        return self.alpha >= 0.5


def arrange(rng: Rng, height: int, width: int) -> list[Silhouette]:
    """2 to 7 objects, far ones first; some scenes are crowds of one kind, where only the outline tells them apart."""
    count = int(rng.integers(2, 8))
    crowd = pick(rng, KINDS) if rng.random() < 0.15 else None
    objects = []
    for _ in range(count):
        kind = crowd if crowd and rng.random() < 0.8 else pick(rng, KINDS)
        share = rng.uniform(0.3, 0.6) if crowd else math.exp(rng.uniform(math.log(0.2), math.log(0.95)))
        objects.append((share, kind))
    if rng.random() < 0.6:  # mostly small things stand in front of large ones, or they would never be seen
        objects.sort(key=lambda pair: -pair[0])
    return [place(rng, kind, share * min(height, width) * 1.15, height, width) for share, kind in objects]


def visible(objects: Sequence[Silhouette], height: int, width: int) -> list[Silhouette]:
    """Those of which at least `SMALLEST_FIGURE` pixels show; one that is left out covers nothing either."""
    covered = np.zeros((height, width), dtype=bool)
    kept = []
    for silhouette in reversed(objects):
        mask, below = silhouette.mask, covered[silhouette.window]
        if np.count_nonzero(mask & ~below) >= SMALLEST_FIGURE:
            kept.append(silhouette)
            below |= mask
    return kept[::-1]


def place(rng: Rng, kind: Kind, size: float, height: int, width: int) -> Silhouette:
    """Draw the parts of one new object of `kind`, its longer side about `size` pixels, somewhere on the picture."""
    sketch = Sketch(thinnest=1.6 / size)  # parts reach about 1 from the middle: a line is 1.6 pixels wide at least
    kind.draw(sketch, rng)
    points = _bend(rng, np.concatenate([points for points, _ in sketch.parts]), kind.upright)
    low, high = points.min(0), points.max(0)
    picture = np.array([width, height])
    points = (points - (low + high) / 2) * (size / (high - low).max())
    reach = picture / 2 * 0.92
    points += picture / 2 + rng.uniform(-reach, reach)
    left, top = np.clip(np.floor(points.min(0)) - 1, 0, picture - 1).astype(int)
    right, bottom = np.clip(np.ceil(points.max(0)) + 2, (left + 1, top + 1), picture).astype(int)
    materials = np.zeros(((bottom - top) * _SUPERSAMPLE, (right - left) * _SUPERSAMPLE), dtype=np.uint8)
    # 1/16 pixel steps; the half takes pixel centres of the large drawing to those of the small one
    fixed = np.round(((points - (left, top)) * _SUPERSAMPLE - 0.5) * 16).astype(np.int32)
    start = 0
    for outline, material in sketch.parts:
        cv2.fillPoly(materials, [fixed[start : start + len(outline)]], material, cv2.LINE_8, 4)
        start += len(outline)
    return _reduce(rng, kind, left, top, materials)


def _bend(rng: Rng, points: Points, upright: bool) -> Points:
    """A random pose: mirrored, turned (things that stand, only a little), stretched, slanted and gently warped."""
    if rng.random() < 0.5:
        points = points * (-1, 1)
    points = points * np.exp(rng.normal(0, 0.16, 2))
    warp = rng.uniform(-0.09, 0.09, 2)
    points = points + warp * np.sin(rng.uniform(1, 3, 2) * points[:, ::-1] + rng.uniform(0, 6, 2))
    free = not upright or rng.random() < 0.07
    angle = rng.uniform(-math.pi, math.pi) if free else rng.normal(0, 0.12)
    cosine, sine = math.cos(angle), math.sin(angle)
    slant = rng.normal(0, 0.1)
    return points @ np.array([[cosine, sine], [-sine, cosine]]) @ np.array([[1, 0], [slant, 1]])


def _reduce(rng: Rng, kind: Kind, left: int, top: int, materials: Bytes) -> Silhouette:
    """The silhouette of a drawing `_SUPERSAMPLE` times as large, which holds the material of each pixel."""
    height, width = (side // _SUPERSAMPLE for side in materials.shape)
    soften = rng.uniform(0.4, 1.0) if rng.random() < 0.25 else 0.0

    def shrink(drawing: Mask) -> Floats:
        levels = drawing.view(np.uint8) * np.uint8(255)
        small = cv2.resize(levels, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
        return np.asarray(cv2.GaussianBlur(small, (0, 0), soften) if soften else small, np.float32)

    drawn = {material: materials == material for material in MATERIALS}
    coverage = {material: shrink(pixels) for material, pixels in drawn.items() if pixels.any()}
    alpha = sum(coverage.values(), np.zeros((height, width), np.float32))
    edges = cv2.morphologyEx(materials, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    return Silhouette(kind, left, top, coverage, alpha, shrink(np.asarray(edges > 0)))
