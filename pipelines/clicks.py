"""Where points are put on masks on the processor, exactly: offline hints, and the clicks of a simulated annotator.

Coordinates of points are pixel indices in xy order; masks are (H, W) arrays, indexed yx.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
"""(H, W) bool."""
Truth = NDArray[np.int8]
"""(H, W) int8: 1 object, 0 background, VOID ignored."""
Points = NDArray[np.int64]
"""(n, 2) int64, pixel indices, xy order."""

OBJECT = 1
VOID = -1

MEAN_EXTRA_POINTS = 2.0
"""Mean of the exponential whose whole part is added to the smallest number of hints."""

# Byte-wise partial sums of 8 pixels at a time stay below 256 up to this width.
_WIDEST_WORD_SUM = 255 * 8


@dataclass(frozen=True, slots=True)
class Click:
    """One click of an annotator: the pixel (x, y), inside the object (positive) or outside of it."""

    x: int
    y: int
    positive: bool


def uniform_hints(mask: Mask, min_points: int, rng: np.random.Generator) -> tuple[Points, Points]:
    """Random points on the object and off it: (positive, negative), each (n, 2) int64 in xy order.

    Each side gets `min_points` + floor(Exponential(mean 2)) points, at most as many as it has pixels, drawn
    uniformly without replacement. The number of positive points is drawn first.
    """
    positive = min_points + int(rng.exponential(MEAN_EXTRA_POINTS))
    negative = min_points + int(rng.exponential(MEAN_EXTRA_POINTS))
    inside = _row_counts(mask)
    outside = mask.shape[1] - inside
    return _pick(mask, True, inside, positive, rng), _pick(mask, False, outside, negative, rng)


def random_points(mask: Mask, count: int, rng: np.random.Generator, inside: bool = True) -> Points:
    """At most `count` distinct True pixels of `mask` (False pixels with `inside=False`), uniform, (n, 2) in xy order.

    The order is random too, so that any prefix of the result is a uniform choice as well.
    """
    counts = _row_counts(mask)
    return _pick(mask, inside, counts if inside else mask.shape[1] - counts, count, rng)


def next_click(truth: Truth, prediction: Mask, clicked: Iterable[Click] = ()) -> Click:
    """The click that the evaluation protocol makes next: the centre of the largest disc that fits into an error.

    Missed object pixels compete with falsely predicted ones; equal discs give a negative click; among equal centres
    the first in row-major order is taken. Void pixels and the outside of the image are never errors and end a disc.
    A pixel clicked before cannot be chosen. Without any error left the answer is a negative click at (0, 0), as in
    the published protocol (Sofiiuk et al., RITM, 2021).
    """
    positive, depth = _deeper_error(truth, prediction, clicked)
    x, y = depth.first_largest()
    return Click(x, y, positive)


def random_click(truth: Truth, prediction: Mask, rng: np.random.Generator, clicked: Iterable[Click] = ()) -> Click:
    """A less tidy annotator: the same kind of error as in `next_click`, but any pixel deeper than half of the deepest.

    People do not click exact centres, so a network is worth trying with both annotators.
    """
    positive, depth = _deeper_error(truth, prediction, clicked)
    x, y = depth.random_deep(rng)
    return Click(x, y, positive)


def scattered_click(truth: Truth, prediction: Mask, rng: np.random.Generator, clicked: Iterable[Click] = ()) -> Click:
    """An annotator as scattered as people are: the same kind of error as in `next_click`, but any pixel of it, in whichever
    part, with a probability proportional to its distance from the error's border.

    Pixels clicked before are not chosen again. Without any error left the answer is that of `next_click`.
    """
    positive, depth = _deeper_error(truth, prediction, clicked)
    x, y = depth.random_by_depth(rng)
    return Click(x, y, positive)


def click_array(clicks: Sequence[Click]) -> NDArray[np.float32]:
    """Clicks as (n, 3) float32 rows of x, y, label, with label 1 for positive and 0 for negative clicks."""
    return np.array([(click.x, click.y, click.positive) for click in clicks], dtype=np.float32).reshape(-1, 3)


def _errors(truth: Truth, prediction: Mask) -> tuple[Mask, Mask]:
    """Missed and false pixels; void pixels are neither."""
    object_pixels = truth == OBJECT
    return object_pixels & ~prediction, prediction & ~object_pixels & (truth != VOID)


def _deeper_error(truth: Truth, prediction: Mask, clicked: Iterable[Click]) -> tuple[bool, "_Depth"]:
    """Which kind of error a click is for, and its depths: missed pixels (True), or false ones where those are as deep."""
    clicked = tuple(clicked)
    missed, false = (_Depth.of(error, clicked) for error in _errors(truth, prediction))
    positive = missed.largest > false.largest
    return positive, missed if positive else false


@dataclass(frozen=True, slots=True)
class _Depth:
    """How deep each pixel lies inside an error, as squared distance, stored for the error's bounding box only.

    Outside of the box the depth is 0. The box with one more pixel on every side holds a nearest outside pixel of
    every pixel in it, so cutting to the box changes no distance. Squared distances are whole numbers and compare
    exactly; OpenCV's roots of equal ones differ in the last bit, depending on where in the row they stand.
    """

    left: int
    top: int
    squared: NDArray[np.int32]
    largest: int

    @classmethod
    def of(cls, error: Mask, clicked: Iterable[Click]) -> "_Depth":
        pixels = error.view(np.uint8)
        left, top, width, height = cv2.boundingRect(pixels)
        if width == 0 or height == 0:
            return cls(0, 0, np.zeros((1, 1), np.int32), 0)
        framed = np.zeros((height + 2, width + 2), np.uint8)
        framed[1:-1, 1:-1] = pixels[top : top + height, left : left + width]
        distance = cv2.distanceTransform(framed, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
        squared = np.rint(np.square(distance, dtype=np.float64)).astype(np.int32)
        for click in clicked:
            x, y = click.x - left, click.y - top
            if 0 <= x < width and 0 <= y < height:
                squared[y, x] = 0
        return cls(left, top, squared, int(squared.max()))

    def first_largest(self) -> tuple[int, int]:
        """(x, y) of the first largest depth; (0, 0) where there is no depth anywhere."""
        if self.largest == 0:
            return 0, 0
        y, x = divmod(int(self.squared.argmax()), self.squared.shape[1])
        return self.left + x, self.top + y

    def random_deep(self, rng: np.random.Generator) -> tuple[int, int]:
        """(x, y) of a pixel deeper than half of the largest depth; (0, 0) where there is no depth anywhere."""
        if self.largest == 0:
            return 0, 0
        deep = np.flatnonzero(4 * self.squared > self.largest)
        y, x = divmod(int(deep[rng.integers(deep.size)]), self.squared.shape[1])
        return self.left + x, self.top + y

    def random_by_depth(self, rng: np.random.Generator) -> tuple[int, int]:
        """(x, y) of any pixel of the error, as likely as it is deep; (0, 0) where there is no depth anywhere."""
        if self.largest == 0:
            return 0, 0
        up_to = np.sqrt(self.squared, dtype=np.float64).cumsum()
        up_to /= up_to[-1]
        # A pixel of depth 0 adds nothing to the sum, so the first one above what is drawn has some depth.
        chosen = int(up_to.searchsorted(rng.random(), side="right"))
        y, x = divmod(chosen, self.squared.shape[1])
        return self.left + x, self.top + y


def _row_counts(mask: Mask) -> NDArray[np.int64]:
    """True pixels in each row, (H,) int64.

    Eight pixels are added in one 64-bit word, several times faster than summing booleans, which would first be
    widened to 64 bits each; this function is most of the cost of a hint.
    """
    height, width = mask.shape
    if width % 8 == 0 and 0 < width <= _WIDEST_WORD_SUM and mask.flags.c_contiguous:
        words = mask.view(np.uint64).sum(axis=1, dtype=np.uint64)
        return words.view(np.uint8).reshape(height, 8).sum(axis=1, dtype=np.int64)
    return mask.sum(axis=1, dtype=np.int64)


def _pick(mask: Mask, value: bool, row_counts: NDArray[np.int64], count: int, rng: np.random.Generator) -> Points:
    """`count` distinct pixels equal to `value`, given how many of them each row has."""
    below = row_counts.cumsum()
    total = int(below[-1]) if below.size else 0
    ranks = _distinct_ranks(total, min(count, total), rng)
    rows = below.searchsorted(ranks, side="right").tolist()
    points = np.empty((len(ranks), 2), np.int64)
    for index, (rank, row) in enumerate(zip(ranks, rows, strict=True)):
        line = mask[row]
        columns = (line if value else ~line).nonzero()[0]
        points[index] = columns[rank - int(below[row])], row
    return points


def _distinct_ranks(total: int, count: int, rng: np.random.Generator) -> list[int]:
    """`count` different numbers below `total`, every ordered choice equally likely."""
    if count == 0:
        return []
    if count * 2 > total:
        return [int(rank) for rank in rng.permutation(total)[:count]]
    # Drawing again after a repetition leaves all ordered choices equally likely, and repetitions are rare.
    ranks = dict.fromkeys(rng.integers(total, size=count).tolist())
    while len(ranks) < count:
        ranks[int(rng.integers(total))] = None
    return list(ranks)
