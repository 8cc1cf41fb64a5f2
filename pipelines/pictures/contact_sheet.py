"""Pictures beside each other with words below them: samples in a grid, or one row for each layer of a graph."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from pipelines.image import Pixels
from pipelines.overlay import Color
from pipelines.pictures.lettering import font_for, shortened

PAPER, INK, GREY, FAINT, RED = "#ffffff", "#1f2933", "#6b7785", "#e3e7ec", "#b0413e"
MARGIN, GAP = 20, 14
_TITLE, _TEXT, _SMALL = 20, 13, 12
_LINE = 17


@dataclass(frozen=True)
class Tile:
    """A picture (uint8 RGB) and up to two lines below it."""

    pixels: Pixels
    caption: str
    note: str = ""


@dataclass(frozen=True)
class Row:
    """One layer's results: words at the left, tiles at the right. `faint` rows lead nowhere."""

    title: str
    lines: tuple[str, ...]
    tiles: tuple[Tile, ...]
    faint: bool = False


def grid(
    title: str, subtitle: str, legend: Sequence[tuple[str, Color, bool]], tiles: Sequence[Tile], side: int
) -> Image.Image:
    """Tiles in a grid about half as wide again as high, each in a square of `side` pixels.

    `legend` has (class, colour, whether it is a point) for every class worth naming.
    """
    columns = _columns(len(tiles))
    rows = math.ceil(len(tiles) / columns)
    cell = side + GAP, side + 2 * _LINE + GAP + 4
    top = MARGIN + 58 + (26 if legend else 0)
    image = Image.new("RGB", (2 * MARGIN + columns * cell[0] - GAP, top + rows * cell[1] + MARGIN - GAP), PAPER)
    draw = ImageDraw.Draw(image)
    width = image.width - 2 * MARGIN
    _write(draw, (MARGIN, MARGIN - 4), title, _TITLE, INK, width)
    _write(draw, (MARGIN, MARGIN + 26), subtitle, _TEXT, GREY, width)
    if legend:
        _write_legend(draw, (MARGIN, MARGIN + 52), legend, width)
    for number, tile in enumerate(tiles):
        row, column = divmod(number, columns)
        _place(image, draw, tile, (MARGIN + column * cell[0], top + row * cell[1]), (side, side))
    return image


def _columns(count: int) -> int:
    """About so many that the grid is half as wide again as high, with few empty places; at least three."""
    ideal = max(3, round(math.sqrt(1.5 * count)))
    return min((ideal, ideal + 1, max(3, ideal - 1)), key=lambda columns: -count % columns)


def table(title: str, subtitle: str, rows: Sequence[Row], box: tuple[int, int], columns: int) -> Image.Image:
    """Rows of at most `columns` tiles, each tile in a box of (height, width); a row without tiles is low."""
    label_width = 250
    heights = [max(box[0] + 2 * _LINE + 4 if row.tiles else 0, 24 + _LINE * len(row.lines)) + 2 * GAP for row in rows]
    width = 2 * MARGIN + label_width + columns * (box[1] + GAP)
    top = MARGIN + 56
    image = Image.new("RGB", (width, top + sum(heights) + MARGIN), PAPER)
    draw = ImageDraw.Draw(image)
    _write(draw, (MARGIN, MARGIN - 4), title, _TITLE, INK, width - 2 * MARGIN)
    _write(draw, (MARGIN, MARGIN + 26), subtitle, _TEXT, GREY, width - 2 * MARGIN)
    y = top
    for row, height in zip(rows, heights, strict=True):
        draw.line([(MARGIN, y), (width - MARGIN, y)], FAINT, 1)
        _write(draw, (MARGIN, y + GAP), row.title, 16, GREY if row.faint else INK, label_width - GAP)
        for number, line in enumerate(row.lines):
            place = MARGIN, y + GAP + 24 + _LINE * number
            _write(draw, place, line, _TEXT, INK if number == 0 and not row.faint else GREY, label_width - GAP)
        for number, tile in enumerate(row.tiles):
            _place(image, draw, tile, (MARGIN + label_width + number * (box[1] + GAP), y + GAP), box)
        y += height
    return image


def _place(
    image: Image.Image, draw: ImageDraw.ImageDraw, tile: Tile, corner: tuple[int, int], box: tuple[int, int]
) -> None:
    """A tile in a box of (height, width) at a corner (x, y): at its left, standing on its lower edge, words below."""
    x, y = corner
    height = tile.pixels.shape[0]
    image.paste(Image.fromarray(np.ascontiguousarray(tile.pixels)), (x, y + box[0] - height))
    _write(draw, (x, y + box[0] + 4), tile.caption, _SMALL, INK, box[1])
    _write(draw, (x, y + box[0] + 4 + _LINE), tile.note, _SMALL, GREY, box[1])


def _write(
    draw: ImageDraw.ImageDraw, place: tuple[float, float], text: str, size: int, color: str, width: float
) -> None:
    short = shortened(text, size, width)
    draw.text(place, short, fill=color, font=font_for(short, size))


def _write_legend(
    draw: ImageDraw.ImageDraw, place: tuple[int, int], legend: Sequence[tuple[str, Color, bool]], width: int
) -> None:
    x, y = place
    for number, (title, color, is_point) in enumerate(legend):
        length = font_for(title, _TEXT).getlength(title)
        left = len(legend) - number
        if x + 24 + length + 70 > width and left > 1:
            draw.text((x, y), f"and {left} more", fill=GREY, font=font_for("", _TEXT))
            return
        if is_point:
            draw.ellipse([x + 1, y + 2, x + 12, y + 13], fill=color, outline="#141414")
        else:
            draw.rectangle([x, y + 2, x + 13, y + 13], fill=color)
        draw.text((x + 19, y), title, fill=INK, font=font_for(title, _TEXT))
        x += 19 + int(length) + 20
