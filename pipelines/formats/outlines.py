"""Outlines in the continuous plane as pixels: polygons and ellipses of annotation files, filled on the grid of an image."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from pycocotools import mask as coco_masks

from pipelines.formats.left_out import FAR, FARTHEST, LeftOut
from pipelines.image import Size


class BadOutline(ValueError):
    """Coordinates that are no outline."""


def filled(outlines: Iterable[Any], size: Size) -> np.ndarray:
    """The pixels whose middle lies inside of one of the outlines, in an image of this (height, width): bool.

    An outline is a list of xy points, 3 or more, in [0, width] x [0, height] or beyond; where it crosses itself, parts that it
    goes round twice are outside. Raises `BadOutline`.
    """
    height, width = size
    rings = [as_outline(outline).ravel().tolist() for outline in outlines]
    if not rings:
        return np.zeros(size, bool)
    code = coco_masks.merge(coco_masks.frPyObjects(rings, height, width))
    return np.ascontiguousarray(coco_masks.decode(code)).view(bool)


def as_outline(points: Any) -> np.ndarray:
    """An (n, 2) float64 array of at least 3 xy points. Raises `BadOutline`."""
    outline = as_path(points)
    if len(outline) < 3:
        raise BadOutline(
            f"an outline of {len(outline)} point{'s' * (len(outline) != 1)}; it needs 3 or more to have an inside"
        )
    return outline


def as_path(points: Any) -> np.ndarray:
    """An (n, 2) float64 array of xy points, n >= 1. Raises `BadOutline` for anything else, `LeftOut` for places far off."""
    try:
        path = np.array(points, np.float64)
    except OverflowError:
        raise LeftOut(FAR) from None
    except (TypeError, ValueError):
        path = np.empty(0)
    if path.ndim != 2 or path.shape[1] != 2:
        raise BadOutline(f"points that are no list of pairs of numbers [x, y]: {str(points)[:60]}")
    if not np.isfinite(path).all() or np.abs(path).max() > FARTHEST:
        raise LeftOut(FAR, f"points beyond {FARTHEST} pixels from the image, or no numbers: {str(points)[:60]}")
    return path


def ellipse(centre: tuple[float, float], radii: tuple[float, float], degrees: float, size: Size) -> np.ndarray:
    """The pixels whose middle lies inside of an ellipse, in an image of this (height, width): bool.

    `centre` and `radii` are (x, y); `degrees` turn it clockwise, as seen on the screen. Raises `BadOutline`.
    """
    as_path([centre, radii])
    if not (min(radii) > 0 and math.isfinite(degrees)):
        raise BadOutline(f"radii {radii[0]:g} and {radii[1]:g}; both must be above 0")
    y, x = np.ogrid[: size[0], : size[1]]
    right, down = x + 0.5 - centre[0], y + 0.5 - centre[1]
    sine, cosine = math.sin(math.radians(degrees)), math.cos(math.radians(degrees))
    along, across = right * cosine + down * sine, down * cosine - right * sine
    inside: np.ndarray = (along / radii[0]) ** 2 + (across / radii[1]) ** 2 <= 1
    return inside
