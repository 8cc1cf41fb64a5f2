"""Maps of the image plane that move picture and figures together: projective ones, and fields of displacements.

All coordinates are xy in the continuous plane: the middle of the pixel in column i lies at x = i + 0.5.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely

from pipelines.image import Rect, Size

# A bent edge is followed in steps of so many pixels, and its outline may miss the true one by so much.
_STEP, _TOLERANCE = 4.0, 0.25
# A fixed point is approached with this share of each correction, which also settles where the field is steep, until
# corrections are below the last number of pixels.
_DAMPING, _ROUNDS, _CLOSE = 0.7, 60, 1e-6


class Warp(ABC):
    """Where each place of an image comes to lie in a result, and the other way round."""

    @property
    @abstractmethod
    def size(self) -> Size:
        """(height, width) of the result."""

    @property
    def region(self) -> np.ndarray | None:
        """The part of the source that the result shows, as an (n, 2) convex outline, where vectors must be cut to it first."""
        return None

    @abstractmethod
    def forward(self, points: np.ndarray) -> np.ndarray:
        """Where (n, 2) points of the source come to lie."""

    @abstractmethod
    def sources(self, rect: Rect) -> tuple[np.ndarray, np.ndarray]:
        """For each pixel of a part of the result, the place of the source that it shows: x and y, both (height, width)."""

    @abstractmethod
    def reach(self, bounds: tuple[float, float, float, float]) -> Rect:
        """Pixels of the result outside of which nothing of a source box (left, top, right, bottom) is seen; may be empty."""

    def path(self, points: np.ndarray, closed: bool) -> np.ndarray:
        """A polyline, or the outline of a polygon, mapped; straight edges stay straight unless a subclass bends them."""
        return self.forward(points)


@dataclass(frozen=True, eq=False)
class Homography(Warp):
    """A projective map; `matrix` is 3x3 and takes (x, y, 1) of the source to the result, whose (height, width) is `canvas`.

    A perspective map must be given the `shown` part of the source: beyond its horizon the formula puts points anywhere.
    """

    matrix: np.ndarray
    canvas: Size
    shown: np.ndarray | None = None

    @property
    def size(self) -> Size:
        return self.canvas

    @property
    def region(self) -> np.ndarray | None:
        return self.shown

    def forward(self, points: np.ndarray) -> np.ndarray:
        return _project(self.matrix, points)

    def sources(self, rect: Rect) -> tuple[np.ndarray, np.ndarray]:
        x, y = np.meshgrid(np.arange(rect.left, rect.right) + 0.5, np.arange(rect.top, rect.bottom) + 0.5)
        found = _project(self._inverse, np.column_stack((x.ravel(), y.ravel())))
        return found[:, 0].reshape(x.shape), found[:, 1].reshape(x.shape)

    def reach(self, bounds: tuple[float, float, float, float]) -> Rect:
        box = shapely.box(*bounds)
        if self.shown is not None:
            box = box.intersection(shapely.Polygon(self.shown))
        corners = self.forward(shapely.get_coordinates(box))
        return _pixels_around(corners, 1.0, self.size) if len(corners) else Rect(0, 0, 0, 0)

    @cached_property
    def _inverse(self) -> np.ndarray:
        return np.linalg.inv(self.matrix)


@dataclass(frozen=True, eq=False)
class Displacement(Warp):
    """The result shows at the middle p of a pixel the place p + field(p) of a source of the same size.

    `field` is float32 (height, width, 2), x before y, in pixels. It should be smooth and flat enough not to fold the plane.
    """

    field: np.ndarray

    @property
    def size(self) -> Size:
        return self.field.shape[0], self.field.shape[1]

    def forward(self, points: np.ndarray) -> np.ndarray:
        """The place q with q + field(q) = v, which is the fixed point of q = v - field(q)."""
        found = points.astype(np.float64)
        for _ in range(_ROUNDS):
            correction = points - self._at(found) - found
            found += _DAMPING * correction
            if np.abs(correction).max(initial=0) < _CLOSE:
                break
        return found

    def sources(self, rect: Rect) -> tuple[np.ndarray, np.ndarray]:
        field = self.field[rect.top : rect.bottom, rect.left : rect.right]
        x, y = np.arange(rect.left, rect.right) + 0.5, np.arange(rect.top, rect.bottom)[:, None] + 0.5
        return field[:, :, 0] + x, field[:, :, 1] + y

    def reach(self, bounds: tuple[float, float, float, float]) -> Rect:
        return _pixels_around(np.reshape(bounds, (2, 2)), self._largest + 1, self.size)

    def path(self, points: np.ndarray, closed: bool) -> np.ndarray:
        """Edges are bent: vertices are added where the straight edge would leave the true outline."""
        ends = np.roll(points, -1, axis=0) if closed else points[1:]
        starts = points[: len(ends)]
        pieces = np.maximum(np.ceil(np.linalg.norm(ends - starts, axis=1) / _STEP), 1).astype(int)
        # All edges in one go: a fixed point costs many small steps, whatever the number of places.
        places = [np.linspace(*edge) for edge in zip(starts, ends, (pieces + 1).tolist(), strict=True)]
        mapped = np.split(self.forward(np.concatenate(places)), np.cumsum(pieces + 1)[:-1])
        edges = [_simplified(edge) for edge in mapped]
        return np.concatenate([edge[:-1] for edge in edges] + ([] if closed else [edges[-1][-1:]]))

    def _at(self, points: np.ndarray) -> np.ndarray:
        # Imported here: it takes longer than all the rest of a check, which does without.
        from scipy import ndimage

        places = points[:, 1] - 0.5, points[:, 0] - 0.5
        return np.column_stack(
            [ndimage.map_coordinates(layer, places, order=1, mode="nearest") for layer in self._layers]
        )

    @cached_property
    def _layers(self) -> tuple[np.ndarray, np.ndarray]:
        return self.field[:, :, 0].astype(np.float64), self.field[:, :, 1].astype(np.float64)

    @cached_property
    def _largest(self) -> float:
        return float(np.abs(self.field).max(initial=0))


def _simplified(edge: np.ndarray) -> np.ndarray:
    """A bent edge without the vertices that it does not need; both ends stay."""
    found: np.ndarray = (
        shapely.get_coordinates(shapely.LineString(edge).simplify(_TOLERANCE)) if len(edge) > 2 else edge
    )
    return found


def _project(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    moved = points @ matrix[:, :2].T + matrix[:, 2]
    return moved[:, :2] / moved[:, 2:]


def _pixels_around(points: np.ndarray, margin: float, size: Size) -> Rect:
    left, top = np.floor(points.min(axis=0) - margin).astype(int).tolist()
    right, bottom = np.ceil(points.max(axis=0) + margin).astype(int).tolist()
    return Rect(left, top, right, bottom).clip(size)
