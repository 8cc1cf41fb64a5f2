"""What is known of the licences of images: words or SPDX identifiers, by the project that the images come from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

NOT_STATED = "not stated"
"""The licence of images of which nobody has said any."""

SEPARATOR = "; "
"""Between the licences of one project, where they are one text."""


def different(texts: Iterable[str]) -> tuple[str, ...]:
    """The texts without white space around them, each once, in their order."""
    return tuple(dict.fromkeys(text.strip() for text in texts if text.strip()))


def as_text(licences: Mapping[str, Iterable[str]]) -> str:
    """`voc: CC-BY-4.0, coco: not stated`, for people."""
    return ", ".join(f"{project}: {SEPARATOR.join(texts)}" for project, texts in licences.items())
