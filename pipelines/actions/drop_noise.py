"""`drop_noise`: small separate spots are erased from masks.

Family: masks.

>>> worked("drop_noise", {"classes": ["a"], "min_area": "2px", "src_type": "image"}, "20x10",
...     "a bitmap (0,0) ##..# ##... ..#.# ....#")
20x10
  a bitmap (0,0) ##... ##... ....# ....#

Picture: coffee(glare) {"classes": ["glare"], "min_area": "60px", "src_type": "image"}
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from pipelines.actions.base import Action, Notes, action
from pipelines.actions.expected_shape import check_classes, with_changed_shapes
from pipelines.actions.parameters import LengthSetting, Names
from pipelines.figures import Bitmap
from pipelines.meta import Meta
from pipelines.sample import Sample


@action("drop_noise")
@dataclass(frozen=True)
class DropNoise(Action):
    classes: Names
    """Bitmap classes whose masks are cleaned."""
    min_area: LengthSetting
    """`"30px"` counts pixels, `"0.5%"` is a share of an area; spots with fewer pixels go. Pixels that touch at corners only
    are separate spots."""
    src_type: Literal["image", "bbox"]
    """What the percentage is of: the area of the image, or of the mask's bounding box."""

    examples: ClassVar[tuple[Any, ...]] = (
        {"classes": ["car"], "min_area": "30px", "src_type": "image"},
        {"classes": ["car", "person"], "min_area": "2.5%", "src_type": "bbox"},
    )

    def map_meta(self, meta: Meta, notes: Notes) -> Meta:
        check_classes(notes, ("classes",), self.classes, meta, self.word, Bitmap)
        return meta

    def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
        height, width = sample.image.size

        def cleaned(mask: Bitmap) -> tuple[Bitmap, ...]:
            area = width * height if self.src_type == "image" else mask.width * mask.height
            return without_spots(mask, self.min_area.of(area))

        return (with_changed_shapes(sample, self.classes, self.word, cleaned, Bitmap),)


def without_spots(mask: Bitmap, min_area: int) -> tuple[Bitmap, ...]:
    """A mask without its 4-connected parts of fewer than `min_area` pixels; nothing when none is left."""
    # Imported here: it takes longer than all the rest of a check, which does without.
    from scipy import ndimage

    labels, _ = ndimage.label(mask.pixels)
    keep = np.bincount(labels.ravel()) >= min_area
    keep[0] = False
    return Bitmap.trimmed(mask.x, mask.y, keep[labels])
