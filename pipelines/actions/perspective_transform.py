"""`perspective_transform`: look at the image from another side, at its objects too.

Family: space.

>>> worked("perspective_transform", {"scale": {"min": 0.1, "max": 0.1}, "size_box": {"keep": True}}, "20x10")
20x10

Picture: coffee(cup, spoon) {"scale": {"min": 0.12, "max": 0.12}}

Picture: coffee(cup, spoon) {"scale": {"min": 0.12, "max": 0.12}, "size_box": {"keep": true, "fit": true}}
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

import cv2
import numpy as np
from pydantic import ConfigDict, Field

from pipelines import geometry
from pipelines.actions.base import Action, Finding, Notes, action
from pipelines.actions.masks_before_warp import with_mask_classes, with_masks
from pipelines.actions.outcomes import Arriving, Extent, Outcome
from pipelines.actions.parameters import STRICT, Range, require_generator
from pipelines.image import PixelOp, Pixels, Rect, Size
from pipelines.meta import Meta
from pipelines.sample import Sample
from pipelines.warps import Homography

SMALLEST_SCALE, LARGEST_SCALE = 0.01, 0.5

# Four corners that move by at most a quarter of a side span a convex quadrilateral, whatever they do.
_FURTHEST = 0.25


@dataclass(frozen=True, slots=True)
class PerspectivePixels(PixelOp):
    """A projective map on a canvas, bilinear with pixel centres aligned; `matrix` is its 3x3, row after row, source to result.

    Places outside of the source get the grey level `fill`.
    """

    word: ClassVar[str] = "perspective"
    matrix: tuple[float, ...]
    width: int
    height: int
    fill: int

    def apply(self, pixels: Pixels) -> Pixels:
        # OpenCV counts from pixel middles, the plane from pixel corners.
        to_corner, to_middle = np.eye(3), np.eye(3)
        to_corner[:2, 2], to_middle[:2, 2] = 0.5, -0.5
        matrix = to_middle @ np.reshape(self.matrix, (3, 3)) @ to_corner
        return cv2.warpPerspective(
            pixels, matrix, (self.width, self.height), flags=cv2.INTER_LINEAR, borderValue=(self.fill,) * 3
        )

    def size_after(self, size: Size) -> Size:
        return self.height, self.width


@dataclass(frozen=True)
class SizeBox:
    """`keep`: the result has the image's size; `fit`: the whole image is shown, with a margin in the colour of `cval`."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    keep: bool = True
    """With true the result has the image's size, otherwise that of the part it shows."""
    fit: bool = False
    """With true the whole image stays visible, with a margin around it; otherwise the part between the moved corners fills the
    result."""


@dataclass(frozen=True)
class Fill:
    """A grey level."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    value: Annotated[float, Field(ge=0, le=255)] = 0
    """The grey level, 0 for black to 255 for white; a fraction is dropped."""


@action("perspective_transform")
@dataclass(frozen=True)
class PerspectiveTransform(Action):
    scale: Range
    """How far corners move is normal with a standard deviation that is drawn from `min` to `max` (0.01 to 0.5 of a side); never
    more than a quarter of the side."""
    size_box: SizeBox = SizeBox()
    """`keep` (default true): the result has the image's size, otherwise that of the part it shows. With `fit`
    (default false) the corners of the image move inwards and all of it stays visible; without, the part between the moved
    corners fills the result."""
    cval: Fill = Fill()
    """`{"value": 0}`: the grey level of what lies outside of the image."""
    classes_mapping: dict[str, str] = field(default_factory=dict)
    """Title → new title of a class of masks: objects of these classes become masks before they are mapped."""

    random: ClassVar[bool] = True
    examples: ClassVar[tuple[Any, ...]] = (
        {"scale": {"min": 0.04, "max": 0.15}},
        {"scale": {"min": 0.1, "max": 0.1}, "size_box": {"keep": False, "fit": True}, "cval": {"value": 128}},
        {"scale": {"min": 0.05, "max": 0.1}, "classes_mapping": {"car": "car_mask"}},
    )

    def problems(self) -> Iterator[Finding]:
        return self.scale.problems(("scale",), SMALLEST_SCALE, LARGEST_SCALE)

    def map_meta(self, meta: Meta, notes: Notes) -> Meta:
        return with_mask_classes(meta, self.classes_mapping, notes)

    def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
        """Rectangles become the box of their mapped outline; objects are cut to what the result shows."""
        rng = require_generator(rng, "perspective_transform")
        size = sample.image.size
        inner = moved_corners(size, self.scale.draw(rng), rng)
        matrix, (height, width) = self._fitted(size, inner) if self.size_box.fit else self._filled(size, inner)
        shown = _corners(size) if self.size_box.fit else inner
        op = PerspectivePixels(tuple(matrix.ravel().tolist()), width, height, int(self.cval.value))
        change = Homography(matrix, (height, width), shown)
        return (geometry.warp(with_masks(sample, self.classes_mapping), change, op, Rect(0, 0, width, height)),)

    def outcomes(self, arriving: Arriving) -> tuple[Outcome, ...]:
        return super().outcomes(arriving if self.size_box.keep else arriving.sized(Extent(), Extent()))

    def _filled(self, size: Size, inner: np.ndarray) -> tuple[np.ndarray, Size]:
        """The map that lays the inner quadrilateral on the whole result, and the result's (height, width)."""
        if self.size_box.keep:
            canvas = size
        else:
            top, right, bottom, left = (math.dist(inner[side], inner[(side + 1) % 4]) for side in range(4))
            canvas = max(1, round(max(left, right))), max(1, round(max(top, bottom)))
        return _map_between(inner, _corners(canvas)), canvas

    def _fitted(self, size: Size, inner: np.ndarray) -> tuple[np.ndarray, Size]:
        """The map that lays the whole image on the inner quadrilateral, moved and scaled to fill the result."""
        low, high = inner.min(axis=0), inner.max(axis=0)
        width, height = (high - low).tolist()
        canvas = size if self.size_box.keep else (max(1, round(height)), max(1, round(width)))
        return _map_between(_corners(size), (inner - low) * (canvas[1] / width, canvas[0] / height)), canvas


def moved_corners(size: Size, scale: float, rng: np.random.Generator) -> np.ndarray:
    """Corners of an image of this (height, width), moved inwards along both sides: (4, 2), clockwise from the top left."""
    shares = np.minimum(np.abs(rng.normal(0, scale, (4, 2))), _FURTHEST)
    inwards = np.array([(1, 1), (-1, 1), (-1, -1), (1, -1)]) * (size[1], size[0])
    found: np.ndarray = _corners(size) + shares * inwards
    return found


def _corners(size: Size) -> np.ndarray:
    return np.array([(0, 0), (size[1], 0), (size[1], size[0]), (0, size[0])], np.float64)


def _map_between(source: np.ndarray, result: np.ndarray) -> np.ndarray:
    """The projective 3x3 matrix that takes four corners to four others, its last entry 1."""
    rows: list[list[float]] = []
    for (x, y), (u, v) in zip(source.tolist(), result.tolist(), strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
    return np.append(np.linalg.solve(np.array(rows), result.ravel()), 1).reshape(3, 3)
