"""What is known of one labelled image: the neutral record that every layout is read into."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipelines.figures import Figure
from pipelines.image import Size
from pipelines.tag import Tag


@dataclass(frozen=True, slots=True)
class Annotation:
    """What is known of one image; `size` is (height, width), figures are in drawing order."""

    size: Size
    figures: tuple[Figure, ...] = ()
    tags: tuple[Tag, ...] = ()
    description: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    """For each object that is not among the figures since nothing says which pixels it covers, what kind of object it is."""
