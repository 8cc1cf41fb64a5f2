"""Masks and clicks drawn on images, for reports that people look at. All pictures are (H, W, 3) uint8 RGB."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pipelines.clicks import OBJECT, Click, Mask, Truth

Picture = NDArray[np.uint8]

MASK_COLOUR = (40, 120, 255)
TRUTH_COLOUR = (255, 220, 0)
POSITIVE_COLOUR = (0, 200, 70)
NEGATIVE_COLOUR = (230, 30, 40)
PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg")
"""How the names of pictures end that can be written."""
JPEG_QUALITY = 85
_CAPTION_HEIGHT = 22
_GAP = 6


def with_mask(
    image: Picture, mask: Mask | None = None, truth: Truth | None = None, clicks: Sequence[Click] = ()
) -> Picture:
    """The image with the mask tinted, the true outline and the clicks; green dots are positive, red ones negative."""
    canvas = image.copy()
    if mask is not None and mask.any():
        canvas[mask] = (0.5 * canvas[mask] + 0.5 * np.array(MASK_COLOUR)).astype(np.uint8)
    if truth is not None:
        outlines, _ = cv2.findContours((truth == OBJECT).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(canvas, outlines, -1, TRUTH_COLOUR, 1)
    radius = max(2, round(0.012 * max(image.shape[:2])))
    for click in clicks:
        colour = POSITIVE_COLOUR if click.positive else NEGATIVE_COLOUR
        cv2.circle(canvas, (click.x, click.y), radius + 1, (255, 255, 255), cv2.FILLED, cv2.LINE_AA)
        cv2.circle(canvas, (click.x, click.y), radius, colour, cv2.FILLED, cv2.LINE_AA)
    return canvas


def captioned(picture: Picture, text: str) -> Picture:
    """The picture under a white strip with text; text that does not fit is cut."""
    strip = np.full((_CAPTION_HEIGHT, picture.shape[1], 3), 255, np.uint8)
    cv2.putText(strip, text, (4, 15), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (0, 0, 0), 1, cv2.LINE_AA)
    return np.vstack([strip, picture])


def in_a_row(pictures: Sequence[Picture]) -> Picture:
    """Pictures in a row, aligned at the top, on white."""
    height = max(picture.shape[0] for picture in pictures)
    return np.hstack([_on_white(picture, height, picture.shape[1] + _GAP) for picture in pictures])


def stacked(pictures: Sequence[Picture]) -> Picture:
    """Pictures below each other, aligned at the left, on white."""
    width = max(picture.shape[1] for picture in pictures)
    return np.vstack([_on_white(picture, picture.shape[0] + _GAP, width) for picture in pictures])


def contact_sheet(pictures: Sequence[Picture], columns: int) -> Picture:
    """Pictures row by row, on white."""
    rows = [pictures[start : start + columns] for start in range(0, len(pictures), columns)]
    return stacked([in_a_row(row) for row in rows])


def fitted(picture: Picture, side: int) -> Picture:
    """The picture scaled so that its longer side is `side` pixels."""
    scale = side / max(picture.shape[:2])
    size = max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale))
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, size, interpolation=interpolation), np.uint8)


def write_picture(path: Path, picture: Picture) -> None:
    """Write a JPEG where the name says so, else a PNG; its folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = path.suffix.lower() if path.suffix.lower() in PICTURE_SUFFIXES else ".png"
    options = [] if kind == ".png" else [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    _, encoded = cv2.imencode(kind, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), options)
    path.write_bytes(encoded.tobytes())


def file_name(text: str) -> str:
    """Letters, digits, dot and dash; everything else becomes a dash, so that no name leaves its folder."""
    return "".join(letter if letter.isalnum() or letter in ".-" else "-" for letter in text)


def _on_white(picture: Picture, height: int, width: int) -> Picture:
    canvas = np.full((height, width, 3), 255, np.uint8)
    canvas[: picture.shape[0], : picture.shape[1]] = picture
    return canvas
