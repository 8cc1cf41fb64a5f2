"""A reader of unfiltered palette PNGs, apart from the writer under test."""

import struct
import zlib

import numpy as np


def palette_indices(png: bytes) -> np.ndarray:
    """A reader of unfiltered palette PNGs, chunk by chunk."""
    chunks, at = {}, 8
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        chunks[kind] = png[at + 8 : at + 8 + length]
        at += 12 + length
    width, height, depth, color_type = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    assert (depth, color_type) == (8, 3)
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, width + 1)
    return rows[:, 1:]
