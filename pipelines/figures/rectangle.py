"""`rectangle`: an axis-parallel box in the continuous plane."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from pipelines.figures.shape import Bounds, Shape, factors, half_up, point_bounds
from pipelines.image import Axis, Rect, Size
from pipelines.warps import Warp


@dataclass(frozen=True, slots=True)
class Rectangle(Shape):
    """Two opposite corners in any order; they are stored as (left, top) and (right, bottom)."""

    kind = "rectangle"
    left: float
    top: float
    right: float
    bottom: float

    def __post_init__(self) -> None:
        left, top, right, bottom = self.left, self.top, self.right, self.bottom
        for name, value in (
            ("left", min(left, right)),
            ("right", max(left, right)),
            ("top", min(top, bottom)),
            ("bottom", max(top, bottom)),
        ):
            object.__setattr__(self, name, float(value))

    @property
    def bounds(self) -> Bounds:
        return self.left, self.top, self.right, self.bottom

    @property
    def area(self) -> float:
        return (self.right - self.left) * (self.bottom - self.top)

    def crop(self, rect: Rect) -> tuple[Rectangle, ...]:
        left, top = max(self.left, rect.left), max(self.top, rect.top)
        right, bottom = min(self.right, rect.right), min(self.bottom, rect.bottom)
        return (Rectangle(left, top, right, bottom),) if right > left and bottom > top else ()

    def shift(self, dx: float, dy: float) -> Rectangle:
        return Rectangle(self.left + dx, self.top + dy, self.right + dx, self.bottom + dy)

    def flip(self, axis: Axis, size: Size) -> Rectangle:
        if axis == "vertical":
            return Rectangle(size[1] - self.right, self.top, size[1] - self.left, self.bottom)
        return Rectangle(self.left, size[0] - self.bottom, self.right, size[0] - self.top)

    def resize(self, before: Size, content: Size, left: int, top: int, scale: float = 0.0) -> tuple[Rectangle, ...]:
        sx, sy = factors(before, content, scale)
        return (Rectangle(self.left * sx + left, self.top * sy + top, self.right * sx + left, self.bottom * sy + top),)

    def warp(self, warp: Warp) -> tuple[Rectangle, ...]:
        """The bounding box of the mapped outline."""
        outline: Any = shapely.box(*self.bounds)
        if warp.region is not None:
            outline = outline.intersection(shapely.Polygon(warp.region))
        if outline.area == 0:
            return ()
        return (Rectangle(*point_bounds(warp.path(shapely.get_coordinates(outline)[:-1], closed=True))),)

    def draw(self, canvas: np.ndarray, value: int) -> None:
        """All pixels from the rounded left to the rounded right column, both included; rows likewise."""
        left, top, right, bottom = (half_up(v) for v in self.bounds)
        canvas[max(top, 0) : max(bottom + 1, 0), max(left, 0) : max(right + 1, 0)] = value

    def clean(self, size: Size) -> tuple[Rectangle, ...]:
        return self.crop(Rect(0, 0, size[1], size[0]))

    def record(self) -> list[Any]:
        return list(self.bounds)

    @classmethod
    def from_record(cls, values: list[Any]) -> Rectangle:
        return cls(*values)
