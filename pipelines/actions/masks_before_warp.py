"""Objects of some classes become masks before a warp, as the settings of both warping actions may ask for."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from pipelines.actions.base import Notes
from pipelines.figures import Bitmap, Figure
from pipelines.image import Size
from pipelines.meta import ClassSpec, Meta
from pipelines.sample import Sample, with_figures


def with_mask_classes(meta: Meta, mapping: Mapping[str, str], notes: Notes) -> Meta:
    """The meta after each listed class gave way to its new title with the shape bitmap, in the old one's place and colour."""
    notes.unknown_classes(("classes_mapping",), mapping, meta)
    result = Meta((), meta.tags)
    for spec in meta.classes:
        title = mapping.get(spec.title)
        result = result.with_class(spec if title is None else ClassSpec(title, "bitmap", spec.color, spec.extra))
    return result


def with_masks(sample: Sample, mapping: Mapping[str, str]) -> Sample:
    """The sample with the figures of listed classes drawn as masks under their new titles; what is outside is left out."""
    size = sample.image.size
    figures = (result for figure in sample.figures for result in _as_mask(figure, mapping.get(figure.title), size))
    return with_figures(sample, tuple(figures)) if mapping else sample


def _as_mask(figure: Figure, title: str | None, size: Size) -> tuple[Figure, ...]:
    if title is None:
        return (figure,)
    if isinstance(figure.shape, Bitmap):
        return (figure.with_title(title),)
    canvas = np.zeros(size, bool)
    figure.shape.draw(canvas, 1)
    return tuple(figure.with_title(title).with_shape(mask) for mask in Bitmap.trimmed(0, 0, canvas))
