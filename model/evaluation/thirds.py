"""Thirds of size: the objects of a set by the share of the image that each covers.

The bounds of well-known sets are fixed, so that a third means the same objects in every report.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

THIRDS = ("small", "middle", "large")

FIXED_BOUNDS = {
    ("voc2007-44", 44): (0.012837, 0.104336),
    ("carparts-test", 100): (0.011719, 0.047632),
}
"""(name of the folder, number of images) → the bounds: the 1/3 and 2/3 quantiles, interpolated linearly, of pixels of the
object / pixels of the image over all 115 and 811 objects, rounded to six digits after the point."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Where one third ends and the next begins, as shares of the image."""

    lower: float
    upper: float
    fixed: bool
    """Whether they are those of a well-known set; otherwise they are the evaluated objects' own."""

    def third_of(self, share: float) -> str:
        """One of `THIRDS`; an object on a bound belongs to the larger third."""
        return THIRDS[(share >= self.lower) + (share >= self.upper)]


def bounds_of(location: str, images: int, shares: Sequence[float]) -> Bounds:
    """The bounds for the set at `location`, as on the command line, with so many images.

    shares: pixels of the object / pixels of the image of all evaluated objects, which count where the set is not known.
    """
    name = location.rstrip("/").replace(":", "/").rpartition("/")[2]
    if (name, images) in FIXED_BOUNDS:
        return Bounds(*FIXED_BOUNDS[name, images], fixed=True)
    return Bounds(*own_bounds(shares), fixed=False)


def own_bounds(shares: Sequence[float]) -> tuple[float, float]:
    """The 1/3 and 2/3 quantiles."""
    lower, upper = np.quantile(np.asarray(shares, np.float64), [1 / 3, 2 / 3])
    return float(lower), float(upper)
