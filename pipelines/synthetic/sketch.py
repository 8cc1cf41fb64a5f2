"""The sheet on which an object is drawn: parts of several materials, as outlines that can still be bent."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipelines.synthetic.arrays import Points, Rng

CUT = 0
"""The "material" of a hole."""
MATERIALS = MAIN, SECOND, THIRD, DARK, GLASS = 1, 2, 3, 4, 5
"""What an object's parts are made of; each gets a texture per object."""


def even_angles(count: int) -> NDArray[np.float64]:
    """`count` angles in radians, evenly around a turn from 0."""
    return np.linspace(0, 2 * math.pi, count, endpoint=False)


def directions(angles: NDArray[np.float64]) -> Points:
    """Points at distance 1 from 0, 0 in these directions."""
    return np.stack([np.cos(angles), np.sin(angles)], 1)


_CIRCLE = directions(even_angles(36))
_COARSE_CIRCLE = _CIRCLE[::3].copy()
_QUARTERS = np.array([0, 0.25, 0.5, 0.75])[None, :, None]
_WOBBLE_ANGLES = even_angles(60)
_WOBBLE_DIRECTIONS = directions(_WOBBLE_ANGLES)


def wobbly(rng: Rng, reach_x: float, reach_y: float, roughness: float) -> Points:
    """A closed smooth outline around 0, 0: an ellipse whose radius has random harmonics."""
    radius = np.ones(len(_WOBBLE_ANGLES))
    for harmonic in range(2, 8):
        radius += rng.normal(0, roughness / harmonic) * np.cos(harmonic * _WOBBLE_ANGLES + rng.uniform(0, 2 * math.pi))
    return _WOBBLE_DIRECTIONS * np.maximum(radius, 0.25)[:, None] * (reach_x, reach_y)


class Sketch:
    """Collects the parts of one object, later ones over earlier ones; x to the right, y down, about -1..1 each way.

    `parts` holds (outline in xy order, material) in the order of drawing.
    """

    def __init__(self, thinnest: float = 0.0) -> None:
        """No tube gets a radius below `thinnest`: below a pixel it would show in the picture and not in the mask."""
        self.thinnest = thinnest
        self.parts: list[tuple[Points, int]] = []

    def fill(self, points: ArrayLike, material: int = MAIN) -> None:
        """A polygon; long edges are divided so that they bend with the rest."""
        corners = np.asarray(points, dtype=np.float64)
        steps = _QUARTERS if len(corners) < 12 else _QUARTERS[:, :1]
        dense = corners[:, None] + (_following(corners) - corners)[:, None] * steps
        self.parts.append((dense.reshape(-1, 2), material))

    def curve(self, points: ArrayLike, material: int = MAIN) -> None:
        """A closed outline with its corners cut round."""
        outline = np.asarray(points, dtype=np.float64)
        for _ in range(3):
            following = _following(outline)
            outline = np.hstack([0.75 * outline + 0.25 * following, 0.25 * outline + 0.75 * following]).reshape(-1, 2)
        self.parts.append((outline, material))

    def oval(self, x: float, y: float, reach_x: float, reach_y: float | None = None, material: int = MAIN) -> None:
        """An ellipse around x, y; a circle if `reach_y` is not given."""
        reach_y = reach_x if reach_y is None else reach_y
        self.parts.append((np.array([x, y]) + _CIRCLE * (reach_x, reach_y), material))

    def box(self, left: float, top: float, right: float, bottom: float, material: int = MAIN) -> None:
        """An upright rectangle."""
        self.fill([(left, top), (right, top), (right, bottom), (left, bottom)], material)

    def tube(self, points: ArrayLike, radius: ArrayLike, material: int = MAIN) -> None:
        """A thick line with round joints; `radius` is one number or one per point."""
        path = np.asarray(points, dtype=np.float64)
        radii = np.broadcast_to(np.maximum(radius, self.thinnest), len(path))
        for i, (point, reach) in enumerate(zip(path, radii, strict=True)):
            self.parts.append((point + _COARSE_CIRCLE * reach, material))
            if i:
                before, reach_before = path[i - 1], radii[i - 1]
                along = point - before
                normal = np.array([-along[1], along[0]]) / max(float(np.hypot(*along)), 1e-9)
                near, far = normal * reach_before, normal * reach
                self.fill([before + near, point + far, point - far, before - near], material)


def _following(points: Points) -> Points:
    """The next point of the closed outline, for each."""
    return np.concatenate([points[1:], points[:1]])
