"""`approx_vector`: lines and polygons get fewer vertices.

Family: other shapes.

>>> worked("approx_vector", {"classes": ["a", "l"], "epsilon": 1}, "20x10",
...     "a polygon (0,0) (4.7,0.5) (9,0) (9,9) (0,9)", "l line (0,0) (5.9,0.6) (9.9,0)")
20x10
  a polygon (0,0) (9,0) (9,9) (0,9)
  l line (0,0) (9.9,0)

Picture: coffee(saucer, spoon) {"classes": ["saucer", "spoon"], "epsilon": 20}
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from pipelines.actions.base import Action, Notes, action
from pipelines.actions.expected_shape import check_classes, with_changed_shapes
from pipelines.actions.parameters import Names
from pipelines.figures import Line, Polygon
from pipelines.meta import Meta
from pipelines.sample import Sample

VECTORS: tuple[type[Line | Polygon], ...] = (Line, Polygon)


@action("approx_vector")
@dataclass(frozen=True)
class ApproxVector(Action):
    classes: Names
    """Classes of lines or polygons."""
    epsilon: Annotated[float, Field(gt=0)]
    """Vertices are left out as long as the outline moves by at most so many pixels (Douglas-Peucker); the others stay exact."""

    examples: ClassVar[tuple[Any, ...]] = ({"classes": ["road", "lane"], "epsilon": 1.5},)

    def map_meta(self, meta: Meta, notes: Notes) -> Meta:
        check_classes(notes, ("classes",), self.classes, meta, self.word, *VECTORS)
        return meta

    def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
        """A ring that would keep fewer than three vertices stays as it is; a line whose vertices are one place vanishes."""
        return (
            with_changed_shapes(
                sample, self.classes, self.word, lambda shape: shape.simplified(self.epsilon), *VECTORS
            ),
        )
