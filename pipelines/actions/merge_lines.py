"""`merge_lines`: lines that continue each other across a gap are joined.

Family: lines.

>>> worked("merge_lines", {"lines_class": "a", "maximal_angle": 10, "max_ends_distance": "5px",
...     "max_ortho_distance_coefficient": 0.5}, "30x10", "a line (0,0) (10,0)", "a line (12,0) (20,0)",
...     "a line (28,0) (30,0)")
30x10
  a line (0,0) (10,0) (12,0) (20,0)
  a line (28,0) (30,0)

Picture: cat(whisker) {"lines_class": "whisker", "maximal_angle": 20, "max_ends_distance": "60px",
  "max_ortho_distance_coefficient": 0.5}
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from pipelines.actions.base import Action, Notes, action
from pipelines.actions.expected_shape import check_classes, required
from pipelines.actions.parameters import LengthSetting
from pipelines.figures import Figure, Line
from pipelines.image import Size
from pipelines.meta import Meta
from pipelines.sample import Sample, with_figures


@dataclass(frozen=True, slots=True)
class Limits:
    """When two ends belong together: the largest turn in degrees, the widest gap in pixels, the largest offset per gap."""

    angle: float
    gap: float
    offset_per_gap: float


@action("merge_lines")
@dataclass(frozen=True)
class MergeLines(Action):
    lines_class: str
    """The line class; its lines are moved on top of all other objects."""
    maximal_angle: Annotated[float, Field(ge=0, le=180)]
    """Lines are joined when the way turns by at most so many degrees from one to the other."""
    max_ends_distance: LengthSetting
    """The widest gap between two ends: `"8px"`, or percent of the mean of the image's width and height."""
    max_ortho_distance_coefficient: Annotated[float, Field(ge=0)]
    """How far the other end may lie beside the continued line, as a multiple of the gap."""

    examples: ClassVar[tuple[Any, ...]] = (
        {
            "lines_class": "crack",
            "maximal_angle": 20,
            "max_ends_distance": "8px",
            "max_ortho_distance_coefficient": 0.5,
        },
        {"lines_class": "crack", "maximal_angle": 60, "max_ends_distance": "20%", "max_ortho_distance_coefficient": 1},
    )

    def map_meta(self, meta: Meta, notes: Notes) -> Meta:
        check_classes(notes, ("lines_class",), (self.lines_class,), meta, self.word, Line)
        return meta

    def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
        """A line that is joined with none keeps what people attached to it; a joined one has neither tags nor description."""
        lines = [figure for figure in sample.figures if figure.title == self.lines_class]
        for figure in lines:
            required(figure, self.word, Line)
        rest = (figure for figure in sample.figures if figure.title != self.lines_class)
        return (with_figures(sample, (*rest, *merged(lines, self._limits(sample.image.size)))),)

    def _limits(self, size: Size) -> Limits:
        length = self.max_ends_distance
        gap = length.amount if length.unit == "px" else length.amount / 100 * sum(size) / 2
        return Limits(self.maximal_angle, gap, self.max_ortho_distance_coefficient)


def merged(lines: Iterable[Figure], limits: Limits) -> list[Figure]:
    """Greedily: the first line is joined with the first later one it can be, and tries again, until none is left for it."""
    waiting, done = list(lines), []
    while waiting:
        first = waiting.pop(0)
        for number, other in enumerate(waiting):
            path = joined(first.shape, other.shape, limits)
            if path is not None:
                del waiting[number]
                waiting.insert(0, Figure(first.title, Line(path)))
                break
        else:
            done.append(first)
    return done


def joined(one: Any, other: Any, limits: Limits) -> np.ndarray | None:
    """The vertices of both lines as one path in the first one's direction, or None when their nearest ends do not fit."""
    gaps = {
        (at_end, to_start): math.dist(one.points[-1 if at_end else 0], other.points[0 if to_start else -1])
        for at_end in (True, False)
        for to_start in (True, False)
    }
    at_end, to_start = min(gaps, key=lambda ends: gaps[ends])
    ahead = one.points if at_end else one.points[::-1]
    next_ = other.points if to_start else other.points[::-1]
    if not _continues(ahead, next_, gaps[at_end, to_start], limits):
        return None
    # A shared end is one vertex of the result.
    path = np.concatenate([ahead, next_ if gaps[at_end, to_start] else next_[1:]])
    return path if at_end else path[::-1]


def _continues(ahead: np.ndarray, next_: np.ndarray, gap: float, limits: Limits) -> bool:
    """Whether the path `next_` carries on where the path `ahead` ends, `gap` pixels away; both are (n, 2) xy vertices."""
    (ux, uy), (vx, vy) = ahead[-1] - ahead[-2], next_[1] - next_[0]
    length = math.hypot(ux, uy)
    if gap > limits.gap or not length or not math.hypot(vx, vy):
        return False
    dx, dy = next_[0] - ahead[-2]
    beyond = math.hypot(dx, dy) >= length
    offset = abs(ux * dy - uy * dx) / length
    turn = math.degrees(math.atan2(abs(ux * vy - uy * vx), ux * vx + uy * vy))
    return beyond and offset <= gap * limits.offset_per_gap and turn <= limits.angle
