"""One object of COCO's JSON: its pixels, whatever they are written as, and whether it is a crowd."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from pycocotools import mask as coco_masks

from pipelines.formats.left_out import TOO_FEW_POINTS, LeftOut
from pipelines.formats.outlines import as_path, filled
from pipelines.image import Size
from pipelines.sources.base import BadItem

BOXES = "objects without a segmentation (boxes alone): left out"


def is_crowd(annotation: Mapping[str, Any]) -> bool:
    """Whether `iscrowd` says so, as a number, a truth value or, from hand-made converters, as text."""
    return str(annotation.get("iscrowd")).strip().lower() in ("1", "1.0", "true")


def pixels_of(annotation: Mapping[str, Any], size: Size) -> np.ndarray:
    """The object's mask in an image of this (height, width), bool. Raises `LeftOut` where it has none, and `BadItem`."""
    segmentation = annotation.get("segmentation")
    name = f"the annotation {annotation.get('id')}"
    if not segmentation:
        message = f"{name} has no segmentation; a box alone does not say which pixels belong to the object"
        raise LeftOut(BOXES, message)
    try:
        if isinstance(segmentation, list):
            return filled(_outlines(segmentation, name), size)
        code = _checked_runs(segmentation, size, name)
        return np.ascontiguousarray(coco_masks.decode(code)).view(bool)
    except (BadItem, LeftOut):
        raise
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise BadItem(
            f'{name} has a segmentation that is neither a list of polygons nor {{"size", "counts"}}: {error}'
        ) from None


def _outlines(polygons: list[list[float]], name: str) -> list[np.ndarray]:
    """The parts of an object, without those that are none. Raises `LeftOut` where none is left, or one lies nowhere."""
    good = [polygon for polygon in polygons if len(polygon) >= 6 and not len(polygon) % 2]
    if not good:
        message = f"{name} has a polygon of {len(polygons[0])} numbers; it needs x and y of 3 or more points"
        raise LeftOut(TOO_FEW_POINTS, message)
    try:
        # Numbers far off any image would end the process inside of the library.
        return [as_path(list(zip(polygon[0::2], polygon[1::2], strict=True))) for polygon in good]
    except LeftOut as error:
        raise LeftOut(error.kind, f"{name} has {error}") from None


def _checked_runs(segmentation: Mapping[str, Any], size: Size, name: str) -> Any:
    """A mask's run lengths in compressed form. Raises `BadItem` for one of another image's size."""
    height, width = size
    if list(segmentation["size"]) != [height, width]:
        found = segmentation["size"]
        raise BadItem(f"{name} has a mask of {found[1]}x{found[0]} (width x height), the image is {width}x{height}")
    runs = segmentation["counts"]
    if not isinstance(runs, list):
        return segmentation
    if sum(runs) != height * width or not all(isinstance(run, int) and run >= 0 for run in runs):
        raise BadItem(
            f"{name} has runs of {sum(runs)} pixels in all, the image has {height * width} ({width}x{height})"
        )
    listed: Any = dict(segmentation)
    return coco_masks.frPyObjects(listed, height, width)
