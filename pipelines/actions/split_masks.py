"""`split_masks`: masks in several parts become one mask a part.

In the picture each part gets its own bounding box in a layer after this one, which shows the parts.

Family: masks.

>>> worked("split_masks", {"classes": ["a"]}, "20x10", "a bitmap (0,0) ##..# ##... ..#.# ....#")
20x10
  a bitmap (0,0) ##. ##. ..#
  a bitmap (4,0) #
  a bitmap (4,2) # #

Picture: coffee(glare) [["split_masks", {"classes": ["glare"]}], ["bbox", {"classes_mapping": {"glare":
  "glare_box"}}]]
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from pipelines.actions.base import Action, Notes, action
from pipelines.actions.expected_shape import check_classes, with_changed_shapes
from pipelines.actions.parameters import Names
from pipelines.figures import Bitmap
from pipelines.meta import Meta
from pipelines.sample import Sample

EIGHT_NEIGHBOURS = np.ones((3, 3), bool)


@action("split_masks")
@dataclass(frozen=True)
class SplitMasks(Action):
    classes: Names
    """Bitmap classes; pixels that touch at a side or a corner stay together."""

    examples: ClassVar[tuple[Any, ...]] = ({"classes": ["car", "person"]},)

    def map_meta(self, meta: Meta, notes: Notes) -> Meta:
        check_classes(notes, ("classes",), self.classes, meta, self.word, Bitmap)
        return meta

    def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
        """Parts stand where their mask stood, in the order of their first pixels, row by row."""
        return (with_changed_shapes(sample, self.classes, self.word, parts_of, Bitmap),)


def parts_of(mask: Bitmap) -> Iterator[Bitmap]:
    """The 8-connected parts of a mask."""
    # Imported here: it takes longer than all the rest of a check, which does without.
    from scipy import ndimage

    labels, count = ndimage.label(mask.pixels, EIGHT_NEIGHBOURS)
    if count == 1:
        yield mask
        return
    for number, (rows, columns) in enumerate(ndimage.find_objects(labels), 1):
        yield Bitmap(mask.x + columns.start, mask.y + rows.start, labels[rows, columns] == number)
