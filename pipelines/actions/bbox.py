"""`bbox`: figures become their bounding boxes.

Family: other shapes.

>>> worked("bbox", {"classes_mapping": {"a": "a_box", "b": "b_box"}}, "20x10", "a polygon (1.5,2) (7,3) (4,9.25)",
...     "b bitmap (3,2) #.### #....")
20x10
  a_box rectangle (1.5,2) (7,9.25)
  b_box rectangle (3,2) (8,4)

Picture: coffee(cup, spoon) {"classes_mapping": {"cup": "cup_box", "spoon": "spoon_box"}}
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from pipelines.actions.base import action
from pipelines.actions.conversion import Conversion
from pipelines.figures import Rectangle, Shape
from pipelines.image import Size


@action("bbox")
@dataclass(frozen=True)
class Bbox(Conversion):
    classes_mapping: dict[str, str]
    """Title of a class of any shape → title of its rectangles, which may be the same; other classes stay as they are."""

    makes: ClassVar[str] = "rectangle"
    examples: ClassVar[tuple[Any, ...]] = ({"classes_mapping": {"car": "car_box", "person": "person"}},)

    def convert(self, shape: Shape, size: Size) -> Iterable[Shape]:
        """The box clipped to the image, not rounded; points and straight lines along an axis have none."""
        return Rectangle(*shape.bounds).clean(size)
