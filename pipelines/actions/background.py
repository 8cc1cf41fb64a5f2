"""`background`: lay a rectangle that covers the whole image below all objects.

Family: classes and objects.

>>> worked("background", {"class": "bg"}, "16x12", "a point (1,1)")
16x12
  bg rectangle (0,0) (15,11)
  a point (1,1)

Picture: coffee(cup, spoon) {"class": "background"}
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from pipelines.actions.base import Action, Notes, action
from pipelines.figures import Figure, Rectangle
from pipelines.meta import ClassSpec, Meta
from pipelines.sample import Sample, with_figures


@action("background")
@dataclass(frozen=True)
class Background(Action):
    class_: Annotated[str, Field(alias="class")]
    """Class of the rectangle; it is added with the shape rectangle."""

    examples: ClassVar[tuple[Any, ...]] = ({"class": "background"},)

    def map_meta(self, meta: Meta, notes: Notes) -> Meta:
        return meta.with_class(ClassSpec(self.class_, "rectangle"))

    def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
        """The rectangle ends one short of the image's sides: what is drawn includes its last row and column."""
        height, width = sample.image.size
        # A rectangle without width or height would be no object, so a side of one pixel is covered by a length of one.
        whole = Rectangle(0, 0, max(width - 1, 1), max(height - 1, 1))
        return (with_figures(sample, (Figure(self.class_, whole), *sample.figures)),)
