"""Text files as people write them: UTF-8, with or without a byte order mark; anything else is refused in words."""

from __future__ import annotations

import codecs

_OTHERS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}


class NotText(ValueError):
    """Bytes that are no UTF-8."""


def decoded(data: bytes, name: str) -> str:
    """The text of a file called `name`. Raises `NotText`."""
    for mark, encoding in _OTHERS.items():
        if data.startswith(mark):
            raise NotText(f"{name} is {encoding}; save it as UTF-8")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise NotText(
            f"{name}, line {line}: byte 0x{data[error.start]:02x} is no UTF-8; save the file as UTF-8"
        ) from None
