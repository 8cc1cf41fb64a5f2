"""Objects as labelling tools have them drawn: parts of a group become one object, and every class has one kind of shape."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pipelines.figures import Bitmap, Figure, Shape
from pipelines.image import Size
from pipelines.meta import ClassSpec, Meta
from pipelines.sources.base import BadItem, SourceError
from pipelines.tag import Tag

AREA, LINE, POINT = KINDS = ("bitmap", "line", "point")
"""What a tool's shapes become: whatever has an inside is the pixels of it."""

Titles = Mapping[tuple[str, str], str]
"""The class of each (label, kind)."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A shape of an image: `shapes` are all of its `kind`, and none where it covers no pixel; `group` is None for none."""

    label: str
    kind: str
    shapes: tuple[Shape, ...]
    group: Hashable = None
    tags: tuple[Tag, ...] = ()
    description: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)


def titles_of(used: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """The class of each (label, kind) that is used, in the order of the labels. Raises `SourceError`.

    A label is the class of its areas. Lines and points under the same label have its kind in brackets: `crack (line)`.
    """
    kinds: dict[str, set[str]] = {}
    for label, kind in used:
        kinds.setdefault(label, set()).add(kind)
    titles = {}
    for label, found in kinds.items():
        for number, kind in enumerate(kind for kind in KINDS if kind in found):
            title = label if number == 0 else f"{label} ({kind})"
            if number and title in kinds:
                raise SourceError(
                    f"{label!r} is drawn in several ways, so its {kind}s are {title!r}, a label that is there, too"
                )
            titles[label, kind] = title
    return titles


def meta_of(titles: Titles, colors: Mapping[str, str] | None = None) -> Meta:
    """The classes, each with its kind, and with the colour of its label where it has one."""
    meta = Meta()
    for (label, kind), title in titles.items():
        meta = meta.with_class(ClassSpec(title, kind, (colors or {}).get(label, "")))
    return meta


def figures_of(drawn: Iterable[Drawn], titles: Titles, size: Size) -> tuple[Figure, ...]:
    """The objects in their order; areas of one label and group are one, where the first of them was. Raises `BadItem`."""
    parts: dict[Hashable, list[Drawn]] = {}
    for number, shape in enumerate(drawn):
        together = shape.group is not None and shape.kind == AREA
        parts.setdefault((shape.label, shape.group) if together else number, []).append(shape)
    return tuple(figure for together in parts.values() for figure in _figures(together, titles, size))


def _figures(parts: list[Drawn], titles: Titles, size: Size) -> list[Figure]:
    first = parts[0]
    title = titles.get((first.label, first.kind))
    if title is None:
        raise BadItem(f"{first.label!r} as a {first.kind} was not there when the project was opened; start again")
    shapes = first.shapes
    if len(parts) > 1:
        canvas = np.zeros(size, bool)
        for shape in (shape for part in parts for shape in part.shapes):
            shape.draw(canvas, 1)
        shapes = Bitmap.trimmed(0, 0, canvas)
    tags = tuple(dict.fromkeys(tag for part in parts for tag in part.tags))
    description = "\n".join(dict.fromkeys(part.description for part in parts if part.description))
    extra = {key: value for part in reversed(parts) for key, value in part.extra.items()}
    return [Figure(title, shape, tags, description, extra) for shape in shapes]
