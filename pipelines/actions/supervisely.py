"""`supervisely`: save the samples as a Supervisely project in shards."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from pipelines.actions.base import Sink, action
from pipelines.sample import Sample


@action("supervisely")
@dataclass(frozen=True)
class Supervisely(Sink):
    examples: ClassVar[tuple[Any, ...]] = ({},)

    @classmethod
    def from_settings(cls, settings: Any) -> "Supervisely":
        """Any settings are taken, none has a meaning: so it always was in this language."""
        return cls()

    def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
        """The sample as it is written: figures clipped to the image where their shape asks for it."""
        size = sample.image.size
        figures = tuple(figure.with_shape(shape) for figure in sample.figures for shape in figure.shape.clean(size))
        return (replace(sample, figures=figures),)
