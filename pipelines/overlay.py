"""A sample as people look at it: its figures drawn over its pixels, masks translucent with an outline, points as dots."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from pipelines.figures import Figure, Point
from pipelines.figures.shape import Shape
from pipelines.image import Pixels, Size
from pipelines.meta import Meta, color_of

# Everything is drawn at twice the size and then averaged: edges come out smooth.
_FINER = 2
_FILL = 0.38
_OUTLINE = 1.6
_RING, _DOT = 4.6, 3.4

Color = tuple[int, int, int]


def class_colors(meta: Meta) -> dict[str, Color]:
    """RGB of each class by its title."""
    return {spec.title: rgb(spec.color) for spec in meta.classes}


def rgb(color: str) -> Color:
    """`#rrggbb` as three numbers."""
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def fitted_size(size: Size, box: Size) -> Size:
    """The largest (height, width) of the same aspect ratio inside a box; at least one pixel a side."""
    scale = min(box[0] / size[0], box[1] / size[1])
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def overlay(pixels: Pixels, figures: Sequence[Figure], colors: dict[str, Color], size: Size) -> Pixels:
    """The picture at a new (height, width) with its figures: later ones on top, points above everything.

    `pixels` are uint8 RGB (height, width, 3), `figures` in their coordinates. A class without a colour gets one of its own.
    """
    fine = size[0] * _FINER, size[1] * _FINER
    before = pixels.shape[0], pixels.shape[1]
    shrinks = fine[0] * fine[1] < before[0] * before[1]
    canvas = cv2.resize(pixels, fine[::-1], interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)
    points = []
    for figure in figures:
        color = colors.get(figure.title) or rgb(color_of(figure.title))
        for shape in figure.shape.resize(before, fine, 0, 0):
            if isinstance(shape, Point):
                points.append((shape, color))
            else:
                _draw_area(canvas, shape, color)
    # A point names a pixel, whose middle lies half a pixel further.
    half_y, half_x = fine[0] / before[0] / 2, fine[1] / before[1] / 2
    for point, color in points:
        _draw_point(canvas, point.x + half_x, point.y + half_y, color)
    return cv2.resize(canvas, size[::-1], interpolation=cv2.INTER_AREA)


def _draw_area(canvas: Pixels, shape: Shape, color: Color) -> None:
    mask = np.zeros(canvas.shape[:2], np.uint8)
    shape.draw(mask, 1)
    if shape.area:
        inside = mask.view(bool)
        canvas[inside] = (canvas[inside] * (1 - _FILL) + np.array(color) * _FILL).astype(np.uint8)
    contours, _ = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    # A margin of the opposite brightness keeps the outline visible on a background of its own colour.
    margin = (255, 255, 255) if _brightness(color) < 140 else (20, 20, 20)
    cv2.drawContours(canvas, contours, -1, margin, round((_OUTLINE + 1.6) * _FINER), cv2.LINE_AA)
    cv2.drawContours(canvas, contours, -1, color, round(_OUTLINE * _FINER), cv2.LINE_AA)


def _brightness(color: Color) -> float:
    """From 0 to 255, weighted as eyes do (Rec. 601)."""
    return 0.299 * color[0] + 0.587 * color[1] + 0.114 * color[2]


def _draw_point(canvas: Pixels, x: float, y: float, color: Color) -> None:
    bits = 4
    # OpenCV takes a pixel's middle as its coordinate.
    centre = round((x - 0.5) * 2**bits), round((y - 0.5) * 2**bits)
    for radius, fill in ((_RING + 0.7, (20, 20, 20)), (_RING, (255, 255, 255)), (_DOT, color)):
        cv2.circle(canvas, centre, round(radius * _FINER * 2**bits), fill, -1, cv2.LINE_AA, bits)
