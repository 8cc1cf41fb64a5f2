"""What a session of an evaluation starts from: nothing, a damaged mask to correct, or a box; `STARTS` has all by name.

Masks are (H, W), truth as in `pipelines.clicks`; boxes are inclusive pixel rectangles (left, top, right, bottom).
A damage is a function that puts pixels in an order in which it would turn them over, so that exactly as many are turned over
as an IoU asks for; adding one is one function here.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from model.chance import generator
from model.evaluation.protocol import count_overlap
from model.inference.box_prompts import Box
from pipelines.clicks import OBJECT, VOID, Mask, Truth

Order = NDArray[np.float64]
"""(H, W): pixels with a smaller number are turned over first."""
Rng = np.random.Generator

DAMAGED_IOU = (0.75, 0.85)
"""What a damaged mask has in common with the true one, as in DAVIS-585 (Chen et al., FocalClick, 2022)."""
SEED = 0


@dataclass(frozen=True, slots=True)
class Start:
    """One way to begin."""

    meaning: str
    prompt: Callable[[Truth, str], dict[str, Any]]
    """truth, name of the object → what `Predictor.set_image` is given beside the image."""
    counts: bool
    """Whether the mask before any click is an answer, see `model.evaluation.protocol`."""


def damaged_mask(truth: Truth, name: str) -> Mask:
    """The mask of the object as something else may have left it: grown or shrunk, bitten, with bulges or with specks elsewhere.

    Always the same for a name. Its IoU with the truth is in `DAMAGED_IOU`, but for objects of one or two pixels and for
    images with hardly any background, of which the nearest that can be had is given.
    """
    rng = generator(SEED, f"damaged mask of {name}")
    wanted = rng.uniform(*DAMAGED_IOU)
    chosen = rng.choice(len(DAMAGES), size=int(rng.integers(1, 4)), replace=False)
    parts = rng.dirichlet(np.ones(len(chosen)))
    mask = truth == OBJECT
    for index, part in zip(chosen, parts, strict=True):
        mask = _turned_over(mask, truth, DAMAGES[index], wanted**part, rng)
    candidates = [mask]
    if not _is_damaged_enough(mask, truth):
        # Of few pixels one more or less is much; those of a plain damage can be counted out.
        candidates += [_turned_over(truth == OBJECT, truth, damage, 0.8, rng) for damage in (shrunk, grown)]
    middle = sum(DAMAGED_IOU) / 2
    return min(candidates, key=lambda candidate: abs(_iou(candidate, truth) - middle))


def _is_damaged_enough(mask: Mask, truth: Truth) -> bool:
    return DAMAGED_IOU[0] <= _iou(mask, truth) <= DAMAGED_IOU[1]


def _iou(mask: Mask, truth: Truth) -> float:
    intersection, union = count_overlap(truth, mask)
    return intersection / union if union else 1.0


def _turned_over(mask: Mask, truth: Truth, damage: "Damage", factor: float, rng: Rng) -> Mask:
    """The mask with so many pixels turned over in the order of `damage` that its IoU becomes `factor` times as large."""
    intersection, union = count_overlap(truth, mask)
    if damage.takes:
        open_to_it = mask & (truth == OBJECT)
        count = round(intersection * (1 - factor))
    else:
        open_to_it = ~mask & (truth == 0)
        count = round(union * (1 / factor - 1))
    count = min(count, int(np.count_nonzero(open_to_it)))
    if count == 0:
        return mask
    order = damage.order(mask, rng)
    places = np.flatnonzero(open_to_it)
    values = order.ravel()[places]
    last = np.argpartition(values, count - 1)[:count]
    changed = mask.copy()
    changed.ravel()[places[last]] = not damage.takes
    if not damage.takes:
        # What nobody knows, such as the rim around objects of Pascal VOC, is no gap in what was added.
        changed |= (truth == VOID) & (order <= values[last].max())
    return changed


@dataclass(frozen=True, slots=True)
class Damage:
    """One kind of damage: whether it takes pixels of the object or adds others, and in which order."""

    takes: bool
    order: Callable[[Mask, Rng], Order]


def _depth(mask: Mask) -> Order:
    """Distance to the nearest pixel outside of the mask, the image's border being such; 0 outside of the mask."""
    framed = np.pad(mask, 1).astype(np.uint8)
    return cv2.distanceTransform(framed, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1].astype(np.float64)


def _distance_to(mask: Mask) -> Order:
    """Distance of every pixel to the mask."""
    return cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE).astype(np.float64)


def _one_of(mask: Mask, rng: Rng) -> tuple[int, int]:
    """(x, y) of a random pixel of the mask, of the whole array where it is empty."""
    places = np.flatnonzero(mask) if mask.any() else np.arange(mask.size)
    y, x = divmod(int(places[rng.integers(len(places))]), mask.shape[1])
    return x, y


def _disc_around(x: int, y: int, shape: tuple[int, ...]) -> Order:
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    return np.hypot(columns - x, rows - y)


def _shrinking(mask: Mask, rng: Rng) -> Order:
    return _depth(mask)


def _growing(mask: Mask, rng: Rng) -> Order:
    return _distance_to(mask)


def _biting(mask: Mask, rng: Rng) -> Order:
    """A disc around a pixel of the rim."""
    depth = _depth(mask)
    return _disc_around(*_one_of((depth > 0) & (depth <= 1), rng), mask.shape)


def _cutting(mask: Mask, rng: Rng) -> Order:
    """All beyond a straight line, which comes nearer from one side."""
    angle = rng.uniform(0, 2 * math.pi)
    rows, columns = np.ogrid[: mask.shape[0], : mask.shape[1]]
    return columns * math.cos(angle) + rows * math.sin(angle)


def _bulging(mask: Mask, rng: Rng) -> Order:
    """A disc around a pixel beside the mask."""
    distance = _distance_to(mask)
    return _disc_around(*_one_of((distance > 0) & (distance <= 1), rng), mask.shape)


def _specking(mask: Mask, rng: Rng) -> Order:
    """Three discs away from the mask, where there is room."""
    distance = _distance_to(mask)
    away = distance > min(0.25 * math.sqrt(np.count_nonzero(mask)), 0.5 * distance.max())
    return np.minimum.reduce([_disc_around(*_one_of(away, rng), mask.shape) for _ in range(3)])


shrunk, grown = Damage(True, _shrinking), Damage(False, _growing)
DAMAGES = (
    shrunk,
    grown,
    Damage(True, _biting),
    Damage(True, _cutting),
    Damage(False, _bulging),
    Damage(False, _specking),
)


def box_of(truth: Truth) -> Box:
    """The smallest box around the object."""
    left, top, width, height = cv2.boundingRect((truth == OBJECT).view(np.uint8))
    return left, top, left + width - 1, top + height - 1


STARTS = {
    "nothing": Start("an empty mask", lambda truth, name: {}, counts=False),
    "damaged": Start(
        "a damaged mask of IoU .75 to .85, as DAVIS-585 does",
        lambda truth, name: {"mask": damaged_mask(truth, name)},
        counts=False,
    ),
    "box": Start("the box around the object, whose answer counts", lambda truth, name: {"box": box_of(truth)}, True),
}
