"""A project's classes and tags, and how a graph's layers change them."""

from __future__ import annotations

import colorsys
import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Any

KEEP = "__default__"
IGNORE = "__ignore__"
OTHER = "__other__"

SHAPE_NAMES = ("point", "rectangle", "line", "polygon", "bitmap", "graph")


class MetaConflict(ValueError):
    """Two descriptions of one class or tag that cannot both hold."""


@dataclass(frozen=True, slots=True)
class ClassSpec:
    """A class: its title, the shape of its figures, a colour `#rrggbb`, and unknown fields of the source."""

    title: str
    shape: str
    color: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.color:
            object.__setattr__(self, "color", color_of(self.title))


@dataclass(frozen=True, slots=True)
class TagSpec:
    """A tag: its name, what values it takes (`none`, `any_string`, `any_number`, `oneof_string`) and which."""

    name: str
    value_type: str = "none"
    values: tuple[str, ...] = ()
    color: str = ""

    def __post_init__(self) -> None:
        if not self.color:
            object.__setattr__(self, "color", color_of(self.name))

    def same_as(self, other: TagSpec) -> bool:
        """Equal but for the colour."""
        return (self.name, self.value_type, self.values) == (other.name, other.value_type, other.values)


@dataclass(frozen=True, slots=True)
class Meta:
    """Classes and tags in order, titles and names unique."""

    classes: tuple[ClassSpec, ...] = ()
    tags: tuple[TagSpec, ...] = ()

    def shape_of(self, title: str) -> str | None:
        """The shape of a class, None for a class that is not here."""
        return next((spec.shape for spec in self.classes if spec.title == title), None)

    @property
    def titles(self) -> tuple[str, ...]:
        return tuple(spec.title for spec in self.classes)

    def tag(self, name: str) -> TagSpec | None:
        return next((spec for spec in self.tags if spec.name == name), None)

    def with_class(self, spec: ClassSpec) -> Meta:
        """This meta and one more class; one that is there already with the same shape is left as it is."""
        known = self.shape_of(spec.title)
        if known is None:
            return replace(self, classes=(*self.classes, spec))
        if known != spec.shape:
            raise shape_conflict(spec.title, known, spec.shape)
        return self

    def with_tag(self, spec: TagSpec) -> Meta:
        """This meta and one more tag; one that is there already with the same values is left as it is."""
        known = self.tag(spec.name)
        if known is None:
            return replace(self, tags=(*self.tags, spec))
        if not known.same_as(spec):
            raise MetaConflict(
                f"tag {spec.name!r} takes values of type {known.value_type} in one place and {spec.value_type} in another; "
                "use one form of the tag everywhere, or another name"
            )
        return self

    def without_tag(self, name: str) -> Meta:
        return replace(self, tags=tuple(spec for spec in self.tags if spec.name != name))

    def only(self, titles: Iterable[str]) -> Meta:
        """The classes with these titles, in this meta's order."""
        wanted = set(titles)
        return replace(self, classes=tuple(spec for spec in self.classes if spec.title in wanted))

    def renamed(self, mapping: Mapping[str, str]) -> Meta:
        """Every class looked up once in a complete mapping: `__default__` keeps, `__ignore__` drops, other values rename.

        All entries act at once, so names can be swapped. A new name stands where its first contributor stood, in its colour.
        """
        result = Meta((), self.tags)
        for spec in self.classes:
            target = mapping[spec.title]
            if target != IGNORE:
                result = result.with_class(spec if target == KEEP else replace(spec, title=target))
        return result

    def replaced(self, mapping: Mapping[str, str], shape: str) -> Meta:
        """The listed classes become classes of another shape: title → new title, which may be the same one.

        All entries act at once, and classes that are not listed stay. A new class stands where its first contributor stood, in
        its colour; where a class that stays has the title already, that one's description holds. Raises `MetaConflict` when a
        class that stays has the title in another shape.
        """
        staying = {spec.title: spec for spec in self.classes if spec.title not in mapping}
        result = Meta((), self.tags)
        for spec in self.classes:
            target = mapping.get(spec.title)
            if target is None:
                result = result.with_class(spec)
            else:
                known = staying.get(target)
                result = result.with_class(
                    known if known and known.shape == shape else ClassSpec(target, shape, spec.color)
                )
        return result

    def union(self, other: Meta) -> Meta:
        """Both metas, this one's order, colours and fields first."""
        result = self
        for spec in other.classes:
            result = result.with_class(spec)
        for tag in other.tags:
            result = result.with_tag(tag)
        return result


def shape_conflict(title: str, one: str, two: str) -> MetaConflict:
    return MetaConflict(
        f"class {title!r} is a {one} in one place and a {two} in another; rename one of them, or convert its figures first"
    )


def complete(mapping: Mapping[str, str], titles: Iterable[str], other: str | None = None) -> dict[str, str]:
    """The mapping for every title: listed ones as listed, the rest as `__other__` says, or as `other` without it.

    A title that nothing covers is left out of the result.
    """
    rest = mapping.get(OTHER, other)
    found = {title: mapping.get(title, rest) for title in titles}
    return {title: target for title, target in found.items() if target is not None}


def color_of(title: str) -> str:
    """A saturated colour `#rrggbb` that depends on the title alone."""
    hue = int.from_bytes(blake2b(title.encode(), digest_size=4).digest(), "big") / 2**32
    red, green, blue = colorsys.hls_to_rgb(hue, 0.45, 0.8)
    return f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}"


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint in brackets: ` (did you mean 'car'?)`, or nothing when no known name is close."""
    match = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f" (did you mean {match[0]!r}?)" if match else ""
