"""`data`: the images of a project enter the graph, their classes mapped.

Classes that get one name must have one shape. Objects that reach over the border of the image are clipped, but for
polygons.

Family: input and output.

>>> worked("data", {"classes_mapping": {"car": "vehicle", "bus": "vehicle", "__other__": "__ignore__"}}, "20x10",
...     "car rectangle (1,2) (5,6)", "bus rectangle (8,2) (25,6)", "tree point (3,3)")
20x10
  vehicle rectangle (1,2) (5,6)
  vehicle rectangle (8,2) (20,6)

Picture: coffee(cup, handle, spoon, box) {"classes_mapping": {"cup": "crockery", "handle": "crockery", "spoon":
  "__default__", "__other__": "__ignore__"}}
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from pipelines.actions.base import Finding, Notes, Source, action
from pipelines.figures import Figure
from pipelines.meta import IGNORE, KEEP, OTHER, Meta, complete
from pipelines.sample import Sample, with_figures


@action("data", "images_project")
@dataclass(frozen=True)
class Data(Source):
    classes_mapping: dict[str, str] | Literal["default"]
    """`default` keeps all; else title → new title, `__default__` (keep) or `__ignore__` (drop), `__other__` for the rest."""

    examples: ClassVar[tuple[Any, ...]] = (
        {"classes_mapping": "default"},
        {"classes_mapping": {"car": "vehicle", "person": "__default__", "__other__": "__ignore__"}},
    )

    def problems(self) -> Iterator[Finding]:
        if self.classes_mapping == {}:
            yield Finding(
                ("classes_mapping",),
                'the mapping is empty; list classes, or {"__other__": "__default__"}, or write "default" to keep all',
            )

    def map_meta(self, meta: Meta, notes: Notes) -> Meta:
        if self.classes_mapping == "default":
            return meta
        listed = [title for title in self.classes_mapping if title != OTHER]
        notes.unknown_classes(("classes_mapping",), listed, meta)
        mapping = complete(self.classes_mapping, meta.titles)
        if missing := [title for title in meta.titles if title not in mapping]:
            notes.error(
                ("classes_mapping",),
                f"nothing is said about {', '.join(missing)}; list them, or say what becomes of the rest: "
                '"__other__": "__ignore__" (or "__default__", or a new name)',
            )
        return meta.renamed(complete(self.classes_mapping, meta.titles, KEEP))

    def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
        """Figures are clipped to the image where their shape asks for it, then mapped."""
        size = sample.image.size
        figures = tuple(
            figure.with_shape(shape)
            for figure in map_figures(sample.figures, self.classes_mapping)
            for shape in figure.shape.clean(size)
        )
        return (with_figures(sample, figures),)


def map_figures(figures: Iterable[Figure], mapping: dict[str, str] | str, other: str | None = None) -> Iterator[Figure]:
    """The figures under a class mapping; `other` is what becomes of classes the mapping does not cover.

    Raises `ValueError` for a figure that nothing covers.
    """
    if isinstance(mapping, str):
        yield from figures
        return
    rest = mapping.get(OTHER, other)
    for figure in figures:
        target = mapping.get(figure.title, rest)
        if target is None:
            raise ValueError(
                f'an object is of class {figure.title!r}, which the mapping does not cover; add it, or "__other__"'
            )
        if target == KEEP:
            yield figure
        elif target != IGNORE:
            yield figure.with_title(target)
