"""Objects that cannot be used although all else of their image can: such a one is left out, and counted by what it is."""

from __future__ import annotations

import math
from typing import Any

FARTHEST = 100_000
"""Coordinates beyond so many pixels are no place of any image; filling outlines takes memory by their length."""

FAR = f"objects with coordinates beyond {FARTHEST} pixels from the image, or that are no numbers: left out"
TOO_FEW_POINTS = "objects of too few points to have pixels: left out"

NO_PIXEL = "objects that cover no pixel's middle: left out"


class LeftOut(ValueError):
    """Nothing says which pixels an object covers. `kind` is what it is counted as: many objects, and none by name."""

    def __init__(self, kind: str, message: str = "") -> None:
        super().__init__(message or kind)
        self.kind = kind


def is_near(value: Any) -> bool:
    """Whether a coordinate is a finite number within reach of an image."""
    return isinstance(value, int | float) and -FARTHEST <= value <= FARTHEST


def without_infinities(value: Any) -> Any:
    """Values of a JSON file whose numbers can be written as JSON again: what is no finite number becomes null."""
    if isinstance(value, dict):
        return {key: without_infinities(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [without_infinities(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
