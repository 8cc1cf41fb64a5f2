"""An image as an expression: where its pixels lie and which operations, all parameters drawn, turn them into the wanted ones.

Nothing here decodes a file. A sample that a filter drops has therefore never cost a pixel; `render.py` evaluates what is left.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import cv2
import numpy as np

from pipelines.registry import named, require_free

Pixels = np.ndarray
"""uint8, shape (height, width, 3), RGB."""

Size = tuple[int, int]
"""(height, width) in pixels."""

Axis = Literal["horizontal", "vertical"]
"""The axis of reflection: `vertical` exchanges left and right, `horizontal` exchanges top and bottom."""

ROW_OF_AXIS: dict[str, int] = {"horizontal": 0, "vertical": 1}


@dataclass(frozen=True, slots=True)
class Rect:
    """Whole pixels `left <= x < right`, `top <= y < bottom`."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def empty(self) -> bool:
        return self.right <= self.left or self.bottom <= self.top

    def within(self, size: Size) -> bool:
        """Whether every pixel of the rectangle lies in an image of this (height, width)."""
        return self.left >= 0 and self.top >= 0 and self.right <= size[1] and self.bottom <= size[0]

    def clip(self, size: Size) -> Rect:
        """The part inside an image of this (height, width); may be empty."""
        return Rect(max(self.left, 0), max(self.top, 0), min(self.right, size[1]), min(self.bottom, size[0]))

    def shift(self, dx: int, dy: int) -> Rect:
        return Rect(self.left + dx, self.top + dy, self.right + dx, self.bottom + dy)

    def flip(self, axis: Axis, size: Size) -> Rect:
        """Where the rectangle lies after the image of this (height, width) is reflected."""
        height, width = size
        if axis == "vertical":
            return Rect(width - self.right, self.top, width - self.left, self.bottom)
        return Rect(self.left, height - self.bottom, self.right, height - self.top)


class PixelOp(ABC):
    """One step of an image expression: a frozen dataclass of plain numbers, strings and tuples of them.

    A subclass registers itself under its `word`, which names it in recipes and on the wire between workers. One whose word is
    taken is refused: recipes of the other one would be read as its own.
    """

    word: ClassVar[str]
    fields: ClassVar[tuple[str, ...]]
    registry: ClassVar[dict[str, type[PixelOp]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not hasattr(cls, "word"):
            raise TypeError(f'{named(cls)} has no word; recipes name it by one: add word: ClassVar[str] = "..."')
        require_free((cls.word,), PixelOp.registry, cls, "operation")
        PixelOp.registry[cls.word] = cls
        cls.fields = tuple(name for name, kind in cls.__annotations__.items() if "ClassVar" not in str(kind))

    @abstractmethod
    def apply(self, pixels: Pixels) -> Pixels:
        """The new pixels; the input is never written to, the result may be a view of it."""

    def size_after(self, size: Size) -> Size:
        """The (height, width) of the result for an input of this (height, width)."""
        return size

    def record(self) -> list[Any]:
        """The op as plain values: its word, then its fields in order."""
        return [self.word, *(getattr(self, name) for name in self.fields)]

    @staticmethod
    def from_record(record: list[Any]) -> PixelOp:
        word, *fields = record
        return PixelOp.registry[word](*(tuple(f) if isinstance(f, list) else f for f in fields))


@dataclass(frozen=True, slots=True)
class CropPixels(PixelOp):
    """Keep the pixels `left <= x < right`, `top <= y < bottom`."""

    word: ClassVar[str] = "crop"
    left: int
    top: int
    right: int
    bottom: int

    def apply(self, pixels: Pixels) -> Pixels:
        return pixels[self.top : self.bottom, self.left : self.right]

    def size_after(self, size: Size) -> Size:
        return self.bottom - self.top, self.right - self.left


@dataclass(frozen=True, slots=True)
class FlipPixels(PixelOp):
    """Reflect at an axis: `vertical` exchanges left and right."""

    word: ClassVar[str] = "flip"
    axis: Axis

    def apply(self, pixels: Pixels) -> Pixels:
        return cv2.flip(pixels, ROW_OF_AXIS[self.axis])


@dataclass(frozen=True, slots=True)
class ResizePixels(PixelOp):
    """Bilinear, pixel centres aligned, no antialiasing; the content is laid on a black canvas at (left, top).

    `scale` is 0 when each side has its own factor (content / input), else the one factor of both sides: OpenCV samples at
    1/scale then, which differs from input/content in the last bit and is what keeps results equal to the original engine's.
    """

    word: ClassVar[str] = "resize"
    width: int
    height: int
    content_width: int
    content_height: int
    left: int
    top: int
    scale: float

    def apply(self, pixels: Pixels) -> Pixels:
        if self.scale:
            content = cv2.resize(pixels, None, fx=self.scale, fy=self.scale, interpolation=cv2.INTER_LINEAR)
        else:
            content = cv2.resize(pixels, (self.content_width, self.content_height), interpolation=cv2.INTER_LINEAR)
        if (self.content_width, self.content_height) == (self.width, self.height):
            return content
        canvas = np.zeros((self.height, self.width, 3), np.uint8)
        canvas[self.top : self.top + self.content_height, self.left : self.left + self.content_width] = content
        return canvas

    def size_after(self, size: Size) -> Size:
        return self.height, self.width


@dataclass(frozen=True, slots=True)
class Image:
    """An image expression.

    `uri` is any fsspec address of a JPEG, PNG, ... file; `source_size` and `size` are (height, width) before and after `ops`.
    """

    uri: str
    source_size: Size
    size: Size
    ops: tuple[PixelOp, ...] = ()

    def then(self, op: PixelOp) -> Image:
        """This image with one more operation."""
        return Image(self.uri, self.source_size, op.size_after(self.size), (*self.ops, op))

    def crop(self, rect: Rect) -> Image:
        """Keep `rect`. Crops move in front of flips and merge, so that a chain of them reads one rectangle of the source."""
        ops = list(self.ops)
        flips: list[PixelOp] = []
        moved = rect
        while ops and isinstance(flip := ops[-1], FlipPixels):
            moved = moved.flip(flip.axis, self.size)
            flips.insert(0, ops.pop())
        if ops and isinstance(outer := ops[-1], CropPixels):
            moved = moved.shift(outer.left, outer.top)
            ops.pop()
        crop = CropPixels(moved.left, moved.top, moved.right, moved.bottom)
        return Image(self.uri, self.source_size, (rect.height, rect.width), (*ops, crop, *flips))

    def flip(self, axis: Axis) -> Image:
        """Reflect; two reflections at the same axis in a row cancel out."""
        if self.ops and self.ops[-1] == FlipPixels(axis):
            return Image(self.uri, self.source_size, self.size, self.ops[:-1])
        return self.then(FlipPixels(axis))
