"""`line2bitmap`: lines, and the outlines of other figures, become masks of strokes.

Family: other shapes.

>>> worked("line2bitmap", {"classes_mapping": {"a": "m"}, "width": 3}, "20x10", "a line (2,2) (6,2)")
20x10
  m bitmap (1,1) ####### ####### #######

Picture: cat(whisker, nose) {"classes_mapping": {"whisker": "whisker_mask", "nose": "nose_frame"}, "width": 7}
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from pipelines.actions.base import action
from pipelines.actions.conversion import Conversion
from pipelines.figures import Bitmap, Line, Point, Polygon, Shape
from pipelines.figures.shape import outer_rect, pixel_vertices
from pipelines.image import Size


@action("line2bitmap", "line_to_mask")
@dataclass(frozen=True)
class LineToBitmap(Conversion):
    classes_mapping: dict[str, str]
    """Title of a class of any shape → title of its masks, which may be the same; other classes stay as they are."""
    width: Annotated[int, Field(ge=1)]
    """Thickness of the stroke: a pixel belongs to it when its centre is at most half of that away from the line."""

    makes: ClassVar[str] = "bitmap"
    examples: ClassVar[tuple[Any, ...]] = ({"classes_mapping": {"lane": "lane_mask", "car": "car_frame"}, "width": 3},)

    def convert(self, shape: Shape, size: Size) -> Iterable[Shape]:
        """A point becomes a disc; polygons, rectangles and masks become frames along their outlines and holes."""
        canvas = np.zeros(size, bool)
        for path in paths_of(shape):
            stroke(canvas, path, self.width)
        return Bitmap.trimmed(0, 0, canvas)


def paths_of(shape: Shape) -> Iterator[np.ndarray]:
    """The outline as (n, 2) int64 xy pixel indices, n >= 1, a closed path with its first vertex repeated at the end.

    Vertices are rounded as they are for filled drawings.
    """
    match shape:
        case Line():
            yield pixel_vertices(shape.points).astype(np.int64)
            return
        case Point():
            yield pixel_vertices(np.array([[shape.x, shape.y]])).astype(np.int64)
            return
        case Polygon():
            rings = [pixel_vertices(ring) for ring in shape.rings]
        case Bitmap():
            rings = [ring for outer, holes in shape.outlines() for ring in (outer, *holes)]
        case _:
            box = outer_rect(shape.bounds)
            corners = [(box.left, box.top), (box.right, box.top), (box.right, box.bottom), (box.left, box.bottom)]
            rings = [np.array(corners)]
    for ring in rings:
        yield np.concatenate([ring, ring[:1]]).astype(np.int64)


def stroke(canvas: np.ndarray, path: np.ndarray, width: float) -> None:
    """Set the pixels of a bool (height, width) canvas whose centre is within width / 2 of the path of xy pixel indices."""
    for start, end in pairwise(path) if len(path) > 1 else [(path[0], path[0])]:
        _stroke_segment(canvas, start, end, width)


def _stroke_segment(canvas: np.ndarray, start: np.ndarray, end: np.ndarray, width: float) -> None:
    reach = int(width / 2)
    left, top = np.maximum(np.minimum(start, end) - reach, 0).tolist()
    right, bottom = np.minimum(np.maximum(start, end) + reach + 1, canvas.shape[::-1]).tolist()
    if right <= left or bottom <= top:
        return
    # Whole numbers in 64-bit floats: a pixel at exactly half the width is on the stroke, whatever the direction.
    x = np.arange(left, right, dtype=np.float64) - float(start[0])
    y = np.arange(top, bottom, dtype=np.float64)[:, None] - float(start[1])
    dx, dy = (end - start).astype(float).tolist()
    length2 = dx * dx + dy * dy
    limit = width * width / 4
    near = np.minimum(x * x + y * y, (x - dx) ** 2 + (y - dy) ** 2) <= limit
    along = x * dx + y * dy
    beside = (along > 0) & (along < length2) & ((x * dy - y * dx) ** 2 <= limit * length2)
    canvas[top:bottom, left:right] |= near | beside
