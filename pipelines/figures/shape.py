"""What every shape can do, and how its coordinates are meant.

Bitmaps live on the pixel grid; all other shapes live in the continuous plane [0, width] x [0, height], x right, y down. When a
vector shape is drawn, its integer coordinates are pixel indices and outlines are inclusive.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Any, ClassVar

import cv2
import numpy as np

from pipelines.image import Axis, Rect, Size
from pipelines.warps import Warp

Bounds = tuple[float, float, float, float]
"""(left, top, right, bottom); width is right - left."""

SHAPES: dict[str, type[Shape]] = {}
"""The shape classes by their name in a project's meta."""


class Shape(ABC):
    """A geometry of one figure; immutable."""

    __slots__ = ()
    kind: ClassVar[str]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        SHAPES[cls.kind] = cls

    @property
    @abstractmethod
    def bounds(self) -> Bounds:
        """The bounding box; right and bottom are exclusive for bitmaps."""

    @property
    @abstractmethod
    def area(self) -> float:
        """Square pixels; 0 for lines and points."""

    @abstractmethod
    def crop(self, rect: Rect) -> tuple[Shape, ...]:
        """The pieces inside the rectangle, coordinates unchanged; nothing when it lies outside."""

    @abstractmethod
    def shift(self, dx: float, dy: float) -> Shape:
        """Moved by whole pixels for bitmaps, by any amount for the others."""

    @abstractmethod
    def flip(self, axis: Axis, size: Size) -> Shape:
        """Reflected with an image of this (height, width): x -> width - x, or y -> height - y."""

    @abstractmethod
    def resize(self, before: Size, content: Size, left: int, top: int, scale: float = 0.0) -> tuple[Shape, ...]:
        """Scaled with an image from `before` to `content` (height, width), then moved by (left, top); nothing may be left.

        Where one factor `scale` made both sides of the content (0: each has its own), vectors follow it, not the rounded sides.
        """

    @abstractmethod
    def warp(self, warp: Warp) -> tuple[Shape, ...]:
        """Moved with a warped image; pieces may lie partly outside of the result, and nothing may be left."""

    @abstractmethod
    def draw(self, canvas: np.ndarray, value: int) -> None:
        """Write `value` into every pixel of the filled shape; `canvas` is a 2-D array, what falls outside is cut."""

    @abstractmethod
    def clean(self, size: Size) -> tuple[Shape, ...]:
        """What an annotation of an image of this (height, width) may hold of the shape: clipped, in order, or nothing."""

    @abstractmethod
    def record(self) -> list[Any]:
        """Plain values from which `from_record` rebuilds the shape."""

    @classmethod
    @abstractmethod
    def from_record(cls, values: list[Any]) -> Shape: ...


def half_up(value: float) -> int:
    """Round to the nearest integer, ties upwards."""
    return math.floor(value + 0.5)


def outer_rect(bounds: Bounds) -> Rect:
    """A bounding box on whole pixels, each number rounded half up."""
    left, top, right, bottom = bounds
    return Rect(half_up(left), half_up(top), half_up(right), half_up(bottom))


def point_bounds(points: np.ndarray) -> Bounds:
    """Bounding box of an (n, 2) array of xy points."""
    left, top = points.min(axis=0).tolist()
    right, bottom = points.max(axis=0).tolist()
    return left, top, right, bottom


def flip_points(points: np.ndarray, axis: Axis, size: Size) -> np.ndarray:
    """An (n, 2) array of xy points, reflected with an image of this (height, width)."""
    flipped = points.copy()
    column, extent = (0, size[1]) if axis == "vertical" else (1, size[0])
    flipped[:, column] = extent - flipped[:, column]
    return flipped


def factors(before: Size, content: Size, scale: float) -> tuple[float, float]:
    """What `Shape.resize` multiplies x and y by."""
    return (scale, scale) if scale else (content[1] / before[1], content[0] / before[0])


def scale_points(points: np.ndarray, before: Size, content: Size, left: int, top: int, scale: float) -> np.ndarray:
    """An (n, 2) array of xy points under `Shape.resize`."""
    return np.add(points * factors(before, content, scale), (left, top))


def as_points(values: Any) -> np.ndarray:
    """An immutable (n, 2) float64 array of xy points."""
    points = np.asarray(values, np.float64).reshape(-1, 2)
    points.setflags(write=False)
    return points


_FARTHEST = 1e9
"""No two vertices are farther apart: a larger tolerance means the same, and OpenCV refuses some."""


def simplify_points(points: np.ndarray, epsilon: float, closed: bool) -> np.ndarray:
    """Some of the (n, 2) xy vertices, such that the path through them stays within `epsilon` of the others (Douglas-Peucker).

    A ring that would keep fewer than 3 vertices is given back as it is; a path keeps both ends, but one vertex is left of a
    path that never leaves its place.
    """
    rounded = points.astype(np.float32)
    if not closed and (rounded[0] == rounded[-1]).all():
        # OpenCV would take it for a ring and leave its last step out: the two ways to the farthest vertex are paths.
        farthest = int(np.argmax(np.abs(rounded - rounded[0]).sum(axis=1)))
        if farthest == 0:
            return points[:1]
        there, back = points[: farthest + 1], points[farthest:]
        return np.concatenate([simplify_points(there, epsilon, False), simplify_points(back, epsilon, False)[1:]])
    kept = cv2.approxPolyDP(rounded[:, None], min(epsilon, _FARTHEST), closed)[:, 0]
    if closed and len(kept) < 3:
        return points
    # OpenCV reckons in 32 bits and tells no indices: a vertex is found by its rounded coordinates and keeps all its digits.
    places = {(x, y): place for place, (x, y) in enumerate(rounded.tolist())}
    return points[[places[x, y] for x, y in kept.tolist()]]


def pixel_vertices(points: np.ndarray) -> np.ndarray:
    """Vertices as OpenCV draws them: int32, rounded half to even."""
    return np.rint(points).astype(np.int32)


def paint(canvas: np.ndarray, stencil: np.ndarray, value: int) -> None:
    """Write `value` where the uint8 stencil of the canvas' shape is not zero."""
    canvas[stencil.view(bool)] = value
