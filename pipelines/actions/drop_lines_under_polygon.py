"""`drop_lines_under_polygon`: the parts of lines that polygons cover are cut out.

Family: lines.

>>> worked("drop_lines_under_polygon", {"lines_class": "a", "polygons_class": "p"}, "20x10", "a line (0,5) (15,5)",
...     "p polygon (4,0) (8,0) (8,9) (4,9)")
20x10
  p polygon (4,0) (8,0) (8,9) (4,9)
  a line (0,5) (4,5)
  a line (8,5) (15,5)

Picture: cat(whisker, muzzle) {"lines_class": "whisker", "polygons_class": "muzzle"}
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import shapely

from pipelines.actions.base import Action, Notes, action
from pipelines.actions.expected_shape import check_classes, required
from pipelines.figures import Figure, Line, Polygon
from pipelines.figures.line import lines_of
from pipelines.meta import Meta
from pipelines.sample import Sample, with_figures


@action("drop_lines_under_polygon")
@dataclass(frozen=True)
class DropLinesUnderPolygon(Action):
    lines_class: str
    """The class whose lines are cut, and moved on top of all other objects; its figures of other shapes stay."""
    polygons_class: str
    """The polygon class that covers them; lines in a hole of a polygon are not covered."""

    examples: ClassVar[tuple[Any, ...]] = ({"lines_class": "crack", "polygons_class": "patch"},)

    def map_meta(self, meta: Meta, notes: Notes) -> Meta:
        check_classes(notes, ("lines_class",), (self.lines_class,), meta, self.word, Line)
        check_classes(notes, ("polygons_class",), (self.polygons_class,), meta, self.word, Polygon)
        return meta

    def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
        """Each piece of a line is a figure with what people attached to the line; a wholly covered line vanishes."""
        cover = shapely.union_all([area for figure in sample.figures for area in self._areas(figure)])
        rest: list[Figure] = []
        lines: list[Figure] = []
        for figure in sample.figures:
            if figure.title == self.lines_class and isinstance(figure.shape, Line):
                lines.extend(figure.with_shape(piece) for piece in uncovered(figure.shape, cover))
            else:
                rest.append(figure)
        return (with_figures(sample, (*rest, *lines)),)

    def _areas(self, figure: Figure) -> Iterator[Any]:
        if figure.title == self.polygons_class:
            yield from areas_of(required(figure, self.word, Polygon))


def areas_of(polygon: Polygon) -> list[Any]:
    """The polygon for shapely; an outline that crosses itself as the parts that a filled drawing would have."""
    parts = shapely.get_parts(shapely.make_valid(shapely.Polygon(polygon.exterior, polygon.holes))).tolist()
    return [part for part in parts if part.geom_type in ("Polygon", "MultiPolygon")]


def uncovered(line: Line, cover: Any) -> tuple[Line, ...]:
    """What is left of a line outside of an area (a shapely geometry); the very line when they have nothing in common."""
    path = shapely.LineString(line.points)
    # A difference would also break the line where it crosses itself.
    return lines_of(path.difference(cover)) if path.intersects(cover) else (line,)
