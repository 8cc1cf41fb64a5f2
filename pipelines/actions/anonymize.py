"""`anonymize`: make objects unrecognisable in the picture, by blur or paint.

Family: light and colour.

>>> worked("anonymize", {"classes": ["face"], "type": "color", "color": [0, 0, 0]}, "4x2", "face bitmap (1,0) ##",
...     pixels=[[9, 9, 9, 9], [9, 9, 9, 9]])
4x2
  face bitmap (1,0) ##
  9 0 0 9
  9 9 9 9

Picture: astronaut(face, badge), plain {"classes": ["face"], "type": "blur"}

Picture: astronaut(face, badge), plain {"classes": ["face", "badge"], "type": "color", "color": [20, 20, 20]}
"""

import base64
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Annotated, Any, ClassVar, Literal

import cv2
import numpy as np
from pydantic import Field

from pipelines.actions.base import Action, Finding, Notes, action
from pipelines.actions.parameters import SomeNames
from pipelines.figures import Bitmap, Figure
from pipelines.image import Image, PixelOp, Pixels
from pipelines.meta import Meta, color_of
from pipelines.sample import Sample

SIGMA = 50.0
"""Standard deviation of the blur in pixels: nothing of a face or a number plate is left."""

# The picture is shrunk before the blur: what a Gaussian of so many of its own pixels leaves needs no finer grid.
_COARSE_SIGMA = 6.0

Level = Annotated[int, Field(ge=0, le=255)]
Color = Annotated[tuple[Level, ...], Field(min_length=3, max_length=3)]


@dataclass(frozen=True, slots=True)
class PaintRegion(PixelOp):
    """One colour on all pixels under a mask at (x, y), of `height` rows and `width` columns.

    `mask` is base64 of the deflated rows that a `Bitmap` packs: a recipe must be able to stand in a table of text.
    """

    word: ClassVar[str] = "anonymize_paint"
    x: int
    y: int
    height: int
    width: int
    mask: str
    color: tuple[int, ...]

    def apply(self, pixels: Pixels) -> Pixels:
        result = pixels.copy()
        result[_covered(pixels, self.x, self.y, self.height, self.width, self.mask)] = self.color
        return result


@dataclass(frozen=True, slots=True)
class BlurRegion(PixelOp):
    """A Gaussian of standard deviation `sigma` on all pixels under a mask; the fields are those of `PaintRegion`."""

    word: ClassVar[str] = "anonymize_blur"
    x: int
    y: int
    height: int
    width: int
    mask: str
    sigma: float

    def apply(self, pixels: Pixels) -> Pixels:
        covered = _covered(pixels, self.x, self.y, self.height, self.width, self.mask)
        height, width = covered.shape
        factor = max(1.0, self.sigma / _COARSE_SIGMA)
        coarse = max(1, round(width / factor)), max(1, round(height / factor))
        small = cv2.resize(pixels, coarse, interpolation=cv2.INTER_AREA)
        blurred = cv2.GaussianBlur(small, (0, 0), self.sigma / factor, borderType=cv2.BORDER_REPLICATE)
        result = pixels.copy()
        result[covered] = cv2.resize(blurred, (width, height), interpolation=cv2.INTER_LINEAR)[covered]
        return result


@action("anonymize")
@dataclass(frozen=True)
class Anonymize(Action):
    classes: SomeNames
    """Objects of these classes are made unrecognisable; the objects themselves stay in the annotation."""
    type: Literal["blur", "color", "class_color"]
    """`blur` strongly; paint with `color`; or paint each class with `class_color`, the colour that belongs to its title."""
    color: Color | None = None
    """For the type `color`: `[red, green, blue]`, each 0 to 255."""

    examples: ClassVar[tuple[Any, ...]] = (
        {"classes": ["person"], "type": "blur"},
        {"classes": ["person", "car"], "type": "color", "color": [0, 0, 0]},
        {"classes": ["person", "car"], "type": "class_color"},
    )

    def problems(self) -> Iterator[Finding]:
        if self.type == "color" and self.color is None:
            yield Finding((), 'the type "color" needs "color": [red, green, blue], which is missing')

    def map_meta(self, meta: Meta, notes: Notes) -> Meta:
        notes.unknown_classes(("classes",), self.classes, meta)
        return meta

    def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
        """What counts are the pixels that an object covers when it is drawn; later objects are painted over earlier ones."""
        listed = [figure for figure in sample.figures if figure.title in self.classes]
        image = sample.image
        # Neighbours in drawing order that are treated alike share one operation.
        for color, figures in groupby(listed, self._color_of):
            image = _hidden(image, figures, color)
        return (replace(sample, image=image),)

    def _color_of(self, figure: Figure) -> tuple[int, ...] | None:
        """What the figure is painted with; None for a blur."""
        if self.type == "blur":
            return None
        if self.type == "color":
            return self.color
        text = color_of(figure.title)
        return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def _hidden(image: Image, figures: Iterable[Figure], color: tuple[int, ...] | None) -> Image:
    covered = np.zeros(image.size, bool)
    for figure in figures:
        figure.shape.draw(covered, 1)
    for region in Bitmap.trimmed(0, 0, covered):
        x, y, height, width, _, packed = region.record()
        mask = base64.b64encode(packed).decode("ascii")
        op: PixelOp = (
            PaintRegion(x, y, height, width, mask, color) if color else BlurRegion(x, y, height, width, mask, SIGMA)
        )
        return image.then(op)
    return image


def _covered(pixels: Pixels, x: int, y: int, height: int, width: int, mask: str) -> np.ndarray:
    """The region as bool (height, width) of the picture."""
    covered = np.zeros(pixels.shape[:2], bool)
    Bitmap.from_record([x, y, height, width, None, base64.b64decode(mask)]).draw(covered, 1)
    return covered
