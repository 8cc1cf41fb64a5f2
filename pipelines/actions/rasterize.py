"""`rasterize`: figures become masks that do not overlap, later figures on top.

Family: other shapes.

>>> worked("rasterize", {"classes_mapping": {"a": "a", "b": "b"}}, "20x10", "a bitmap (1,1) ###",
...     "b rectangle (3,1) (4,2)")
20x10
  a bitmap (1,1) ##
  b bitmap (3,1) ## ##

Picture: coffee(saucer, cup, coffee, spoon) {"classes_mapping": {"saucer": "saucer", "cup": "cup", "coffee": "coffee",
  "spoon": "spoon"}}
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from pipelines.actions.base import action
from pipelines.actions.conversion import Conversion
from pipelines.figures import Bitmap, Shape
from pipelines.figures.bitmap import rasterized
from pipelines.image import Size
from pipelines.sample import Sample, with_figures


@action("rasterize")
@dataclass(frozen=True)
class Rasterize(Conversion):
    classes_mapping: dict[str, str]
    """Title of a class of any shape → title of its masks, which may be the same; other classes stay, below the masks."""

    makes: ClassVar[str] = "bitmap"
    examples: ClassVar[tuple[Any, ...]] = ({"classes_mapping": {"car": "car", "road": "road_mask"}},)

    def convert(self, shape: Shape, size: Size) -> Iterable[Shape]:
        return rasterized(shape, size)

    def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
        """Each listed figure keeps the pixels that no later one covers; hidden figures vanish, cut ones stay one mask."""
        # Imported here: it takes longer than all the rest of a check, which does without.
        from scipy import ndimage

        listed = [figure for figure in sample.figures if figure.title in self.classes_mapping]
        labels = np.zeros(sample.image.size, np.int32)
        for number, figure in enumerate(listed, 1):
            figure.shape.draw(labels, number)
        masks = []
        for number, place in enumerate(ndimage.find_objects(labels, len(listed)), 1):
            if place is not None:
                rows, columns = place
                mask = Bitmap(columns.start, rows.start, labels[place] == number)
                figure = listed[number - 1]
                masks.append(figure.with_shape(mask).with_title(self.classes_mapping[figure.title]))
        rest = (figure for figure in sample.figures if figure.title not in self.classes_mapping)
        return (with_figures(sample, (*rest, *masks)),)
