"""JSON that remembers on which line each value stands."""

from __future__ import annotations

import json
import re
from typing import Any

Path = tuple[str | int, ...]
"""Keys and indices from the top of a document to a value."""

_SPACE = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()


DEEPEST = 100
"""Levels of nesting that are read; Python itself ends near a thousand."""


class JsonSyntaxError(ValueError):
    """Text that is not JSON, or an object with a key twice; `line` counts from 1."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


def parse(text: str) -> tuple[Any, dict[Path, int]]:
    """The value, and for the path of every value inside it the line where it (or its key) starts. Raises `JsonSyntaxError`."""
    return _Reader(text).document()


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[Path, int] = {}
        self._line, self._counted = 1, 0

    def document(self) -> tuple[Any, dict[Path, int]]:
        value = self.value((), None)
        self.skip()
        if self.at < len(self.text):
            raise self.error(f"the text goes on after its end: {self.found()}")
        return value, self.lines

    def value(self, path: Path, line: int | None) -> Any:
        if len(path) > DEEPEST:
            raise self.error(f"values are nested more than {DEEPEST} deep; no graph needs that")
        self.skip()
        self.lines[path] = line or self.line()
        opening = self.text[self.at : self.at + 1]
        if opening == "{":
            return self.object(path)
        if opening == "[":
            return self.array(path)
        return self.scalar()

    def scalar(self) -> Any:
        try:
            value, self.at = _DECODER.raw_decode(self.text, self.at)
        except json.JSONDecodeError as error:
            self.at = min(error.pos, len(self.text))
            raise self.error(f"a value is expected here, found {self.found()}") from None
        return value

    def object(self, path: Path) -> dict[str, Any]:
        result: dict[str, Any] = {}
        self.at += 1
        while not self.closes("}", first=not result):
            self.skip()
            line = self.line()
            if self.text[self.at : self.at + 1] != '"':
                raise self.error(f"a key in double quotes is expected here, found {self.found()}")
            key = self.scalar()
            if key in result:
                raise self.error(f"the key {key!r} stands twice in one object; keep one of them")
            self.skip()
            if self.text[self.at : self.at + 1] != ":":
                raise self.error(f"a ':' is expected after the key {key!r}, found {self.found()}")
            self.at += 1
            result[key] = self.value((*path, key), line)
        return result

    def array(self, path: Path) -> list[Any]:
        result: list[Any] = []
        self.at += 1
        while not self.closes("]", first=not result):
            result.append(self.value((*path, len(result)), None))
        return result

    def closes(self, bracket: str, first: bool) -> bool:
        """Whether the object or array ends here; between two entries, steps over the comma."""
        self.skip()
        mark = self.text[self.at : self.at + 1]
        if mark == bracket:
            self.at += 1
            return True
        if first:
            return False
        if mark != ",":
            raise self.error(f"a ',' or '{bracket}' is expected here, found {self.found()}")
        self.at += 1
        self.skip()
        if self.text[self.at : self.at + 1] == bracket:
            raise self.error(f"the ',' before this '{bracket}' has nothing after it; remove it")
        return False

    def skip(self) -> None:
        match = _SPACE.match(self.text, self.at)
        self.at = match.end() if match else self.at

    def line(self) -> int:
        self._line += self.text.count("\n", self._counted, self.at)
        self._counted = self.at
        return self._line

    def found(self) -> str:
        rest = self.text[self.at : self.at + 20].split("\n")[0]
        return repr(rest) if rest else "the end of the text" if self.at >= len(self.text) else "the end of the line"

    def error(self, message: str) -> JsonSyntaxError:
        return JsonSyntaxError(message, self.text.count("\n", 0, self.at) + 1)
