"""`poly2bitmap`: figures of any shape become masks of the pixels they cover.

What belongs to a polygon's outline belongs to the mask: its corners (1,1) to (4,4) give 4 rows of 4 pixels.

Family: other shapes.

>>> worked("poly2bitmap", {"classes_mapping": {"a": "m", "l": "m", "p": "m"}}, "20x10",
...     "a polygon (1,1) (1,4) (4,4) (4,1)", "l line (1,1) (4,2)", "p point (4,3)")
20x10
  m bitmap (1,1) #### #### #### ####
  m bitmap (1,1) ##.. ..##
  m bitmap (4,3) #

>>> worked("poly2bitmap", {"classes_mapping": {"a": "m"}}, "20x10",
...     "a polygon (1,1) (6,1) (6,6) (1,6) / (2,2) (5,2) (5,5) (2,5)")
20x10
  m bitmap (1,1) ###### ###### ##..## ##..## ###### ######

Picture: coffee(rim, box) {"classes_mapping": {"rim": "rim_mask", "box": "box_mask"}}
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from pipelines.actions.base import action
from pipelines.actions.conversion import Conversion
from pipelines.figures import Shape
from pipelines.figures.bitmap import rasterized
from pipelines.image import Size


@action("poly2bitmap", "polygon_to_mask")
@dataclass(frozen=True)
class PolygonToBitmap(Conversion):
    classes_mapping: dict[str, str]
    """Title of a class of any shape → title of its masks, which may be the same; other classes stay as they are."""

    makes: ClassVar[str] = "bitmap"
    examples: ClassVar[tuple[Any, ...]] = ({"classes_mapping": {"car": "car", "road": "road_mask"}},)

    def convert(self, shape: Shape, size: Size) -> Iterable[Shape]:
        """The filled drawing: outlines included, lines one pixel thick, a point one pixel; nothing outside of the image."""
        return rasterized(shape, size)
