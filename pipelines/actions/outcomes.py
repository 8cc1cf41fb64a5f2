"""What can be known of samples before an image is read: their sizes, classes and tags, and why an output stays empty."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from pipelines.meta import Meta, MetaConflict


@dataclass(frozen=True, slots=True)
class Extent:
    """The shortest and the longest that a side of an image can be, in pixels."""

    low: float = 1
    high: float = math.inf

    @property
    def exact(self) -> int | None:
        """The length, where only one is possible."""
        return int(self.low) if self.low == self.high else None

    @property
    def words(self) -> str:
        """Such as "exactly 256 pixels"; only where something is known."""
        if self.exact is not None:
            kind, number = "exactly", self.low
        elif math.isfinite(self.high):
            kind, number = "at most", self.high
        else:
            kind, number = "at least", self.low
        return f"{kind} {number:.0f} pixel{'' if number == 1 else 's'}"

    def joined(self, other: Extent) -> Extent:
        return Extent(min(self.low, other.low), max(self.high, other.high))


@dataclass(frozen=True, slots=True)
class Arriving:
    """What the samples on a connection can be like. `meta` holds the classes and tags that can be present, None if unknown."""

    height: Extent = Extent()
    width: Extent = Extent()
    meta: Meta | None = None

    def joined(self, other: Arriving) -> Arriving:
        """Samples of the one kind or of the other."""
        try:
            meta = None if self.meta is None or other.meta is None else self.meta.union(other.meta)
        except MetaConflict:
            meta = None
        return Arriving(self.height.joined(other.height), self.width.joined(other.width), meta)

    def sized(self, height: Extent, width: Extent) -> Arriving:
        """The same in other sizes."""
        return replace(self, height=height, width=width)

    def mapped(self, change: Callable[[Meta], Meta]) -> Arriving:
        """The same with other classes and tags; with unknown ones where the change meets a conflict."""
        if self.meta is None:
            return self
        try:
            return replace(self, meta=change(self.meta))
        except MetaConflict:
            return replace(self, meta=None)

    def only(self, titles: Iterable[str]) -> Arriving:
        """The same when objects of other classes are known to be absent."""
        return self.mapped(lambda meta: meta.only(titles))

    def without(self, titles: Iterable[str]) -> Arriving:
        """The same when objects of these classes are known to be absent."""
        gone = set(titles)
        return self.mapped(lambda meta: meta.only(title for title in meta.titles if title not in gone))

    def absent(self, titles: Iterable[str]) -> bool:
        """Whether it is certain that no object has one of these classes."""
        return self.meta is not None and not set(titles) & set(self.meta.titles)

    def lacks_tag(self, name: str) -> bool:
        """Whether it is certain that nothing has this tag."""
        return self.meta is not None and self.meta.tag(name) is None


@dataclass(frozen=True, slots=True)
class Never:
    """Why nothing can come out of an output; `path` leads from the layer to the setting that is the reason."""

    why: str
    path: tuple[str, ...]


Outcome = Arriving | Never
"""What comes out of one output."""


def no_object(titles: Iterable[str]) -> str:
    """A sentence part: none of these classes arrives."""
    return f"no object of class {' or '.join(map(repr, titles))} arrives"
