"""What a listing passes over, counted in words: whoever leaves something out says so here, and whoever lists collects it."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

# A channel of its own: files are left out deep inside of helpers that all layouts share, and none may forget to hand it on.
_COLLECTING: ContextVar[Counter[str] | None] = ContextVar("collecting", default=None)


def pass_over(what: str, count: int = 1) -> None:
    """Say that so many things are not listed, or not as they are; `what` is in the plural, and names no single one of them."""
    collecting = _COLLECTING.get()
    if collecting is not None and count:
        collecting[what] += count


def pass_over_files(paths: Iterable[str], where: str) -> None:
    """Say that files are left out since they are no pictures, by their endings."""
    for path in paths:
        ending = posixpath.splitext(path)[1].lower()
        what = f"files in {where} that end in {ending}" if ending else f"files or folders in {where} without an ending"
        pass_over(f"{what}: passed over, they are no pictures")


@contextmanager
def collected() -> Iterator[Counter[str]]:
    """What is passed over inside of the block, by what it is."""
    found: Counter[str] = Counter()
    token = _COLLECTING.set(found)
    try:
        yield found
    finally:
        _COLLECTING.reset(token)
