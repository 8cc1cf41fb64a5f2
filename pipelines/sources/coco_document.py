"""COCO's JSON read once: entries of its lists that know where they lie in the file."""

from __future__ import annotations

import json
from collections.abc import Container
from dataclasses import dataclass
from json.decoder import JSONDecodeError, JSONDecoder
from typing import Any

from pipelines.formats import storage
from pipelines.sources.base import (
    SourceError,
)

# What tells a file of instances from any other JSON: one of its lists begins near its start.
LISTS = ("images", "annotations", "categories")
# A list that a file may have, of licences, to which images refer by number.
_LICENCES = "licenses"
_BYTE_ORDER_MARK = "\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a list: its value, and where it lies in the file as (first byte, end)."""

    value: dict[str, Any]
    span: tuple[int, int]


class Document:
    """A COCO file whose entries know where they lie, so that a worker reads those of one image instead of all."""

    def __init__(self, address: str, *wanted: str) -> None:
        """Keeps the entries of the `wanted` lists only: all would not fit into memory. Raises `SourceError`."""
        self._address, self._wanted = address, wanted
        # One letter a byte: places in the text are places in the file.
        self._text = storage.read_bytes(address).decode("latin-1")
        self._decode = JSONDecoder().raw_decode
        self._lists: dict[str, list[Entry]] = {}
        self.licences: list[dict[str, Any]] = []
        """The licences that the file lists."""
        try:
            self._scan()
        except JSONDecodeError as error:
            raise SourceError(
                f"{address} is not valid JSON at byte {error.pos} of {len(self._text)}: {error.msg}"
            ) from None
        except UnicodeDecodeError as error:
            raise SourceError(f"{address} has text that is not UTF-8: {error.reason}") from None
        if missing := [name for name in LISTS if name not in self._lists]:
            raise SourceError(f"{address} lacks {', '.join(missing)}; a COCO file has the lists {', '.join(LISTS)}")

    def __getitem__(self, name: str) -> list[Entry]:
        """The entries of one of the wanted lists."""
        return self._lists[name]

    def _scan(self) -> None:
        place = self._expect("{", len(_BYTE_ORDER_MARK) if self._text.startswith(_BYTE_ORDER_MARK) else 0)
        while not self._text.startswith("}", place):
            name, place = self._decode(self._text, place)
            place = self._expect(":", place)
            if name in LISTS and self._text.startswith("[", place):
                place = self._scan_list(name, self._expect("[", place))
            else:
                value, end = self._decode(self._text, place)
                if name == _LICENCES and isinstance(value, list):
                    self.licences = [entry for entry in self._whole(value, place, end) if isinstance(entry, dict)]
                place = end
            place = self._next(place, "}")

    def _scan_list(self, name: str, place: int) -> int:
        entries = self._lists.setdefault(name, [])
        while not self._text.startswith("]", place):
            value, end = self._decode(self._text, place)
            if not isinstance(value, dict):
                raise JSONDecodeError(f"an object is expected, found {str(value)[:40]}", self._text, place)
            if name in self._wanted:
                entries.append(Entry(self._kept(value, place, end), (place, end)))
            place = self._next(end, "]")
        return place + 1

    def _kept(self, value: dict[str, Any], start: int, end: int) -> dict[str, Any]:
        """The few values of an entry that say what it belongs to."""
        whole = self._whole(value, start, end)
        return {
            name: whole[name]
            for name in ("id", "file_name", "coco_url", "image_id", "name", "license")
            if name in whole
        }

    def _whole(self, value: Any, start: int, end: int) -> Any:
        """A decoded value with its letters as they are meant, and not one for every byte."""
        own = self._text[start:end]
        return value if own.isascii() else json.loads(own.encode("latin-1").decode())

    def _expect(self, letter: str, place: int) -> int:
        """Behind a letter that must come next, and behind the white space after it."""
        place = self._skip(place)
        if not self._text.startswith(letter, place):
            raise JSONDecodeError(f"{letter!r} is expected", self._text, place)
        return self._skip(place + 1)

    def _next(self, place: int, closing: str) -> int:
        """Behind the comma after a value, or at what closes the list or object."""
        place = self._skip(place)
        return place if self._text.startswith(closing, place) else self._expect(",", place)

    def _skip(self, place: int) -> int:
        while self._text[place : place + 1] in (" ", "\n", "\r", "\t"):
            place += 1
        return place


def as_number(value: Any) -> str | None:
    """An id as text, by which `1`, `1.0` and `"1"` are one: tools write them in one way and refer to them in another."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    return str(value)


def annotation_parts(annotations: list[Entry], images: Container[str]) -> tuple[dict[str, list[tuple[int, int]]], int]:
    """Image id → where its annotations lie, as (first byte, end), those in a row as one; and how many are of no such image."""
    parts: dict[str, list[tuple[int, int]]] = {}
    last: str | None = None
    others = 0
    for entry in annotations:
        image = as_number(entry.value.get("image_id"))
        if image is None or image not in images:
            others, last = others + 1, None
            continue
        own = parts.setdefault(image, [])
        if own and image == last:
            own[-1] = own[-1][0], entry.span[1]
        else:
            own.append(entry.span)
        last = image
    return parts, others
