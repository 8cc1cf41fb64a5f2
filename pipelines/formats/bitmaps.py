"""Masks as annotation files hold them: base64 of zlib of a PNG whose visible pixels are the mask."""

from __future__ import annotations

import base64
import binascii
import struct
import zlib

import cv2
import numpy as np

from pipelines.figures import Bitmap

_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


# Index 0 is black and fully transparent, index 1 is white.
_PALETTE = _chunk(b"PLTE", b"\x00\x00\x00\xff\xff\xff") + _chunk(b"tRNS", b"\x00")
_END = _chunk(b"IEND", b"")


class BadBitmap(ValueError):
    """Text that is not a mask."""


def encode(mask: Bitmap) -> str:
    """The `data` of a bitmap object: a palette PNG of 1 bit a pixel. The mask's packed rows become the PNG's as they are."""
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", mask.width, mask.height, 1, 3, 0, 0, 0))
    png = _SIGNATURE + header + _PALETTE + _chunk(b"IDAT", mask.packed) + _END
    # The inside is deflated already: a higher level would only look for what is not there.
    return base64.b64encode(zlib.compress(png, 1)).decode("ascii")


def decode(data: str) -> np.ndarray:
    """The mask of a bitmap object's `data`: bool, (height, width), not trimmed.

    True where a four-channel PNG is not fully transparent, or where a one-channel PNG is not 0. Raises `BadBitmap`.
    """
    try:
        png = zlib.decompress(base64.b64decode(data, validate=True))
    except (binascii.Error, zlib.error, ValueError) as error:
        raise BadBitmap(f"bitmap data is not base64 of a zlib stream: {error}") from None
    image = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED) if png else None
    if image is None:
        raise BadBitmap("bitmap data holds no readable PNG")
    if image.ndim == 2:
        return image != 0
    if image.shape[2] == 4:
        return image[:, :, 3] != 0
    raise BadBitmap(
        f"bitmap data holds a PNG with {image.shape[2]} channels; a mask has 1 channel, or 4 of which the last is its alpha"
    )
