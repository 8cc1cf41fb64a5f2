"""`merge_bitmap_masks`: all masks of a class become one.

In the picture the one mask gets a bounding box in a layer after this one, which shows that it is one.

Family: masks.

>>> worked("merge_bitmap_masks", {"class": "a"}, "20x10", "a bitmap (3,2) #", "p point (1,1)",
...     "a bitmap (5,2) #. ##")
20x10
  p point (1,1)
  a bitmap (3,2) #.#. ..##

Picture: cat(eye) [["merge_bitmap_masks", {"class": "eye"}], ["bbox", {"classes_mapping": {"eye": "eyes_box"}}]]
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from pipelines.actions.base import Action, Notes, action
from pipelines.actions.expected_shape import check_classes, required
from pipelines.figures import Bitmap, Figure
from pipelines.meta import Meta
from pipelines.sample import Sample, with_figures


@action("merge_bitmap_masks", "merge_masks")
@dataclass(frozen=True)
class MergeBitmapMasks(Action):
    class_: Annotated[str, Field(alias="class")]
    """A bitmap class; of each image its masks are united, and lie on top of all other objects."""

    examples: ClassVar[tuple[Any, ...]] = ({"class": "road"},)

    def map_meta(self, meta: Meta, notes: Notes) -> Meta:
        check_classes(notes, ("class",), (self.class_,), meta, self.word, Bitmap)
        return meta

    def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
        """A single mask keeps what people attached to it; a mask made of several has neither tags nor description."""
        masks = [figure for figure in sample.figures if figure.title == self.class_]
        shapes = [required(figure, self.word, Bitmap) for figure in masks]
        rest = [figure for figure in sample.figures if figure.title != self.class_]
        merged = masks if len(masks) < 2 else [Figure(self.class_, union(shapes))]
        return (with_figures(sample, (*rest, *merged)),)


def union(shapes: list[Bitmap]) -> Bitmap:
    """One mask of the pixels of several bitmaps."""
    lefts, tops, rights, bottoms = zip(*(shape.bounds for shape in shapes), strict=True)
    left, top = int(min(lefts)), int(min(tops))
    canvas = np.zeros((int(max(bottoms)) - top, int(max(rights)) - left), bool)
    for shape in shapes:
        shape.shift(-left, -top).draw(canvas, 1)
    return Bitmap(left, top, canvas)
