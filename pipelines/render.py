"""Image expressions become pixels, and pixels become files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import cv2
import numpy as np

from pipelines.formats.whole import is_whole
from pipelines.image import Image, PixelOp, Pixels, Size

JPEG_QUALITY = 95

# OpenCV cannot write every form it reads; these are the closest it can.
_WRITTEN_AS = {".mpo": ".jpg", ".jpeg": ".jpg"}


class BadPicture(ValueError):
    """Bytes that are not a whole picture, or one of another size than its labels."""


def decode(data: bytes, expected: Size | None = None) -> Pixels:
    """A picture's pixels as a viewer shows them: 8-bit RGB, EXIF orientation applied, alpha dropped.

    Raises `BadPicture` when the file is cut off, not a picture, or not of the `expected` (height, width).
    """
    require_whole(data)
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB) if data else None
    if pixels is None:
        raise BadPicture(f"the image cannot be decoded ({len(data)} bytes)")
    if expected is not None and pixels.shape[:2] != expected:
        height, width = pixels.shape[:2]
        raise BadPicture(
            f"the image is {width}x{height} (width x height), its labels are for {expected[1]}x{expected[0]}"
        )
    return pixels


def require_whole(data: bytes) -> None:
    """Raises `BadPicture` for a JPEG or PNG without its end: OpenCV would fill the rest with grey and say nothing."""
    if not is_whole(data):
        raise BadPicture(f"the image file is cut off after {len(data)} bytes")


def encode(pixels: Pixels, extension: str) -> bytes:
    """RGB pixels as a file of the format that the extension (with its dot) names; JPEG at quality 95, PNG lossless."""
    suffix = _WRITTEN_AS.get(extension.lower(), extension.lower())
    options = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY] if suffix == ".jpg" else []
    done, data = cv2.imencode(suffix, cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), options)
    if not done:
        raise BadPicture(f"OpenCV cannot write an image as {extension}")
    return data.tobytes()


def evaluate(image: Image, source: Pixels) -> Pixels:
    """The pixels of one expression, given its decoded source."""
    return next(pixels for _, pixels in evaluate_all([image], source))


def evaluate_all(images: Iterable[Image], source: Pixels) -> Iterator[tuple[int, Pixels]]:
    """The pixels of several expressions over one source, each with its number, in an order that shares their common steps.

    A step that several expressions begin with is done once, and at any time only the results along one of them are held.
    """
    yield from _evaluate(source, [(number, image.ops) for number, image in enumerate(images)])


def _evaluate(pixels: Pixels, pending: list[tuple[int, tuple[PixelOp, ...]]]) -> Iterator[tuple[int, Pixels]]:
    branches: dict[PixelOp, list[tuple[int, tuple[PixelOp, ...]]]] = {}
    for number, ops in pending:
        if ops:
            branches.setdefault(ops[0], []).append((number, ops[1:]))
        else:
            yield number, pixels
    for op, rest in branches.items():
        yield from _evaluate(op.apply(pixels), rest)
