"""A tag: a word that people attach to an image or an object."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tag:
    """A word attached to an image or an object, with an optional value, text or a number."""

    name: str
    value: str | float | None = None
