"""Geometric changes of a whole sample: the image expression and every figure together."""

from __future__ import annotations

from pipelines.figures.figure import reshape
from pipelines.image import Axis, PixelOp, Rect, ResizePixels, Size
from pipelines.sample import Sample, with_content
from pipelines.warps import Warp


def crop(sample: Sample, rect: Rect) -> Sample:
    """The part of the image inside `rect`, which lies inside the image; figures are cut, and moved to the new origin."""
    figures = reshape(sample.figures, lambda shape: (piece.shift(-rect.left, -rect.top) for piece in shape.crop(rect)))
    return with_content(sample, sample.image.crop(rect), figures)


def flip(sample: Sample, axis: Axis) -> Sample:
    """Reflected: `vertical` exchanges left and right, `horizontal` top and bottom."""
    size = sample.image.size
    figures = reshape(sample.figures, lambda shape: (shape.flip(axis, size),))
    return with_content(sample, sample.image.flip(axis), figures)


def resize(sample: Sample, canvas: Size, content: Size, scale: float = 0.0) -> Sample:
    """Scaled to `content` (height, width) and centred on a black `canvas` of at least that size.

    `scale` is the one factor of both sides where there is one (see `ResizePixels`); figures that vanish are dropped.
    """
    before = sample.image.size
    top, left = (canvas[0] - content[0]) // 2, (canvas[1] - content[1]) // 2
    op = ResizePixels(canvas[1], canvas[0], content[1], content[0], left, top, scale)
    figures = reshape(sample.figures, lambda shape: shape.resize(before, content, left, top, scale))
    return with_content(sample, sample.image.then(op), figures)


def warp(sample: Sample, change: Warp, op: PixelOp, window: Rect | None = None) -> Sample:
    """Warped: figures by `change`, pixels by `op`, which must show the same.

    With a `window`, the op gives only that rectangle of the warp's result (it may reach over its borders): figures are
    cut to it and moved to its origin. Without one they may lie partly outside of the image.
    """
    figures = reshape(sample.figures, lambda shape: shape.warp(change))
    if window is not None:
        left, top = window.left, window.top
        figures = reshape(figures, lambda shape: (piece.shift(-left, -top) for piece in shape.crop(window)))
    return with_content(sample, sample.image.then(op), figures)
