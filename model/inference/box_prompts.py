"""A box as the only prompt: what a network that was trained with clicks is told in its place, and its answer to that.

Boxes are inclusive pixel rectangles (left, top, right, bottom), xy order. Legend: H W image.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from model.clicks.views import Pyramid
from model.inference.zoom import View
from pipelines.clicks import Click
from pipelines.errors import UserError

if TYPE_CHECKING:
    from model.inference.predictor import Predictor

Box = tuple[int, int, int, int]
"""Left, top, right, bottom; all four belong to it."""

PRIOR = 0.7
"""The previous answer inside of the box's ellipse: as sure as such a guess is. 1 makes the network keep the ellipse, 0 makes it
look for what a click in the middle would mean."""
OUTSIDE = 0.05
"""Negative points lie so far out of the box, in longer sides of it."""
MARGIN = 0.03
"""Farther out of the box than this, in longer sides of it, nothing is the object."""
PASSES = 3
"""Runs of the network, each on the answer of the one before."""

Probability = NDArray[np.float32]


def checked_box(box: Sequence[int], size_hw: tuple[int, int]) -> Box:
    """The box as four whole numbers. UserError where it is none, or is not within the image."""
    height, width = size_hw
    if len(box) != 4 or any(int(value) != value for value in box):
        raise UserError(f"the box {tuple(box)} is not four whole numbers; give left, top, right, bottom in pixels")
    left, top, right, bottom = (int(value) for value in box)
    if not (0 <= left <= right < width and 0 <= top <= bottom < height):
        raise UserError(
            f"box of left {left}, top {top}, right {right}, bottom {bottom} does not lie in the image: x goes from 0 to "
            f"{width - 1}, y from 0 to {height - 1}, left is at most right, top at most bottom"
        )
    return left, top, right, bottom


def box_points(box: Box, size_hw: tuple[int, int]) -> tuple[Click, ...]:
    """The clicks that the box stands for: positive in its middle, negative outside of its sides and corners."""
    left, top, right, bottom = box
    height, width = size_hw
    x, y = (left + right) // 2, (top + bottom) // 2
    away = max(2, round(OUTSIDE * _longer_side(box)))
    columns, rows = (left - away, x, right + away), (top - away, y, bottom + away)
    around = [(column, row) for row in rows for column in columns if (column, row) != (x, y)]
    negative = [Click(column, row, False) for column, row in around if 0 <= column < width and 0 <= row < height]
    return Click(x, y, True), *negative


def prior(box: Box, size_hw: tuple[int, int]) -> Probability:
    """`PRIOR` in the ellipse that touches the box's sides, 0 elsewhere: (H, W)."""
    left, top, right, bottom = box
    y, x = np.ogrid[: size_hw[0], : size_hw[1]]
    across = (x - (left + right) / 2) / ((right - left + 1) / 2)
    down = (y - (top + bottom) / 2) / ((bottom - top + 1) / 2)
    return np.where(across**2 + down**2 <= 1, np.float32(PRIOR), np.float32(0))


def within(probability: Probability, box: Box) -> Probability:
    """The probability (H, W), 0 where it is farther from the box than the margin."""
    left, top, right, bottom = box
    margin = max(1, round(MARGIN * _longer_side(box)))
    kept = np.zeros_like(probability)
    part = slice(max(0, top - margin), bottom + margin + 1), slice(max(0, left - margin), right + margin + 1)
    kept[part] = probability[part]
    return kept


def box_answer(
    predictor: "Predictor", image: Pyramid, box: Box, size_hw: tuple[int, int]
) -> tuple[Probability, View, float | None]:
    """What the network makes of the box alone, (H, W), how it looked: at the box, enlarged as by `ZoomIn`; and its score."""
    left, top, right, bottom = box
    filled = np.zeros(size_hw, np.float32)
    filled[top : bottom + 1, left : right + 1] = 1
    region = predictor.zoom.region_around(filled, ())
    if region is None:
        raise ValueError(f"the box {box} holds no pixel")
    view = View(region, region, predictor.zoom.input_size(region.height, region.width), predictor.zoom.corners)
    points = view.points(box_points(box, size_hw), size_hw).to(image.device)
    probability = prior(box, size_hw)
    for _ in range(PASSES):
        previous = torch.tensor(probability, device=image.device)[None, None]
        logits, scores = predictor.answers(view.cut(image), view.cut(Pyramid(previous)), points)
        probability = within(view.paste_back(torch.sigmoid(logits.float()), size_hw), box)
    return probability, view, None if scores is None else scores.item()


def _longer_side(box: Box) -> int:
    left, top, right, bottom = box
    return max(right - left + 1, bottom - top + 1)
