"""Geometric changes of a whole sample: the image expression and every figure together."""

from __future__ import annotations

from dataclasses import replace

from pipelines.figures.figure import reshape
from pipelines.image import Axis, Rect, ResizePixels, Size
from pipelines.sample import Sample


def crop(sample: Sample, rect: Rect) -> Sample:
    """The part of the image inside `rect`, which lies inside the image; figures are cut, and moved to the new origin."""
    figures = reshape(sample.figures, lambda shape: (piece.shift(-rect.left, -rect.top) for piece in shape.crop(rect)))
    return replace(sample, image=sample.image.crop(rect), figures=figures)


def flip(sample: Sample, axis: Axis) -> Sample:
    """Reflected: `vertical` exchanges left and right, `horizontal` top and bottom."""
    size = sample.image.size
    figures = reshape(sample.figures, lambda shape: (shape.flip(axis, size),))
    return replace(sample, image=sample.image.flip(axis), figures=figures)


def resize(sample: Sample, canvas: Size, content: Size, scale: float = 0.0) -> Sample:
    """Scaled to `content` (height, width) and centred on a black `canvas` of at least that size.

    `scale` is the one factor of both sides where there is one (see `ResizePixels`); figures that vanish are dropped.
    """
    before = sample.image.size
    top, left = (canvas[0] - content[0]) // 2, (canvas[1] - content[1]) // 2
    op = ResizePixels(canvas[1], canvas[0], content[1], content[0], left, top, scale)
    figures = reshape(sample.figures, lambda shape: shape.resize(before, content, left, top))
    return replace(sample, image=sample.image.then(op), figures=figures)
