"""`bbox`: figures become their bounding boxes."""

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
