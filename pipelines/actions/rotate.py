"""`rotate`: turn the image by a random angle.

Family: space.

>>> worked("rotate", {"rotate_angles": {"min_degrees": 90, "max_degrees": 90}, "black_regions": {"mode": "keep"}},
...     "20x10", "b bitmap (3,4) ##.")
10x20
  b bitmap (4,15) # #

>>> worked("rotate", {"rotate_angles": {"min_degrees": 45, "max_degrees": 45}, "black_regions": {"mode":
...     "preserve_size"}}, "100x50", "r rectangle (10,10) (30,20)")
100x50
  r rectangle (10.6091,28.0355) (31.8223,49.2487)

Picture: coffee(cup, spoon) {"rotate_angles": {"min_degrees": 20, "max_degrees": 20}, "black_regions": {"mode":
  "keep"}}

Picture: coffee(cup, spoon) {"rotate_angles": {"min_degrees": 20, "max_degrees": 20}, "black_regions": {"mode":
  "crop"}}

Picture: coffee(cup, spoon) {"rotate_angles": {"min_degrees": 20, "max_degrees": 20}, "black_regions": {"mode":
  "preserve_size"}}
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import cv2
import numpy as np
from pydantic import ConfigDict

from pipelines import geometry
from pipelines.actions.base import Action, Finding, action
from pipelines.actions.outcomes import Arriving, Extent, Outcome
from pipelines.actions.parameters import STRICT, require_generator
from pipelines.figures.shape import half_up
from pipelines.image import PixelOp, Pixels, Rect, Size
from pipelines.sample import Sample
from pipelines.warps import Homography

# Sines of right angles are off by 1e-16, which must not cost or add a row.
_ROUNDING_ERROR = 1e-6


@dataclass(frozen=True, slots=True)
class RotatePixels(PixelOp):
    """Turned counter-clockwise by `degrees` on the canvas that holds the whole picture; of that, the window at (left, top).

    Lanczos over 8x8 pixels with pixel centres aligned: turns by right angles are exact. Outside of the picture is black; with
    `mirror`, for windows that lie inside of it, the filter sees the picture continued by reflection instead.
    """

    word: ClassVar[str] = "rotate"
    degrees: float
    left: int
    top: int
    width: int
    height: int
    mirror: bool

    def apply(self, pixels: Pixels) -> Pixels:
        matrix, _ = rotation((pixels.shape[0], pixels.shape[1]), self.degrees)
        # OpenCV counts from pixel middles, the plane from pixel corners.
        matrix = matrix[:2].copy()
        matrix[:, 2] += matrix[:, :2] @ (0.5, 0.5) - (0.5 + self.left, 0.5 + self.top)
        border = cv2.BORDER_REFLECT_101 if self.mirror else cv2.BORDER_CONSTANT
        return cv2.warpAffine(
            pixels, matrix, (self.width, self.height), flags=cv2.INTER_LANCZOS4, borderMode=border, borderValue=0
        )

    def size_after(self, size: Size) -> Size:
        return self.height, self.width


@dataclass(frozen=True)
class Angles:
    """From which to which angle, in degrees; positive is counter-clockwise."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    min_degrees: float
    """The lower end of the angles to draw, all equally likely; below 0 is clockwise."""
    max_degrees: float
    """The upper end of the angles to draw."""


