"""What can be said of an object in words: `TRAITS` has all of them; adding one is one function here.

A report says what the worst objects have in common by how many of them have a trait, beside how many of all have it.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipelines.clicks import OBJECT, Truth

SMALL, LARGE = 0.01, 0.3
"""Shares of the image."""
THIN = 0.15
"""4π · area / perimeter² of a disc is 1, of a square 0.79, of a bar ten times as long as wide 0.26."""
SPECK = 0.02
"""A part or a hole counts from this share of the object's pixels on."""
FAINT = 30.0
"""Distance of mean colours in RGB, each 0 to 255."""
DARK = 60.0
"""Mean grey, 0 to 255."""
COMMON = 2.0
"""A trait stands out when the worst have it so many times as often as all, or at least half of the way to always."""

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Trait:
    """Something an object may be."""

    name: str
    meaning: str
    """Completes "12 of 20 …"."""
    holds: Callable[[Pixels, Truth], bool]


TRAITS: dict[str, Trait] = {}


def trait(name: str, meaning: str) -> Callable[[Callable[[Pixels, Truth], bool]], Callable[[Pixels, Truth], bool]]:
    """Registers a function of image (H, W, 3) and truth (H, W), which has an object, as a trait."""

    def register(holds: Callable[[Pixels, Truth], bool]) -> Callable[[Pixels, Truth], bool]:
        TRAITS[name] = Trait(name, meaning, holds)
        return holds

    return register


def traits_of(image: Pixels, truth: Truth) -> tuple[str, ...]:
    """The names of all traits that the object has, in the order of `TRAITS`."""
    return tuple(name for name, each in TRAITS.items() if each.holds(image, truth))


@trait("small", f"cover less than {SMALL:.0%} of the image")
def _small(image: Pixels, truth: Truth) -> bool:
    return _area(truth) < SMALL * truth.size


@trait("large", f"cover more than {LARGE:.0%} of the image")
def _large(image: Pixels, truth: Truth) -> bool:
    return _area(truth) > LARGE * truth.size


@trait("border", "touch the image's border")
def _border(image: Pixels, truth: Truth) -> bool:
    inside = truth == OBJECT
    return bool(inside[[0, -1]].any() or inside[:, [0, -1]].any())


@trait("parts", f"have several parts of at least {SPECK:.0%} of their pixels each")
def _parts(image: Pixels, truth: Truth) -> bool:
    return _pieces(truth == OBJECT, _area(truth)) > 1


@trait("holes", f"have holes of at least {SPECK:.0%} of their pixels")
def _holes(image: Pixels, truth: Truth) -> bool:
    around = np.pad(truth != OBJECT, 1, constant_values=True)
    return _pieces(around, _area(truth)) > 1


@trait("thin", f"are thin (4π · area / perimeter² below {THIN:g})")
def _thin(image: Pixels, truth: Truth) -> bool:
    outlines, _ = cv2.findContours(_padded(truth), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    perimeter = sum(cv2.arcLength(outline, closed=True) for outline in outlines)
    return perimeter > 0 and 4 * math.pi * _area(truth) / perimeter**2 < THIN


@trait("faint", f"differ in mean colour from what is around them by less than {FAINT:g} of 255")
def _faint(image: Pixels, truth: Truth) -> bool:
    inside = truth == OBJECT
    reach = max(2, round(0.25 * math.sqrt(_area(truth))))
    box = cv2.getStructuringElement(cv2.MORPH_RECT, (2 * reach + 1, 2 * reach + 1))
    around = (cv2.dilate(inside.view(np.uint8), box) > 0) & (truth == 0)
    if not around.any():
        return False
    return bool(np.linalg.norm(image[inside].mean(axis=0) - image[around].mean(axis=0)) < FAINT)


@trait("dark", f"are dark (mean grey below {DARK:g} of 255)")
def _dark(image: Pixels, truth: Truth) -> bool:
    return bool(image[truth == OBJECT].mean() < DARK)


def _area(truth: Truth) -> int:
    return int(np.count_nonzero(truth == OBJECT))


def _padded(truth: Truth) -> NDArray[np.uint8]:
    return np.pad((truth == OBJECT).view(np.uint8), 1)


def _pieces(mask: NDArray[np.bool_], area: int) -> int:
    """Connected pieces, also over corners, with at least a speck's share of `area` pixels."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=8)
    return int(np.count_nonzero(stats[1:, cv2.CC_STAT_AREA] >= SPECK * area))


@dataclass(frozen=True, slots=True)
class Commonness:
    """How common a trait is among some objects, beside all of them."""

    trait: Trait
    worst: int
    of_worst: int
    everywhere: int
    of_all: int

    @property
    def stands_out(self) -> bool:
        """Whether at least two of the worst have it, and clearly more of them than of all."""
        share, usual = self.worst / self.of_worst, self.everywhere / self.of_all
        return self.worst >= 2 and share > usual and (share >= COMMON * usual or share >= (1 + usual) / 2)

    def __str__(self) -> str:
        return (
            f"{self.worst} of {self.of_worst} {self.trait.meaning} (of all objects {self.everywhere} of {self.of_all})"
        )


def in_common(worst: Sequence[Iterable[str]], everything: Sequence[Iterable[str]]) -> list[Commonness]:
    """How common each trait is among the worst objects and among all, those that stand out most first.

    Both are rows of trait names, an object each; traits that none of the worst has are left out.
    """
    found = []
    for name, each in TRAITS.items():
        count, usual = (sum(name in names for names in objects) for objects in (worst, everything))
        if count:
            found.append(Commonness(each, count, len(worst), usual, len(everything)))
    return sorted(found, key=lambda one: one.everywhere / one.of_all - one.worst / one.of_worst)
