"""Forms of settings that several actions share: side lengths and random parts of an image."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import BeforeValidator, ConfigDict, Field

from pipelines.actions.base import Finding
from pipelines.image import Rect, Size

STRICT = ConfigDict(extra="forbid", strict=True, arbitrary_types_allowed=True)

_LENGTH = re.compile(r"(?:(?P<pixels>[0-9]+)px|(?P<percent>[0-9]+(?:\.[0-9]+)?)%)")


@dataclass(frozen=True, slots=True)
class Length:
    """A length in whole pixels or in percent of some extent."""

    amount: float
    unit: str

    def of(self, extent: float) -> int:
        """Pixels, a percentage truncated."""
        return int(self.amount) if self.unit == "px" else int(extent * self.amount / 100)


def read_length(value: Any) -> Length:
    """`"12px"` or `"33.3%"`. Raises `ValueError` with the allowed form."""
    if isinstance(value, Length):
        return value
    match = _LENGTH.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        hint = f'; did you mean "{value}px"?' if str(value).isdigit() else ""
        raise ValueError(
            f'found {value!r}, a length is a whole number of pixels like "10px" '
            f'or a percentage like "33.3%", not negative{hint}'
        )
    if match["pixels"] is not None:
        return Length(int(match["pixels"]), "px")
    return Length(float(match["percent"]), "%")


Names = tuple[str, ...]
"""A JSON list of strings."""

SomeNames = Annotated[tuple[str, ...], Field(min_length=1)]
"""A JSON list of at least one string."""

LengthSetting = Annotated[Length, BeforeValidator(read_length), Field(json_schema_extra={"type": "string"})]
NO_LENGTH = Length(0, "px")


@dataclass(frozen=True)
class Sides:
    """A length for each side; sides that are not given are 0."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    left: LengthSetting = NO_LENGTH
    """At the left: `"10px"`, or `"20%"` of the width; 0 when it is left out."""
    right: LengthSetting = NO_LENGTH
    """At the right: `"10px"`, or `"20%"` of the width; 0 when it is left out."""
    top: LengthSetting = NO_LENGTH
    """At the top: `"10px"`, or `"20%"` of the height; 0 when it is left out."""
    bottom: LengthSetting = NO_LENGTH
    """At the bottom: `"10px"`, or `"20%"` of the height; 0 when it is left out."""

    def problems(self, path: tuple[str, ...]) -> Iterator[Finding]:
        """What is odd about sides that are cut off."""
        for one, other, name in ((self.left, self.right, "left and right"), (self.top, self.bottom, "top and bottom")):
            if one.unit == other.unit == "%" and one.amount + other.amount >= 100:
                total = one.amount + other.amount
                yield Finding(path, f"{name} together cut off {total:g}% of the image: no sample is left", "warning")

    def inside(self, size: Size) -> Rect:
        """What is left of an image of this (height, width) when the sides are cut off; may be empty."""
        height, width = size
        return Rect(
            self.left.of(width), self.top.of(height), width - self.right.of(width), height - self.bottom.of(height)
        )

    def around(self, rect: Rect) -> Rect:
        """The rectangle enlarged by the sides, percentages of its own width and height."""
        width, height = rect.width, rect.height
        return Rect(
            rect.left - self.left.of(width),
            rect.top - self.top.of(height),
            rect.right + self.right.of(width),
            rect.bottom + self.bottom.of(height),
        )


Percent = Annotated[float, Field(ge=0, le=100)]


@dataclass(frozen=True)
class PercentRange:
    """From which to which share of a side a random part takes, in percent."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    min_percent: Percent
    """The least share of the side, in percent."""
    max_percent: Percent
    """The greatest share of the side, in percent."""


@dataclass(frozen=True)
class RandomPart:
    """A random rectangle of an image: its share of each side is uniform in the given range, so is its place."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    height: PercentRange
    """Which share of the image's height the part has; all in the range are equally likely."""
    width: PercentRange
    """Which share of the image's width the part has; all in the range are equally likely."""
    keep_aspect_ratio: bool = False
    """With true one drawn share serves both sides, which need the same range then."""

    def problems(self, path: tuple[str, ...]) -> Iterator[Finding]:
        for side, share in (("height", self.height), ("width", self.width)):
            if share.min_percent > share.max_percent:
                yield Finding(
                    (*path, side),
                    f"min_percent {share.min_percent:g} is greater than max_percent {share.max_percent:g}; exchange them",
                )
        if self.keep_aspect_ratio and self.height != self.width:
            yield Finding(
                (*path, "keep_aspect_ratio"),
                "with true, one draw serves both sides, so height and width need the same range; they differ",
            )

    def draw(self, size: Size, rng: np.random.Generator) -> Rect:
        """A rectangle of an image of this (height, width); empty when a side comes out below one pixel."""
        height, width = size
        share_x = rng.uniform(self.width.min_percent, self.width.max_percent)
        share_y = share_x if self.keep_aspect_ratio else rng.uniform(self.height.min_percent, self.height.max_percent)
        new_width, new_height = min(width, int(width * share_x / 100)), min(height, int(height * share_y / 100))
        left = int(rng.integers(0, width - new_width, endpoint=True))
        top = int(rng.integers(0, height - new_height, endpoint=True))
        return Rect(left, top, left + new_width, top + new_height)


@dataclass(frozen=True)
class Range:
    """From which to which value a number is drawn; all values are equally likely."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    min: float
    """The lower end of the values to draw, all equally likely."""
    max: float
    """The upper end of the values to draw."""

    def problems(self, path: tuple[str, ...], low: float = -math.inf, high: float = math.inf) -> Iterator[Finding]:
        """What is wrong, when values from `low` to `high` are allowed."""
        for name, value in (("min", self.min), ("max", self.max)):
            if value < low:
                yield Finding((*path, name), f"found {value:g}, at least {low:g} is expected")
            if value > high:
                yield Finding((*path, name), f"found {value:g}, at most {high:g} is expected")
        if self.min > self.max:
            yield Finding(path, f"min {self.min:g} is greater than max {self.max:g}; exchange them")

    def draw(self, rng: np.random.Generator) -> float:
        """A value of [min, max)."""
        return float(rng.uniform(self.min, self.max))


def require_generator(rng: np.random.Generator | None, word: str) -> np.random.Generator:
    """The generator, for an action that draws. Raises `TypeError` when there is none, which the executors never cause."""
    if rng is None:
        raise TypeError(f"{word} draws random numbers and needs a generator")
    return rng
