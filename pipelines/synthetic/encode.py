"""Pictures as the bytes of files: JPEG, and PNG with a palette."""

import struct
import zlib

import cv2
import numpy as np

from pipelines.synthetic.arrays import Bytes


def jpeg(image: Bytes, quality: int) -> bytes:
    """A JPEG of uint8 (height, width, 3) RGB, `quality` 0..100."""
    flags = [cv2.IMWRITE_JPEG_QUALITY, quality]
    return cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), flags)[1].tobytes()


def palette_png(indices: Bytes, palette: Bytes) -> bytes:
    """A PNG of colour type 3 (palette) of uint8 (height, width) indices into a uint8 (256, 3) RGB palette."""
    height, width = indices.shape
    rows = np.zeros((height, width + 1), dtype=np.uint8)  # each row opens with its filter type, 0: none
    rows[:, 1:] = indices
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            _chunk(b"PLTE", palette.tobytes()),
            _chunk(b"IDAT", zlib.compress(rows.tobytes(), 6)),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def voc_palette() -> Bytes:
    """The 256 colours of Pascal VOC's PNGs, uint8 (256, 3) RGB: the bits of the index, dealt to R, G, B in turn."""
    index = np.arange(256)
    colors = np.zeros((256, 3), dtype=np.uint8)
    for bit in range(8):
        for channel in range(3):
            colors[:, channel] |= (((index >> (3 * bit + channel)) & 1) << (7 - bit)).astype(np.uint8)
    return colors
