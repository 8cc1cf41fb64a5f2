"""`road_lines`: a polygon of a road gets a line along its left edge and one along its right edge.

Family: lines.

>>> worked("road_lines", {"road_class": "road", "road_lines_class": "edge"}, "20x12",
...     "road polygon (8,2) (12,2) (18,11) (2,11)")
20x12
  road polygon (8,2) (12,2) (18,11) (2,11)
  edge line (8,2) (2,11)
  edge line (12,2) (18,11)

Picture: wall(road) {"road_class": "road", "road_lines_class": "road_edge"}
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import cv2
import numpy as np
from pydantic import Field

from pipelines.actions.base import Action, Notes, action
from pipelines.actions.expected_shape import check_classes, required
from pipelines.figures import Figure, Line, Polygon
from pipelines.figures.shape import simplify_points
from pipelines.meta import ClassSpec, Meta
from pipelines.sample import Sample, with_figures

COLOR = "#000088"
REFERENCE_WIDTH = 1000
"""The width of the images, in pixels, for which `min_road_area` is meant."""
SMOOTHING = 0.02
"""Bends of the hull smaller than this share of its diagonal do not end an edge."""


@action("road_lines")
@dataclass(frozen=True)
class RoadLines(Action):
    road_class: str
    """The polygon class of roads."""
    road_lines_class: str
    """Class of the edges; it is added with the shape line."""
    min_road_area: Annotated[float, Field(ge=1)] = 1
    """Roads whose bounding box has fewer square pixels get no lines; meant for images 1000 pixels wide, for others it is
    multiplied by width / 1000."""

    examples: ClassVar[tuple[Any, ...]] = (
        {"road_class": "road", "road_lines_class": "road_edge"},
        {"road_class": "road", "road_lines_class": "road_edge", "min_road_area": 20000},
    )

    def map_meta(self, meta: Meta, notes: Notes) -> Meta:
        check_classes(notes, ("road_class",), (self.road_class,), meta, self.word, Polygon)
        return meta.with_class(ClassSpec(self.road_lines_class, "line", COLOR))

    def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
        """The lines follow their polygon, the left one first, each from top to bottom."""
        return (with_figures(sample, tuple(self._figures(sample))),)

    def _figures(self, sample: Sample) -> Iterator[Figure]:
        min_area = self.min_road_area * sample.image.size[1] / REFERENCE_WIDTH
        for figure in sample.figures:
            yield figure
            if figure.title != self.road_class:
                continue
            road = required(figure, self.word, Polygon)
            left, top, right, bottom = road.bounds
            if (right - left) * (bottom - top) >= min_area:
                yield from (Figure(self.road_lines_class, line) for line in edges(road))


def edges(road: Polygon) -> tuple[Line, ...]:
    """The left and the right edge of the polygon's convex hull: on each side the one that reaches over the most rows."""
    points = road.exterior
    order = cv2.convexHull(points.astype(np.float32), returnPoints=False)[:, 0]
    if len(order) < 3:
        return ()
    hull = simplify_points(points[order], SMOOTHING * float(np.hypot(*np.ptp(points, axis=0))), True)
    ends = np.roll(hull, -1, axis=0)
    # Clockwise as one sees it (y runs down), the hull goes up on its left side and down on its right side.
    if np.sum(hull[:, 0] * ends[:, 1] - hull[:, 1] * ends[:, 0]) < 0:
        hull, ends = ends, hull
    rows = ends[:, 1] - hull[:, 1]
    left, right = int(rows.argmin()), int(rows.argmax())
    if rows[left] >= 0 or rows[right] <= 0:
        return ()
    return Line(np.stack([ends[left], hull[left]])), Line(np.stack([hull[right], ends[right]]))
