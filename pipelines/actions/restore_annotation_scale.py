"""`restore_annotation_scale`: scale objects back to the image after `resize_annotation`.

Family: classes and objects.

>>> worked("resize_annotation", {"width": 100, "height": 50, "aspect_ratio": {"keep": False}}, "200x100",
...     "r rectangle (10,20) (30,40)", then=("restore_annotation_scale", {}))
200x100
  r rectangle (10,20) (30,40)

Picture: coffee(cup, spoon) [["resize_annotation", {"width": 300, "height": 200, "aspect_ratio": {"keep": true}}],
  ["restore_annotation_scale", {}]]
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from pipelines.actions.base import Action, Notes, action
from pipelines.actions.parameters import Names
from pipelines.actions.resize_annotation import VIRTUAL_SIZE, scale_figures
from pipelines.meta import Meta
from pipelines.sample import Sample


@action("restore_annotation_scale")
@dataclass(frozen=True)
class RestoreAnnotationScale(Action):
    classes: Names | None = None
    """Only objects of these classes are scaled back, all without it; list the same as in `resize_annotation`."""

    examples: ClassVar[tuple[Any, ...]] = ({}, {"classes": ["car"]})

    def map_meta(self, meta: Meta, notes: Notes) -> Meta:
        notes.unknown_classes(("classes",), self.classes or (), meta)
        return meta

    def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
        """Both sides are stretched to the image's; a sample whose objects were not resized is passed on as it is."""
        if VIRTUAL_SIZE not in sample.extra:
            return (sample,)
        before = _size_of(sample.extra[VIRTUAL_SIZE])
        figures = scale_figures(sample.figures, self.classes, before, sample.image.size)
        extra = {key: value for key, value in sample.extra.items() if key != VIRTUAL_SIZE}
        return (replace(sample, figures=figures, extra=extra),)


def _size_of(value: Any) -> tuple[int, int]:
    """(height, width) of a remembered [width, height]. Raises `ValueError` for anything else."""
    if isinstance(value, list | tuple) and len(value) == 2 and all(isinstance(v, int) and v > 0 for v in value):
        return value[1], value[0]
    raise ValueError(
        f"the annotation's {VIRTUAL_SIZE!r} is {value!r}, [width, height] in whole pixels is expected; "
        "remove the key, or let resize_annotation write it"
    )
