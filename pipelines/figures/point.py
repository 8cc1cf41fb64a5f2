"""`point`: one position in the continuous plane."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from pipelines.figures.shape import Bounds, Shape, factors
from pipelines.image import Axis, Rect, Size
from pipelines.warps import Warp


@dataclass(frozen=True, slots=True)
class Point(Shape):
    """(x, y); a generated point names the pixel with these indices."""

    kind = "point"
    x: float
    y: float

    @property
    def bounds(self) -> Bounds:
        return self.x, self.y, self.x, self.y

    @property
    def area(self) -> float:
        return 0.0

    def crop(self, rect: Rect) -> tuple[Point, ...]:
        """Kept when left <= x < right and top <= y < bottom, so that no point comes to lie one past the last pixel."""
        inside = rect.left <= self.x < rect.right and rect.top <= self.y < rect.bottom
        return (self,) if inside else ()

    def shift(self, dx: float, dy: float) -> Point:
        return Point(self.x + dx, self.y + dy)

    def flip(self, axis: Axis, size: Size) -> Point:
        return Point(size[1] - self.x, self.y) if axis == "vertical" else Point(self.x, size[0] - self.y)

    def resize(self, before: Size, content: Size, left: int, top: int, scale: float = 0.0) -> tuple[Point, ...]:
        sx, sy = factors(before, content, scale)
        return (Point(self.x * sx + left, self.y * sy + top),)

    def warp(self, warp: Warp) -> tuple[Point, ...]:
        if warp.region is not None and not shapely.Polygon(warp.region).intersects(shapely.Point(self.x, self.y)):
            return ()
        x, y = warp.forward(np.array([[self.x, self.y]]))[0].tolist()
        return (Point(x, y),)

    def draw(self, canvas: np.ndarray, value: int) -> None:
        """The pixel nearest to it, halves to even."""
        x, y = round(self.x), round(self.y)
        if 0 <= x < canvas.shape[1] and 0 <= y < canvas.shape[0]:
            canvas[y, x] = value

    def clean(self, size: Size) -> tuple[Point, ...]:
        """Dropped outside of [0, width] x [0, height], both ends included."""
        return (self,) if 0 <= self.x <= size[1] and 0 <= self.y <= size[0] else ()

    def record(self) -> list[Any]:
        return [self.x, self.y]

    @classmethod
    def from_record(cls, values: list[Any]) -> Point:
        x, y = values
        return cls(float(x), float(y))
