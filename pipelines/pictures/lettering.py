"""Text on pictures: the same letters on every machine, and others where a name needs them."""

from __future__ import annotations

from functools import cache

from PIL import ImageFont

_SYSTEM_FONTS = ("DejaVuSans.ttf", "NotoSans-Regular.ttf", "Arial.ttf", "Arial Unicode.ttf", "segoeui.ttf")

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@cache
def _plain(size: float) -> Font:
    return ImageFont.load_default(size)


@cache
def _system(size: float) -> Font:
    """A font of the machine with more letters than the built-in one, which has those of English alone."""
    for name in _SYSTEM_FONTS:
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    return _plain(size)


def font_for(text: str, size: float) -> Font:
    """The font for a text at a size in pixels."""
    return _plain(size) if text.isascii() else _system(size)


def shortened(text: str, size: float, width: float) -> str:
    """The text, or its beginning and end with dots between, so that it is at most `width` pixels wide."""
    if font_for(text, size).getlength(text) <= width:
        return text
    for kept in range(len(text) - 1, 0, -1):
        tail = kept // 2
        short = text[: kept - tail] + "..." + (text[-tail:] if tail else "")
        if font_for(short, size).getlength(short) <= width:
            return short
    return ""
