"""`contour_sliding_box`: boxes of one size are laid along the outlines of polygons.

Family: other shapes.

>>> worked("contour_sliding_box", {"box": {"width": "4px", "height": "4px"}, "distance": "8px", "classes": ["a"],
...     "box_class": "e"}, "20x16", "a polygon (4,4) (14,4) (14,12) (4,12)")
20x16
  a polygon (4,4) (14,4) (14,12) (4,12)
  e rectangle (10.1,2) (14.1,6)
  e rectangle (12,8.2) (16,12.2)
  e rectangle (5.7,10) (9.7,14)
  e rectangle (2,5.6) (6,9.6)

Picture: coffee(saucer) {"box": {"width": "44px", "height": "44px"}, "distance": "90px", "classes": ["saucer"],
  "box_class": "edge_box"}
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import shapely
from pydantic import ConfigDict

from pipelines.actions.base import Action, Finding, Notes, action
from pipelines.actions.expected_shape import check_classes, required
from pipelines.actions.parameters import STRICT, LengthSetting, Names
from pipelines.figures import Figure, Polygon, Rectangle
from pipelines.image import Size
from pipelines.meta import ClassSpec, Meta
from pipelines.sample import Sample, with_figures

COLOR = "#00ee00"
STEP = 0.1
"""The outline is walked in steps of so many pixels, and a box is laid at the first step that reaches the distance."""


@dataclass(frozen=True)
class Box:
    """The size of a box."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    width: LengthSetting
    """The width of a box: `"12px"`, or percent of the image's width."""
    height: LengthSetting
    """The height of a box: `"12px"`, or percent of the image's height."""


@action("contour_sliding_box")
@dataclass(frozen=True)
class ContourSlidingBox(Action):
    box: Box
    """`width` and `height` as `"12px"` or percent of the image's; an odd number of pixels is taken one smaller."""
    distance: LengthSetting
    """The way between two boxes along the outline: `"15px"`, or percent of the image's shorter side."""
    classes: Names
    """Polygon classes whose outer outlines get boxes."""
    box_class: str
    """Class of the boxes; it is added with the shape rectangle."""

    examples: ClassVar[tuple[Any, ...]] = (
        {
            "box": {"width": "12px", "height": "10px"},
            "distance": "15px",
            "classes": ["road"],
            "box_class": "edge_box",
        },
        {"box": {"width": "20%", "height": "10%"}, "distance": "30%", "classes": ["road"], "box_class": "edge_box"},
    )

    def problems(self) -> Iterator[Finding]:
        least = ((("box", "width"), self.box.width, 2), (("box", "height"), self.box.height, 2))
        for path, length, pixels in (*least, (("distance",), self.distance, 1)):
            if not length.amount or (length.unit == "px" and length.amount < pixels):
                yield Finding(path, f"found {length.amount:g}{length.unit}; at least {pixels}px is expected")

    def map_meta(self, meta: Meta, notes: Notes) -> Meta:
        check_classes(notes, ("classes",), self.classes, meta, self.word, Polygon)
        return meta.with_class(ClassSpec(self.box_class, "rectangle", COLOR))

    def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
        """Boxes follow their polygon; near the border they are moved into the image."""
        return (with_figures(sample, tuple(self._figures(sample))),)

    def _figures(self, sample: Sample) -> Iterator[Figure]:
        for figure in sample.figures:
            yield figure
            if figure.title in self.classes:
                polygon = required(figure, self.word, Polygon)
                yield from (Figure(self.box_class, box) for box in self._boxes(polygon, sample.image.size))

    def _boxes(self, polygon: Polygon, size: Size) -> Iterator[Rectangle]:
        height, width = size
        half_x, half_y = self.box.width.of(width) // 2, self.box.height.of(height) // 2
        if not half_x or not half_y or 2 * half_x > width - 1 or 2 * half_y > height - 1:
            return
        centers = along(polygon.exterior, max(self.distance.of(min(size)), 1))
        low, high = (half_x, half_y), (width - 1 - half_x, height - 1 - half_y)
        for x, y in np.clip(centers, low, high).tolist():
            yield Rectangle(x - half_x, y - half_y, x + half_x, y + half_y)


def along(exterior: np.ndarray, distance: float) -> np.ndarray:
    """Points every `distance` pixels along a ring of (n, 2) xy vertices, from its first vertex, which has none: (m, 2) xy."""
    ring = shapely.LinearRing(exterior)
    # Sums of steps, not multiples: their rounding decides whether a distance takes one step more.
    ways = np.cumsum(np.full(int(ring.length / STEP) + 2, STEP))
    steps = int(np.searchsorted(ways, distance)) + 1
    ways = ways[ways < ring.length][steps - 1 :: steps]
    return shapely.get_coordinates(shapely.line_interpolate_point(ring, ways))
