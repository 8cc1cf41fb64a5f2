"""Whether a picture's file is whole, by its own marks: what lies behind the end of the picture is no part of it."""

from __future__ import annotations

import re
import struct

_JPEG, _PNG = b"\xff\xd8", b"\x89PNG\r\n\x1a\n"
# Inside a scan a 0xff byte is data when a 0 follows, or one of the eight restart marks.
_MARK_IN_SCAN = re.compile(rb"\xff+[^\x00\xd0-\xd7\xff]")
_END, _SCAN = 0xD9, 0xDA
# Marks without a length behind them.
_BARE = {0x01, *range(0xD0, 0xD9)}


def is_whole(data: bytes) -> bool:
    """Whether a JPEG or PNG has its end; True for all other files, whose decoders say so themselves."""
    if data.startswith(_JPEG):
        # Most files end with the picture: then an end after the last scan is the end, and nothing has to be walked through.
        return data.rfind(b"\xff\xd9") > data.rfind(b"\xff\xda") or _jpeg_ends(data)
    if data.startswith(_PNG[:4]):
        return b"IEND" in data[-64:] or _png_ends(data)
    return True


def _jpeg_ends(data: bytes) -> bool:
    place = len(_JPEG)
    while place + 2 <= len(data) and data[place] == 0xFF:
        mark = data[place + 1]
        if mark == _END:
            return True
        if mark == 0xFF:
            place += 1
        elif mark in _BARE:
            place += 2
        else:
            place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
            if mark == _SCAN:
                found = _MARK_IN_SCAN.search(data, place)
                if found is None:
                    return False
                place = found.end() - 2
    return False


def _png_ends(data: bytes) -> bool:
    place = len(_PNG)
    while place + 12 <= len(data):
        length, kind = struct.unpack(">I4s", data[place : place + 8])
        place += 12 + length
        if kind == b"IEND":
            return place <= len(data)
    return False
