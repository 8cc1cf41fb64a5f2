"""`find_contours`: masks become polygons along their borders.

Family: other shapes.

>>> worked("find_contours", {"classes_mapping": {"a": "a_outline"}}, "20x10",
...     "a bitmap (3,2) ##### #...# #...# #####")
20x10
  a_outline polygon (3.5,2.5) (3.5,5.5) (7.5,5.5) (7.5,2.5) / (3.5,3.5) (4.5,2.5) (6.5,2.5) (7.5,3.5) (7.5,4.5)
      (6.5,5.5) (4.5,5.5) (3.5,4.5)

Picture: coffee(cup, handle) {"classes_mapping": {"cup": "cup_outline", "handle": "handle_outline"}, "approx_epsilon":
  12}
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import Field

from pipelines.actions.base import action
from pipelines.actions.conversion import Conversion
from pipelines.figures import Bitmap, Polygon, Shape
from pipelines.image import Size


@action("find_contours", "mask_to_polygon", "bitmap2poly")
@dataclass(frozen=True)
class FindContours(Conversion):
    classes_mapping: dict[str, str]
    """Title of a bitmap class → title of its polygons, which may be the same; other classes stay as they are."""
    approx_epsilon: Annotated[float, Field(ge=0)] = 0
    """Vertices are left out as long as the outline moves by at most so many pixels."""

    makes: ClassVar[str] = "polygon"
    takes: ClassVar[tuple[type[Shape], ...]] = (Bitmap,)
    examples: ClassVar[tuple[Any, ...]] = (
        {"classes_mapping": {"car": "car_outline"}},
        {"classes_mapping": {"car": "car"}, "approx_epsilon": 1.5},
    )

    def convert(self, shape: Bitmap, size: Size) -> Iterable[Shape]:
        """A polygon for each 8-connected part, through the centres of its border pixels; straight one-pixel lines vanish."""
        for exterior, holes in shape.outlines():
            if len(exterior) >= 3:
                polygon = Polygon(exterior + 0.5, tuple(hole + 0.5 for hole in holes if len(hole) >= 3))
                yield from polygon.simplified(self.approx_epsilon) if self.approx_epsilon else (polygon,)
