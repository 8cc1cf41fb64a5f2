"""One annotated object: a class title, a shape, and what people attached to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipelines.figures.shape import Shape
from pipelines.tag import Tag


@dataclass(frozen=True, slots=True)
class Figure:
    """`title` is the class, whose shape in the meta equals `shape.kind`; `extra` carries unknown keys of the source."""

    title: str
    shape: Shape
    tags: tuple[Tag, ...] = ()
    description: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)

    def with_shape(self, shape: Shape) -> Figure:
        """The same object with another geometry."""
        return Figure(self.title, shape, self.tags, self.description, self.extra)

    def with_title(self, title: str) -> Figure:
        """The same object under another class."""
        return Figure(title, self.shape, self.tags, self.description, self.extra)


def reshape(figures: Iterable[Figure], change: Callable[[Shape], Iterable[Shape]]) -> tuple[Figure, ...]:
    """Every figure with the shapes that `change` makes of its own: none drops it, several split it."""
    return tuple(figure.with_shape(shape) for figure in figures for shape in change(figure.shape))
