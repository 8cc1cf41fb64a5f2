"""Label images (PNG): raw palette indices or 8/16-bit values, and the sizes of pictures without decoding them."""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass

import numpy as np
import PIL.Image
import PIL.TiffImagePlugin

Color = tuple[int, int, int]
"""Red, green, blue, 0 to 255."""

_MOST_COLORS = 254
_EXIF_ORIENTATION = 0x0112
_TIFF_WIDTH, _TIFF_HEIGHT = 256, 257
_PALETTE_PNG_START = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
_PLAIN_FORM = b"\x08\x03\0\0\0"  # bit depth 8, colour type palette, nothing special
_LYING_ORIENTATIONS = (5, 6, 7, 8)


class BadImage(ValueError):
    """Bytes that are not a readable picture."""


@dataclass(frozen=True)
class LabelImage:
    """`indices` is uint8 or uint16, (height, width); `palette` gives the colour of each index where the file has one."""

    indices: np.ndarray
    palette: tuple[Color, ...] = ()

    def color(self, index: int) -> Color | None:
        return self.palette[index] if index < len(self.palette) else None


def read_labels(data: bytes) -> LabelImage:
    """A label image: palette indices or grey values as stored. Colours become indices in the order in which they sort.

    Raises `BadImage`.
    """
    return _plain_palette(data) or _any_labels(data)


def _plain_palette(data: bytes) -> LabelImage | None:
    """A palette PNG as most tools write it: 8 bits, not interlaced, rows not filtered. It saves half of what reading costs.

    Nothing for any other file, nor for one that is damaged.
    """
    if data[:16] != _PALETTE_PNG_START or data[24:29] != _PLAIN_FORM or len(data) < 33:
        return None
    width, height = struct.unpack(">II", data[16:24])
    chunks: dict[bytes, bytes] = {}
    place = 33
    while place <= len(data) - 12:
        length, kind = struct.unpack(">I4s", data[place : place + 8])
        chunks[kind] = chunks.get(kind, b"") + data[place + 8 : place + 8 + length]
        place += 12 + length
        if kind == b"IEND":
            break
    try:
        rows = np.frombuffer(zlib.decompress(chunks.get(b"IDAT", b"")), np.uint8)
    except zlib.error:
        return None
    if b"IEND" not in chunks or rows.size != height * (width + 1):
        return None
    rows = rows.reshape(height, width + 1)
    flat = chunks.get(b"PLTE", b"")
    palette = tuple(zip(flat[0::3], flat[1::3], flat[2::3], strict=False))
    # A row's first byte names its filter; 0 stores the indices as they are.
    return None if rows[:, 0].any() else LabelImage(np.ascontiguousarray(rows[:, 1:]), palette)


def _any_labels(data: bytes) -> LabelImage:
    # Pillow, since OpenCV replaces palette indices by their colours.
    try:
        with PIL.Image.open(io.BytesIO(data)) as image:
            if image.mode in ("RGB", "RGBA"):
                return _from_colors(np.asarray(image)[:, :, :3])
            if image.mode not in ("P", "L", "1", "I;16", "I;16B", "I"):
                raise BadImage(
                    f"the label image is of mode {image.mode}; labels are a palette, grey (8 or 16 bits) or RGB image"
                )
            values = np.asarray(image)
            flat = image.getpalette("RGB") if image.mode == "P" else None
    except (OSError, SyntaxError) as error:
        raise BadImage(f"the label image cannot be read: {_reason(error)}") from None
    indices = (
        values if values.dtype == np.uint8 else values.astype(np.uint16 if values.max(initial=0) > 255 else np.uint8)
    )
    palette = tuple(zip(flat[0::3], flat[1::3], flat[2::3], strict=True)) if flat else ()
    return LabelImage(indices, palette)


def _from_colors(pixels: np.ndarray) -> LabelImage:
    numbers = pixels.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    colors, indices = np.unique(numbers, return_inverse=True)
    if len(colors) > _MOST_COLORS:
        raise BadImage(
            f"the label image has {len(colors)} colours; labels have a few flat ones. Is it a photograph, or a JPEG?"
        )
    palette = [(number >> 16, number >> 8 & 255, number & 255) for number in colors.tolist()]
    # Black is the background, so it is index 0 whether it occurs or not.
    shift = 0 if palette and palette[0] == (0, 0, 0) else 1
    return LabelImage(
        (indices.reshape(pixels.shape[:2]) + shift).astype(np.uint8), ((0, 0, 0),) * shift + tuple(palette)
    )


def read_indices(data: bytes) -> np.ndarray:
    """The stored values of a label image: palette indices or grey values, uint8 or uint16, (height, width)."""
    return read_labels(data).indices


def picture_size(data: bytes) -> tuple[int, int]:
    """(height, width) of a picture as a viewer shows it (EXIF orientation applied), from its header. Raises `BadImage`."""
    try:
        with PIL.Image.open(io.BytesIO(data)) as image:
            width, height = image.size
            if isinstance(image, PIL.TiffImagePlugin.TiffImageFile):
                # As stored: newer versions of Pillow turn the size of a TIFF themselves.
                width, height = image.tag_v2[_TIFF_WIDTH], image.tag_v2[_TIFF_HEIGHT]
            # Of a PNG whose head has none, Pillow would look for EXIF data behind the pixels, and decode them.
            has_exif = image.format != "PNG" or bool({"exif", "Raw profile type exif"} & set(image.info))
            orientation = image.getexif().get(_EXIF_ORIENTATION, 1) if has_exif else 1
    except (OSError, SyntaxError) as error:
        raise BadImage(f"the image cannot be read: {_reason(error)}") from None
    return (width, height) if orientation in _LYING_ORIENTATIONS else (height, width)


def _reason(error: Exception) -> str:
    # Pillow would name the buffer in memory, which says nothing and differs from run to run.
    return "no known image format" if isinstance(error, PIL.UnidentifiedImageError) else str(error)
