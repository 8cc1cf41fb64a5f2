"""What one visit to a training sample starts from: which of its hints, and sometimes a damaged copy of its mask.

Everything drawn comes from the generator that is handed in, so a visit is a pure function of the sample and its seed.
Labels are (H, W) int8, 1 object, 0 background, -1 ignored; points (n, 3) float32 rows of
x, y, label as in `model.clicks.tensors`.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from model.clicks.tensors import NEGATIVE, POSITIVE
from model.training.config import Clicks
from pipelines.clicks import OBJECT, VOID, click_array, random_click

Labels = NDArray[np.int8]
Points = NDArray[np.float32]
Rng = np.random.Generator

CENTRAL = 1.7
"""A central point lies deeper than the deepest one divided by this (RITM's choice of the first click)."""
DAMAGED_IOU = (0.6, 0.9)
"""What a damaged mask has in common with the true one."""
_ATTEMPTS = 6


def training_points(points: Points, label: Labels, clicks: Clicks, rng: Rng) -> Points:
    """The clicks a visit begins with, (m, 3), chosen from the stored hints (n, 3).

    Stored hints always hold a negative click, which real sessions do not begin with. So: sometimes a single central
    positive click; otherwise a random number of the positive hints, at least one, and of the negative ones, often none.
    """
    if rng.random() < clicks.single_positive:
        central = central_point(label, rng)
        if central is not None:
            return central
    positive = some_of(points[points[:, 2] == POSITIVE], 1, rng)
    negative = points[points[:, 2] == NEGATIVE]
    if rng.random() < clicks.drop_negatives:
        return positive
    return np.concatenate([positive, some_of(negative, 0, rng)])


def some_of(points: Points, at_least: int, rng: Rng) -> Points:
    """A random subset, its size drawn uniformly from `at_least` to all."""
    if len(points) < at_least:
        return points
    return points[rng.permutation(len(points))[: rng.integers(at_least, len(points) + 1)]]


def central_point(label: Labels, rng: Rng) -> Points | None:
    """One positive click (1, 3) far from the object's border; None where there is no object."""
    depth = cv2.distanceTransform(np.pad(label == 1, 1).astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1]
    deepest = depth.max()
    if deepest == 0:
        return None
    rows, columns = np.nonzero(depth > deepest / CENTRAL)
    chosen = rng.integers(len(rows))
    return np.array([[columns[chosen], rows[chosen], POSITIVE]], np.float32)


def corrupted_mask(label: Labels, rng: Rng) -> NDArray[np.bool_]:
    """A damaged copy of the true mask, as another tool or a hasty person may have left it: grown or shrunk, then cut.

    Its IoU with the truth is in `DAMAGED_IOU`, but for shapes that no damage of this kind brings there.
    """
    mask = (label == 1).astype(np.uint8)
    if not mask.any():
        return mask.astype(bool)
    grows, filled = rng.random() < 0.5, int(rng.integers(2))
    rows, columns = np.nonzero(mask)
    place = rng.integers(len(rows))
    centre = (int(columns[place]), int(rows[place]))
    reach, side = np.sqrt(len(rows)) * rng.uniform((0.03, 0.1), (0.1, 0.4))
    changed = mask
    for _ in range(_ATTEMPTS):
        changed = damaged(mask, grows, round(reach), centre, round(side), filled)
        overlap = np.count_nonzero(mask & changed) / np.count_nonzero(mask | changed)
        if DAMAGED_IOU[0] <= overlap <= DAMAGED_IOU[1]:
            break
        if overlap < DAMAGED_IOU[0]:
            reach, side = 0.6 * reach, 0.6 * side
        else:
            filled, side = 0, 1.4 * side
    return changed.astype(bool)


def damaged(
    mask: NDArray[np.uint8], grows: bool, reach: int, centre: tuple[int, int], side: int, filled: int
) -> NDArray[np.uint8]:
    """`mask`, (H, W) 0 or 1, grown or shrunk by `reach` pixels, then `filled`, 0 or 1, in a disc around `centre` (x, y)."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    changed = cv2.dilate(mask, disc) if grows else cv2.erode(mask, disc)
    cv2.circle(changed, centre, side, filled, thickness=-1)
    return changed.astype(np.uint8)


def correcting_point(start: NDArray[np.bool_], label: Labels, rng: Rng) -> Points | None:
    """The click (1, 3) of a person who begins with the mask `start`: anywhere deep in the deeper kind of error.

    None where nothing is wrong with it.
    """
    if not ((label == OBJECT) != start)[label != VOID].any():
        return None
    return click_array([random_click(label, start, rng)])
