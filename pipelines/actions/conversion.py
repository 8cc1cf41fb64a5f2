"""What the actions share that turn the figures of some classes into figures of another shape."""

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

import numpy as np

from pipelines.actions.base import Action, Finding, Notes
from pipelines.actions.expected_shape import check_classes, required
from pipelines.figures import SHAPES, Figure, Shape
from pipelines.image import Size
from pipelines.meta import IGNORE, KEEP, OTHER, Meta
from pipelines.sample import Sample, with_figures


class Conversion(Action):
    """Figures of listed classes get another shape and the title of their new class; all others pass.

    A subclass is a dataclass with the setting `classes_mapping` (title → new title, which may be the same), names the shape
    it makes and those it takes, and says how one shape is converted. What people attached to an object goes with each of its
    pieces.
    """

    classes_mapping: dict[str, str]
    makes: ClassVar[str]
    takes: ClassVar[tuple[type[Shape], ...]] = tuple(SHAPES.values())

    @abstractmethod
    def convert(self, shape: Any, size: Size) -> Iterable[Shape]:
        """What becomes of a shape of one of the kinds `takes` in an image of this (height, width), if anything."""

    def problems(self) -> Iterator[Finding]:
        for title, target in self.classes_mapping.items():
            for word in {title, target} & {KEEP, IGNORE, OTHER}:
                yield Finding(
                    ("classes_mapping", title),
                    f"{word!r} has no meaning where figures get another shape; write titles of classes, "
                    "leave out the classes that stay, and drop others with drop_obj_by_class",
                )

    def map_meta(self, meta: Meta, notes: Notes) -> Meta:
        check_classes(notes, ("classes_mapping",), self.classes_mapping, meta, self.word, *self.takes)
        return meta.replaced(self.classes_mapping, self.makes)

    def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
        return (with_figures(sample, tuple(self._figures(sample))),)

    def _figures(self, sample: Sample) -> Iterator[Figure]:
        for figure in sample.figures:
            title = self.classes_mapping.get(figure.title)
            if title is None:
                yield figure
                continue
            for shape in self.convert(required(figure, self.word, *self.takes), sample.image.size):
                yield figure.with_shape(shape).with_title(title)
