"""`generate_hints`: random positive points on the objects of a class and negative points beside them.

Points are clicks of an annotator: what a network for click segmentation gets beside the image.

Family: classes and objects.

>>> worked("generate_hints", {"class": "car", "positive_class": "pos", "negative_class": "neg", "min_points_number":
...     1}, "3x1", "car bitmap (1,0) #")
3x1
  car bitmap (1,0) #
  pos point (1,0)
  neg point (2,0)
  neg point (0,0)

Picture: coffee(cup) {"class": "cup", "positive_class": "pos", "negative_class": "neg", "min_points_number": 3}
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from pipelines import clicks
from pipelines.actions.base import Action, Notes, action
from pipelines.figures import Figure, Point
from pipelines.meta import ClassSpec, Meta
from pipelines.sample import Sample, with_figures

POSITIVE_COLOR, NEGATIVE_COLOR = "#2ca02c", "#d62728"


@action("generate_hints")
@dataclass(frozen=True)
class GenerateHints(Action):
    class_: Annotated[str, Field(alias="class")]
    """Positive points lie on objects of this class, negative points on all other pixels."""
    positive_class: str
    """Class of the positive points; it is added with the shape point."""
    negative_class: str
    """Class of the negative points; it is added with the shape point."""
    min_points_number: Annotated[int, Field(ge=0)]
    """At least so many of each kind, as far as there are pixels; what comes on top is exponential (mean 2), rounded down."""

    random: ClassVar[bool] = True
    examples: ClassVar[tuple[Any, ...]] = (
        {"class": "car", "positive_class": "pos", "negative_class": "neg", "min_points_number": 1},
    )

    def map_meta(self, meta: Meta, notes: Notes) -> Meta:
        notes.unknown_classes(("class",), (self.class_,), meta)
        positive = ClassSpec(self.positive_class, "point", POSITIVE_COLOR)
        return meta.with_class(positive).with_class(ClassSpec(self.negative_class, "point", NEGATIVE_COLOR))

    def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
        if rng is None:
            raise TypeError("generate_hints draws points and needs a random generator")
        mask = np.zeros(sample.image.size, bool)
        for figure in sample.figures:
            if figure.title == self.class_:
                figure.shape.draw(mask, 1)
        positive, negative = clicks.uniform_hints(mask, self.min_points_number, rng)
        hints = [
            Figure(title, Point(float(x), float(y)))
            for title, points in ((self.positive_class, positive), (self.negative_class, negative))
            for x, y in points.tolist()
        ]
        return (with_figures(sample, (*sample.figures, *hints)),)
