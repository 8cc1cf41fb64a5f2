"""`bitmap`: a mask on the pixel grid, kept packed until somebody asks for its pixels."""

from __future__ import annotations

import zlib
from typing import Any

import cv2
import numpy as np

from pipelines.figures.shape import Bounds, Shape
from pipelines.image import ROW_OF_AXIS, Axis, Rect, Size


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
            self._packed = zlib.compress(rows.tobytes(), 6)
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

    def resize(self, before: Size, content: Size, left: int, top: int) -> tuple[Bitmap, ...]:
        """Nearest neighbour with aligned pixel centres: result row i of m reads row floor((i + 0.5) * n / m) of n."""
        first_row, rows = _nearest(before[0], content[0], self.y, self.height)
        first_column, columns = _nearest(before[1], content[1], self.x, self.width)
        if not rows.size or not columns.size:
            return ()
        # The narrow axis first: the second gather then copies whole rows.
        pixels = self.pixels.take(columns, axis=1).take(rows, axis=0)
        return Bitmap.trimmed(first_column + left, first_row + top, pixels)

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


def _nearest(before: int, after: int, start: int, length: int) -> tuple[int, np.ndarray]:
    """Which results read the source range [start, start + length): the first, and for each its source index in that range."""
    source = ((2 * np.arange(after) + 1) * before) // (2 * after)
    first, last = np.searchsorted(source, [start, start + length])
    return int(first), source[first:last] - start
