"""`bitwise_masks`: masks are combined with another mask of the image, pixel by pixel.

Family: masks.

>>> worked("bitwise_masks", {"type": "and", "class_mask": "m", "classes_to_correct": ["a"]}, "20x10",
...     "m bitmap (0,0) ###", "a bitmap (2,0) ##")
20x10
  m bitmap (0,0) ###
  a bitmap (2,0) #

>>> worked("bitwise_masks", {"type": "or", "class_mask": "m", "classes_to_correct": ["a"]}, "20x10",
...     "m bitmap (0,0) ###", "a bitmap (2,0) ##")
20x10
  m bitmap (0,0) ###
  a bitmap (0,0) ####

>>> worked("bitwise_masks", {"type": "xor", "class_mask": "m", "classes_to_correct": ["a"]}, "20x10",
...     "m bitmap (0,0) ###", "a bitmap (2,0) ##")
20x10
  m bitmap (0,0) ###
  a bitmap (0,0) ##.#

Picture: coffee(cup, coffee) {"type": "xor", "class_mask": "coffee", "classes_to_correct": ["cup"]}
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from pipelines.actions.base import Action, Finding, Notes, action
from pipelines.actions.expected_shape import check_classes, required
from pipelines.actions.parameters import Names
from pipelines.figures import Bitmap, Figure
from pipelines.meta import Meta
from pipelines.sample import Sample, with_figures

OPERATIONS: dict[str, Callable[..., np.ndarray]] = {
    "or": np.logical_or,
    "and": np.logical_and,
    "nor": np.logical_xor,
    "xor": np.logical_xor,
}


@action("bitwise_masks")
@dataclass(frozen=True)
class BitwiseMasks(Action):
    type: Literal["or", "and", "nor", "xor"]
    """`and` keeps the common pixels, `or` unites, `xor` keeps what only one of the two has; `nor` is an old name of `xor`."""
    class_mask: str
    """A bitmap class, whose first object in the image is the mask to combine with; without one nothing happens."""
    classes_to_correct: Names
    """Bitmap classes whose masks become the result; those with no pixel left are dropped."""

    examples: ClassVar[tuple[Any, ...]] = (
        {"type": "and", "class_mask": "road", "classes_to_correct": ["crack", "lane"]},
        {"type": "xor", "class_mask": "road", "classes_to_correct": ["crack"]},
    )

    def problems(self) -> Iterator[Finding]:
        if self.type == "nor":
            yield Finding(
                ("type",), '"nor" means exclusive or here, not "neither"; write "xor", which says so', "warning"
            )

    def map_meta(self, meta: Meta, notes: Notes) -> Meta:
        check_classes(notes, ("class_mask",), (self.class_mask,), meta, self.word, Bitmap)
        check_classes(notes, ("classes_to_correct",), self.classes_to_correct, meta, self.word, Bitmap)
        return meta

    def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
        """Objects of `class_mask` itself are never changed."""
        mask = next((figure for figure in sample.figures if figure.title == self.class_mask), None)
        if mask is None:
            return (sample,)
        canvas = np.zeros(sample.image.size, bool)
        required(mask, self.word, Bitmap).draw(canvas, 1)
        return (with_figures(sample, tuple(self._corrected(sample.figures, canvas))),)

    def _corrected(self, figures: Iterable[Figure], mask: np.ndarray) -> Iterator[Figure]:
        for figure in figures:
            if figure.title == self.class_mask or figure.title not in self.classes_to_correct:
                yield figure
                continue
            own = np.zeros_like(mask)
            required(figure, self.word, Bitmap).draw(own, 1)
            yield from map(figure.with_shape, Bitmap.trimmed(0, 0, OPERATIONS[self.type](mask, own)))
