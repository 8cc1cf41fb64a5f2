"""`skeletonize`: masks become lines of one pixel's width in their middle.

Family: masks.

>>> worked("skeletonize", {"classes": ["a"], "method": "thinning"}, "20x10",
...     "a bitmap (2,2) ####### ####### #######")
20x10
  a bitmap (3,3) #####

Picture: coffee(spoon) [["poly2bitmap", {"classes_mapping": {"spoon": "spoon"}}], ["skeletonize", {"classes":
  ["spoon"], "method": "skeletonization"}]]

Picture: coffee(spoon) [["poly2bitmap", {"classes_mapping": {"spoon": "spoon"}}], ["skeletonize", {"classes":
  ["spoon"], "method": "medial_axis"}]]
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from pipelines.actions.base import Action, Notes, action
from pipelines.actions.expected_shape import check_classes, with_changed_shapes
from pipelines.actions.parameters import Names
from pipelines.figures import Bitmap
from pipelines.meta import Meta
from pipelines.sample import Sample


@action("skeletonize")
@dataclass(frozen=True)
class Skeletonize(Action):
    classes: Names
    """Bitmap classes whose masks are thinned."""
    method: Literal["skeletonization", "medial_axis", "thinning"]
    """`skeletonization` by Zhang and Suen, `thinning` by Guo and Hall, or `medial_axis`: the pixels with several nearest
    pixels on the border, which has a branch into every corner."""

    examples: ClassVar[tuple[Any, ...]] = (
        {"classes": ["crack"], "method": "skeletonization"},
        {"classes": ["crack"], "method": "medial_axis"},
        {"classes": ["crack"], "method": "thinning"},
    )

    def map_meta(self, meta: Meta, notes: Notes) -> Meta:
        check_classes(notes, ("classes",), self.classes, meta, self.word, Bitmap)
        return meta

    def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
        return (with_changed_shapes(sample, self.classes, self.word, lambda mask: thinned(mask, self.method), Bitmap),)


def thinned(mask: Bitmap, method: str) -> tuple[Bitmap, ...]:
    """The skeleton of a mask, one pixel wide; `method` as in the settings."""
    # Imported here: it takes longer than everything else of this package, and few graphs need it.
    from skimage import morphology

    match method:
        case "skeletonization":
            skeleton = morphology.skeletonize(mask.pixels)
        case "thinning":
            skeleton = morphology.thin(mask.pixels)
        case _:
            # Distances to the background are not defined where there is none. The seed decides ties only.
            margin = 1 if mask.pixels.all() else 0
            skeleton = morphology.medial_axis(np.pad(mask.pixels, margin), rng=0)
            return Bitmap.trimmed(mask.x - margin, mask.y - margin, skeleton)
    return Bitmap.trimmed(mask.x, mask.y, skeleton)