@dataclass(frozen=True)
class BlackRegions:
    """What becomes of the black corners."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    mode: Literal["keep", "crop", "preserve_size"]
    """`keep` leaves them; `crop` takes the largest part without them; `preserve_size` takes a window of the old size from the
    middle."""


@action("rotate")
@dataclass(frozen=True)
class Rotate(Action):
    rotate_angles: Angles
    """The angle is drawn from `min_degrees` to `max_degrees`; positive turns counter-clockwise."""
    black_regions: BlackRegions
    """`mode`: `keep` the whole turned image; `crop` the largest part without black; `preserve_size` cuts a window of the old
    size from the middle."""

    random: ClassVar[bool] = True
    examples: ClassVar[tuple[Any, ...]] = tuple(
        {"rotate_angles": {"min_degrees": -30, "max_degrees": 30}, "black_regions": {"mode": mode}}
        for mode in ("keep", "crop", "preserve_size")
    )

    def problems(self) -> Iterator[Finding]:
        low, high = self.rotate_angles.min_degrees, self.rotate_angles.max_degrees
        if low > high:
            yield Finding(
                ("rotate_angles",), f"min_degrees {low:g} is greater than max_degrees {high:g}; exchange them"
            )

    # The original engine differs in three ways that are not kept: its picture lies half a pixel beside its vector figures
    # (it takes pixel indices for places), its canvas is a row too large at right angles, and its inner rectangle is not the
    # largest one: for long images it is empty although there is one.
    def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
        """Nothing when `crop` leaves no pixel."""
        angles = self.rotate_angles
        degrees = float(require_generator(rng, "rotate").uniform(angles.min_degrees, angles.max_degrees))
        size, mode = sample.image.size, self.black_regions.mode
        matrix, canvas = rotation(size, degrees)
        window = Rect(0, 0, canvas[1], canvas[0])
        if mode != "keep":
            inner = size if mode == "preserve_size" else largest_inside(size, degrees)
            if min(inner) < 1:
                return ()
            window = centred(inner, canvas)
        op = RotatePixels(degrees, window.left, window.top, window.width, window.height, mode == "crop")
        cut = None if mode == "keep" else window
        return (geometry.warp(sample, Homography(matrix, canvas), op, cut),)

    def outcomes(self, arriving: Arriving) -> tuple[Outcome, ...]:
        keeps = self.black_regions.mode == "preserve_size"
        return super().outcomes(arriving if keeps else arriving.sized(Extent(), Extent()))


def rotation(size: Size, degrees: float) -> tuple[np.ndarray, Size]:
    """For an image of this (height, width): the 3x3 matrix of the plane, and the (height, width) of the whole canvas.

    The middle of the image comes to lie in the middle of the canvas.
    """
    height, width = size
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    canvas_width = math.ceil(width * abs(cos) + height * abs(sin) - _ROUNDING_ERROR)
    canvas_height = math.ceil(width * abs(sin) + height * abs(cos) - _ROUNDING_ERROR)
    turn = np.array([[cos, sin], [-sin, cos]])
    matrix = np.eye(3)
    matrix[:2, :2] = turn
    matrix[:2, 2] = np.array([canvas_width, canvas_height]) / 2 - turn @ (width / 2, height / 2)
    return matrix, (canvas_height, canvas_width)


def largest_inside(size: Size, degrees: float) -> Size:
    """(height, width), rounded down, of the largest upright rectangle inside a turned image of this (height, width).

    Either two opposite corners touch the image's long sides (a narrow image: any place along them is as good), or all four
    corners touch a side; the formulas follow from the two sides' equations.
    """
    height, width = size
    cos, sin = abs(math.cos(math.radians(degrees))), abs(math.sin(math.radians(degrees)))
    short, long = min(size), max(size)
    if short <= 2 * sin * cos * long or abs(sin - cos) < 1e-10:
        half = short / 2
        sides = (half / cos, half / sin) if width >= height else (half / sin, half / cos)
    else:
        double = cos**2 - sin**2
        sides = ((height * cos - width * sin) / double, (width * cos - height * sin) / double)
    return math.floor(sides[0] + _ROUNDING_ERROR), math.floor(sides[1] + _ROUNDING_ERROR)


def centred(inner: Size, outer: Size) -> Rect:
    """The window of (height, width) `inner` in the middle of `outer`; where it is larger it reaches over the borders."""
    left, top = half_up((outer[1] - inner[1]) / 2), half_up((outer[0] - inner[0]) / 2)
    return Rect(left, top, left + inner[1], top + inner[0])
