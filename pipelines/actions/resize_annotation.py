"""`resize_annotation`: scale objects as if the image were resized, and leave the image alone.

Family: classes and objects.

>>> worked("resize_annotation", {"width": 100, "height": 50, "aspect_ratio": {"keep": False}}, "200x100",
...     "r rectangle (10,20) (30,40)")
200x100
  r rectangle (5,10) (15,20)

Picture: coffee(cup, spoon) {"width": 300, "height": 200, "aspect_ratio": {"keep": true}}
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from pipelines.actions.base import Action, Finding, Notes, action
from pipelines.actions.parameters import Names
from pipelines.actions.resize import AspectRatio, Resize
from pipelines.figures import Figure
from pipelines.figures.figure import reshape
from pipelines.image import Size
from pipelines.meta import Meta
from pipelines.sample import Sample

VIRTUAL_SIZE = "ann_size_wh"
"""The annotation's key for the [width, height] of the image that the scaled objects would fit."""


def scale_figures(
    figures: Iterable[Figure],
    titles: Names | None,
    before: Size,
    content: Size,
    left: int = 0,
    top: int = 0,
    scale: float = 0.0,
) -> tuple[Figure, ...]:
    """Figures of the listed classes (None: all) under `Shape.resize`, the others as they are; vanished ones are left out."""
    return tuple(
        result
        for figure in figures
        for result in (
            reshape((figure,), lambda shape: shape.resize(before, content, left, top, scale))
            if titles is None or figure.title in titles
            else (figure,)
        )
    )


@action("resize_annotation")
@dataclass(frozen=True)
class ResizeAnnotation(Action):
    width: Annotated[int, Field(ge=-1)]
    """Width in pixels of the image that the objects are made for; -1 follows from the height (needs `keep`)."""
    height: Annotated[int, Field(ge=-1)]
    """Its height in pixels; -1 follows from the width (needs `keep`)."""
    aspect_ratio: AspectRatio
    """`{"keep": false}` stretches; with true both sides have one factor, and objects are centred in what is left over."""
    classes: Names | None = None
    """Only objects of these classes are scaled; all without it."""

    examples: ClassVar[tuple[Any, ...]] = (
        {"width": 40, "height": 30, "aspect_ratio": {"keep": False}},
        {"width": 64, "height": -1, "aspect_ratio": {"keep": True}, "classes": ["car"]},
    )

    def problems(self) -> Iterator[Finding]:
        return self._resize.problems()

    def map_meta(self, meta: Meta, notes: Notes) -> Meta:
        notes.unknown_classes(("classes",), self.classes or (), meta)
        return meta

    def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
        """Nothing when a side would come out below one pixel. The new size is remembered for `restore_annotation_scale`."""
        before = sample.image.size
        canvas, content, scale = self._resize.sizes(before)
        if min(content) < 1:
            return ()
        top, left = (canvas[0] - content[0]) // 2, (canvas[1] - content[1]) // 2
        figures = scale_figures(sample.figures, self.classes, before, content, left, top, scale)
        extra = {**sample.extra, VIRTUAL_SIZE: [canvas[1], canvas[0]]}
        return (replace(sample, figures=figures, extra=extra),)

    @property
    def _resize(self) -> Resize:
        return Resize(self.width, self.height, self.aspect_ratio)
