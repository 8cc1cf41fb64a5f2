"""What the tests of all layouts ask of each layout's own test: a small project, and what is in it."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.image import Size
from pipelines.sources import LAYOUTS


@dataclass(frozen=True)
class Example:
    """A project on disk: at least two images of one size, at least one of them with an object where there are labels."""

    location: Path
    size: Size
    """(height, width) of every picture."""
    titles: Mapping[str, Sequence[str]]
    """By `dataset/file` the classes of the image's figures, in any order."""
    tags: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """By `dataset/file` the names of the image's tags, where the layout has tags."""


def example_of(word: str) -> Callable[[Path], Example]:
    """The function that writes a layout's example; it is in the layout's own test."""
    name = f"tests.pipelines.sources.test_{word}"
    hint = f"write {name.replace('.', '/')}.py with a function example(root: Path) -> Example"
    assert word in LAYOUTS
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError:
        raise AssertionError(f"the layout {word!r} has no test of its own: {hint}") from None
    found: Callable[[Path], Example] | None = getattr(module, "example", None)
    assert found is not None, f"the test of the layout {word!r} has no example: {hint}"
    return found
