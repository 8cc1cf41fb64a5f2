"""`bitmap`: a mask on the pixel grid, kept packed until somebody asks for its pixels."""

from __future__ import annotations

import zlib
from typing import Any

import cv2
import numpy as np

from pipelines.figures.shape import Bounds, Shape
from pipelines.image import ROW_OF_AXIS, Axis, Rect, Size
from pipelines.warps import Warp

# Masks wait in memory to be grouped: level 9 takes six times as long for 6 % less, level 4 three quarters for 18 % more.
_LEVEL = 6


class Bitmap(Shape):
    """A mask whose top-left pixel is (x, y) in the image.

    The packed form is the deflated rows of a 1-bit PNG (a zero filter byte, then the row's bits, most significant first): the
    bytes that the annotation file will hold anyway, so a mask that is only passed on is neither unpacked nor compressed again.
    """

    __slots__ = ("_area", "_packed", "_pixels", "height", "width", "x", "y")
    kind = "bitmap"

    x: int
    y: int
    height: int
    width: int
    _pixels: np.ndarray | None
    _packed: bytes | None
    _area: int | None

    def __init__(self, x: int, y: int, pixels: np.ndarray) -> None:
        """`pixels` is bool, (height, width), not empty; it is not copied and must not be written to afterwards."""
        self.x, self.y = int(x), int(y)
        self.height, self.width = pixels.shape
        self._pixels, self._packed, self._area = pixels, None, None

    @classmethod
    def trimmed(cls, x: int, y: int, pixels: np.ndarray) -> tuple[Bitmap, ...]:
        """The mask without empty margins, or nothing when no pixel is set. `pixels` is bool, (height, width)."""
        if not pixels.size:
            return ()
        left, top, width, height = cv2.boundingRect(pixels.view(np.uint8))
        if not width:
            return ()
        return (cls(x + left, y + top, pixels[top : top + height, left : left + width]),)

    @property
    def pixels(self) -> np.ndarray:
        """The mask: bool, (height, width), read-only by convention."""
        if self._pixels is None:
            rows = np.frombuffer(zlib.decompress(self.packed), np.uint8).reshape(self.height, -1)
            self._pixels = np.unpackbits(rows[:, 1:], axis=1, count=self.width).view(bool)
        return self._pixels

    @property
    def packed(self) -> bytes:
        """Deflated PNG rows of the mask, 1 bit a pixel."""
        if self._packed is None:
            bits = np.packbits(self.pixels, axis=1)
            rows = np.zeros((self.height, bits.shape[1] + 1), np.uint8)
            rows[:, 1:] = bits
            self._packed = zlib.compress(rows.tobytes(), _LEVEL)
        return self._packed

    @property
    def bounds(self) -> Bounds:
        return self.x, self.y, self.x + self.width, self.y + self.height

    @property
    def area(self) -> float:
        if self._area is None:
            self._area = int(np.count_nonzero(self.pixels))
        return float(self._area)

    def crop(self, rect: Rect) -> tuple[Bitmap, ...]:
        left, top = max(rect.left - self.x, 0), max(rect.top - self.y, 0)
        right, bottom = min(rect.right - self.x, self.width), min(rect.bottom - self.y, self.height)
        if right <= left or bottom <= top:
            return ()
        if (left, top, right, bottom) == (0, 0, self.width, self.height):
            return (self,)
        return Bitmap.trimmed(self.x + left, self.y + top, self.pixels[top:bottom, left:right])

    def shift(self, dx: float, dy: float) -> Bitmap:
        moved = Bitmap.__new__(Bitmap)
        moved.x, moved.y = self.x + int(dx), self.y + int(dy)
        moved.height, moved.width = self.height, self.width
        moved._pixels, moved._packed, moved._area = self._pixels, self._packed, self._area
        return moved

    def flip(self, axis: Axis, size: Size) -> Bitmap:
        mirrored = cv2.flip(self.pixels.view(np.uint8), ROW_OF_AXIS[axis]).view(bool)
        if axis == "vertical":
            return Bitmap(size[1] - self.x - self.width, self.y, mirrored)
        return Bitmap(self.x, size[0] - self.y - self.height, mirrored)

    def resize(self, before: Size, content: Size, left: int, top: int, scale: float = 0.0) -> tuple[Bitmap, ...]:
        """Nearest neighbour with aligned pixel centres: result row i of m reads row floor((i + 0.5) * n / m) of n."""
        first_row, rows = _nearest(before[0], content[0], self.y, self.height)
        first_column, columns = _nearest(before[1], content[1], self.x, self.width)
        if not rows.size or not columns.size:
            return ()
        # Columns first: the second gather then copies whole rows.
        pixels = self.pixels[:, columns].take(rows, axis=0)
        return Bitmap.trimmed(first_column + left, first_row + top, pixels)

    def warp(self, warp: Warp) -> tuple[Bitmap, ...]:
        """Nearest neighbour: a result pixel is set when the source pixel under its middle is."""
        rect = warp.reach(self.bounds)
        if rect.empty:
            return ()
        x, y = warp.sources(rect)
        columns, rows = np.floor(x).astype(np.int64) - self.x, np.floor(y).astype(np.int64) - self.y
        inside = (columns >= 0) & (columns < self.width) & (rows >= 0) & (rows < self.height)
        pixels = np.zeros(inside.shape, bool)
        pixels[inside] = self.pixels[rows[inside], columns[inside]]
        return Bitmap.trimmed(rect.left, rect.top, pixels)

    def outlines(self) -> list[tuple[np.ndarray, list[np.ndarray]]]:
        """Of each 8-connected part the outer border and those of its holes, as (n, 2) int32 xy pixel indices of the image.

        Borders run through the outermost pixels of the mask; of straight runs only the ends are given.
        """
        rings, hierarchy = cv2.findContours(
            self.pixels.view(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE, offset=(self.x, self.y)
        )
        outer: dict[int, tuple[np.ndarray, list[np.ndarray]]] = {}
        for number, (*_, parent) in enumerate(hierarchy[0].tolist()):
            if parent < 0:
                outer[number] = rings[number][:, 0], []
        for number, (*_, parent) in enumerate(hierarchy[0].tolist()):
            if parent >= 0:
                outer[parent][1].append(rings[number][:, 0])
        return list(outer.values())

    def draw(self, canvas: np.ndarray, value: int) -> None:
        size = canvas.shape[0], canvas.shape[1]
        rect = Rect(self.x, self.y, self.x + self.width, self.y + self.height).clip(size)
        if rect.empty:
            return
        inner = self.pixels[rect.top - self.y : rect.bottom - self.y, rect.left - self.x : rect.right - self.x]
        canvas[rect.top : rect.bottom, rect.left : rect.right][inner] = value

    def clean(self, size: Size) -> tuple[Bitmap, ...]:
        """Clipped to the image. Every bitmap of the pipeline is trimmed when it is made, so this costs nothing inside."""
        return self.crop(Rect(0, 0, size[1], size[0]))

    def record(self) -> list[Any]:
        return [self.x, self.y, self.height, self.width, int(self.area), self.packed]

    @classmethod
    def from_record(cls, values: list[Any]) -> Bitmap:
        mask = cls.__new__(cls)
        mask.x, mask.y, mask.height, mask.width, mask._area, mask._packed = values
        mask._pixels = None
        return mask

    def __reduce__(self) -> tuple[Any, ...]:
        return Bitmap.from_record, (self.record(),)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Bitmap):
            return NotImplemented
        return self.bounds == other.bounds and np.array_equal(self.pixels, other.pixels)

    def __hash__(self) -> int:
        return hash(self.bounds)

    def __repr__(self) -> str:
        return f"Bitmap(x={self.x}, y={self.y}, {self.width}x{self.height}, {self.area:.0f} pixels)"


def rasterized(shape: Shape, size: Size) -> tuple[Bitmap, ...]:
    """The pixels of a filled shape in an image of this (height, width), as one trimmed mask; nothing when it has none."""
    if isinstance(shape, Bitmap):
        return shape.clean(size)
    canvas = np.zeros(size, bool)
    shape.draw(canvas, 1)
    return Bitmap.trimmed(0, 0, canvas)


def _nearest(before: int, after: int, start: int, length: int) -> tuple[int, np.ndarray]:
    """Which results read the source range [start, start + length): the first, and for each its source index in that range.

    Result i reads floor((2i + 1) * before / (2 * after)): it reaches source index s when (2i + 1) * before >= 2 * after * s.
    """
    first = max(_ceil_divide(2 * after * start - before, 2 * before), 0)
    last = min(_ceil_divide(2 * after * (start + length) - before, 2 * before), after)
    return first, np.arange(2 * first + 1, 2 * last, 2) * before // (2 * after) - start


def _ceil_divide(numerator: int, denominator: int) -> int:
    return -(-numerator // denominator)
