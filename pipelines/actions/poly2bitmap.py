"""`poly2bitmap`: figures of any shape become masks of the pixels they cover."""

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
