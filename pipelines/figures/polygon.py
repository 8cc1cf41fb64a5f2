"""`polygon`: an outline with holes in the continuous plane."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import shapely

from pipelines.figures.shape import (
    Bounds,
    Shape,
    as_points,
    flip_points,
    paint,
    pixel_vertices,
    point_bounds,
    scale_points,
    simplify_points,
)
from pipelines.image import Axis, Rect, Size
from pipelines.warps import Warp


@dataclass(frozen=True, slots=True, eq=False)
class Polygon(Shape):
    """`exterior` and each of `holes` are (n, 2) float64 arrays of xy vertices, n >= 3, the first not repeated at the end."""

    kind = "polygon"
    exterior: np.ndarray
    holes: tuple[np.ndarray, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "exterior", as_points(self.exterior))
        object.__setattr__(self, "holes", tuple(as_points(hole) for hole in self.holes))

    @property
    def rings(self) -> tuple[np.ndarray, ...]:
        """The exterior, then the holes."""
        return (self.exterior, *self.holes)

    @property
    def bounds(self) -> Bounds:
        return point_bounds(np.concatenate(self.rings))

    @property
    def area(self) -> float:
        """The shoelace formula on the exterior alone: holes are not subtracted, self-crossing parts cancel."""
        x, y = self.exterior.T
        return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)

    def crop(self, rect: Rect) -> tuple[Polygon, ...]:
        left, top, right, bottom = self.bounds
        flat = right <= left or bottom <= top
        if flat or right <= rect.left or left >= rect.right or bottom <= rect.top or top >= rect.bottom:
            return ()
        if left >= rect.left and right <= rect.right and top >= rect.top and bottom <= rect.bottom:
            return (self,)
        # A zero-width buffer repairs outlines that cross themselves, which an intersection refuses.
        body = shapely.Polygon(self.exterior, self.holes).buffer(0)
        return polygons_of(body.intersection(shapely.box(rect.left, rect.top, rect.right, rect.bottom)))

    def shift(self, dx: float, dy: float) -> Polygon:
        return self._map(lambda ring: np.add(ring, (dx, dy)))

    def flip(self, axis: Axis, size: Size) -> Polygon:
        return self._map(lambda ring: flip_points(ring, axis, size))

    def resize(self, before: Size, content: Size, left: int, top: int, scale: float = 0.0) -> tuple[Polygon, ...]:
        return (self._map(lambda ring: scale_points(ring, before, content, left, top, scale)),)

    def warp(self, warp: Warp) -> tuple[Polygon, ...]:
        pieces: tuple[Polygon, ...] = (self,)
        if warp.region is not None:
            body = shapely.Polygon(self.exterior, self.holes).buffer(0)
            pieces = polygons_of(body.intersection(shapely.Polygon(warp.region)))
        return tuple(piece._map(lambda ring: warp.path(ring, closed=True)) for piece in pieces)

    def simplified(self, epsilon: float) -> tuple[Polygon, ...]:
        """Vertices of each ring left out so that it stays within `epsilon` pixels of them; no ring vanishes."""
        return (self._map(lambda ring: simplify_points(ring, epsilon, True)),)

    def draw(self, canvas: np.ndarray, value: int) -> None:
        """Interior and boundary pixels; a hole's interior stays free, its outline belongs to the figure."""
        stencil = np.zeros(canvas.shape[:2], np.uint8)
        cv2.fillPoly(stencil, [pixel_vertices(self.exterior)], 1)
        for hole in self.holes:
            vertices = pixel_vertices(hole)
            cv2.fillPoly(stencil, [vertices], 0)
            cv2.polylines(stencil, [vertices], True, 1)
        paint(canvas, stencil, value)

    def clean(self, size: Size) -> tuple[Polygon, ...]:
        """Unchanged: vertices may lie outside of the image."""
        return (self,)

    def _map(self, change: Any) -> Polygon:
        return Polygon(change(self.exterior), tuple(change(hole) for hole in self.holes))

    def record(self) -> list[Any]:
        return [ring.tobytes() for ring in self.rings]

    @classmethod
    def from_record(cls, values: list[Any]) -> Polygon:
        exterior, *holes = (np.frombuffer(ring).reshape(-1, 2) for ring in values)
        return cls(exterior, tuple(holes))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Polygon):
            return NotImplemented
        return len(self.rings) == len(other.rings) and all(map(np.array_equal, self.rings, other.rings))

    def __hash__(self) -> int:
        return hash(self.exterior.tobytes())


def polygons_of(geometry: Any) -> tuple[Polygon, ...]:
    """The areas of a shapely geometry; stray points and segments are left out, closing vertices dropped."""
    parts = (part for part in shapely.get_parts(geometry).tolist() if part.geom_type == "Polygon" and not part.is_empty)
    return tuple(
        Polygon(
            shapely.get_coordinates(part.exterior)[:-1], tuple(shapely.get_coordinates(r)[:-1] for r in part.interiors)
        )
        for part in parts
    )
