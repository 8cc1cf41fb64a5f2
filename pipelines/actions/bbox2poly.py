"""`bbox2poly`: rectangles become polygons.

Other than a rectangle, a polygon keeps its form when the image is turned.

Family: other shapes.

>>> worked("bbox2poly", {"classes_mapping": {"a": "b"}}, "20x10", "a rectangle (1,2) (5,6)")
20x10
  b polygon (1,2) (1,6) (5,6) (5,2)

Picture: astronaut(badge) [["bbox2poly", {"classes_mapping": {"badge": "badge_outline"}}], ["rotate",
  {"rotate_angles": {"min_degrees": 25, "max_degrees": 25}, "black_regions": {"mode": "preserve_size"}}]]
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from pipelines.actions.base import action
from pipelines.actions.conversion import Conversion
from pipelines.figures import Polygon, Rectangle, Shape
from pipelines.image import Size


@action("bbox2poly", "bbox_to_polygon")
@dataclass(frozen=True)
class BboxToPolygon(Conversion):
    classes_mapping: dict[str, str]
    """Title of a rectangle class → title of its polygons, which may be the same; other classes stay as they are."""

    makes: ClassVar[str] = "polygon"
    takes: ClassVar[tuple[type[Shape], ...]] = (Rectangle,)
    examples: ClassVar[tuple[Any, ...]] = ({"classes_mapping": {"car": "car_outline"}},)

    def convert(self, shape: Rectangle, size: Size) -> Iterable[Shape]:
        left, top, right, bottom = shape.bounds
        return (Polygon(np.array([(left, top), (left, bottom), (right, bottom), (right, top)])),)
