"""`line`: a polyline in the continuous plane."""

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
class Line(Shape):
    """`points` is an (n, 2) float64 array of xy vertices, n >= 2."""

    kind = "line"
    points: np.ndarray

    def __post_init__(self) -> None:
        object.__setattr__(self, "points", as_points(self.points))

    @property
    def bounds(self) -> Bounds:
        return point_bounds(self.points)

    @property
    def area(self) -> float:
        return 0.0

    def crop(self, rect: Rect) -> tuple[Line, ...]:
        left, top, right, bottom = self.bounds
        if left >= rect.left and right <= rect.right and top >= rect.top and bottom <= rect.bottom:
            return (self,)
        if right < rect.left or left > rect.right or bottom < rect.top or top > rect.bottom:
            return ()
        return lines_of(
            shapely.LineString(self.points).intersection(shapely.box(rect.left, rect.top, rect.right, rect.bottom))
        )

    def shift(self, dx: float, dy: float) -> Line:
        return Line(np.add(self.points, (dx, dy)))

    def flip(self, axis: Axis, size: Size) -> Line:
        return Line(flip_points(self.points, axis, size))

    def resize(self, before: Size, content: Size, left: int, top: int, scale: float = 0.0) -> tuple[Line, ...]:
        return (Line(scale_points(self.points, before, content, left, top, scale)),)

    def warp(self, warp: Warp) -> tuple[Line, ...]:
        shown = warp.region
        pieces = (
            (self,) if shown is None else lines_of(shapely.LineString(self.points).intersection(shapely.Polygon(shown)))
        )
        return tuple(Line(warp.path(piece.points, closed=False)) for piece in pieces)

    @property
    def length(self) -> float:
        """The sum of the segments' lengths, in pixels."""
        return float(np.hypot(*np.diff(self.points, axis=0).T).sum())

    def simplified(self, epsilon: float) -> tuple[Line, ...]:
        """Vertices left out so that the line stays within `epsilon` pixels of them; a line of one place vanishes."""
        points = simplify_points(self.points, epsilon, False)
        return (Line(points),) if len(points) >= 2 else ()

    def draw(self, canvas: np.ndarray, value: int) -> None:
        """One pixel thick, 8-connected."""
        stencil = np.zeros(canvas.shape[:2], np.uint8)
        cv2.polylines(stencil, [pixel_vertices(self.points)], False, 1)
        paint(canvas, stencil, value)

    def clean(self, size: Size) -> tuple[Line, ...]:
        """Clipped to the image; it may split."""
        return self.crop(Rect(0, 0, size[1], size[0]))

    def record(self) -> list[Any]:
        return [self.points.tobytes()]

    @classmethod
    def from_record(cls, values: list[Any]) -> Line:
        return cls(np.frombuffer(values[0]).reshape(-1, 2))

    def __eq__(self, other: object) -> bool:
        return np.array_equal(self.points, other.points) if isinstance(other, Line) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.points.tobytes())


def lines_of(geometry: Any) -> tuple[Line, ...]:
    """The polylines of a shapely geometry, those that share an end point joined; stray points are left out."""
    parts = [
        part for part in shapely.get_parts(geometry).tolist() if part.geom_type == "LineString" and not part.is_empty
    ]
    joined = shapely.line_merge(shapely.MultiLineString(parts)) if len(parts) > 1 else shapely.MultiLineString(parts)
    return tuple(Line(shapely.get_coordinates(part)) for part in shapely.get_parts(joined).tolist())
