"""`objects_filter`: drop objects by their size, or all but some classes.

Family: classes and objects.

>>> worked("objects_filter", {"filter_by": {"polygon_sizes": {"filtering_classes": ["a"], "comparator": "less",
...     "area_size": {"percent": 1}, "action": "delete"}}}, "200x100", "a rectangle (0,0) (10,20)",
...     "a rectangle (0,0) (10,19)")
200x100
  a rectangle (0,0) (10,20)

>>> worked("objects_filter", {"filter_by": {"polygon_sizes": {"filtering_classes": ["a"], "comparator": "less",
...     "area_size": {"width": 10, "height": 5}, "action": "delete"}}}, "200x100", "a rectangle (0,0) (9,20)",
...     "a rectangle (0,0) (10,5)")
200x100
  a rectangle (0,0) (10,5)

>>> worked("objects_filter", {"filter_by": {"names": ["b"]}}, "20x10", "a point (1,1)", "b point (2,2)")
20x10
  b point (2,2)

Picture: cat(eye, nose, pupil) {"filter_by": {"polygon_sizes": {"filtering_classes": ["eye", "nose", "pupil"],
  "comparator": "less", "area_size": {"percent": 1}, "action": "delete"}}}
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import ConfigDict, Field

from pipelines.actions.base import Action, Finding, Notes, action
from pipelines.actions.outcomes import Arriving, Outcome
from pipelines.actions.parameters import STRICT, Names, Percent
from pipelines.figures import Shape
from pipelines.image import Size
from pipelines.meta import Meta
from pipelines.sample import Sample, with_figures

Pixels = Annotated[int, Field(ge=0)]


@dataclass(frozen=True)
class AreaSize:
    """The limit: `percent` of the image's area, `area` in pixels, or `width` and `height` of the bounding box."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    percent: Percent | None = None
    """A share of the image's area, in percent."""
    area: Annotated[float, Field(ge=0)] | None = None
    """An area in square pixels."""
    width: Pixels | None = None
    """A width of the bounding box in pixels, beside `height`; one side beyond its limit is enough."""
    height: Pixels | None = None
    """A height of the bounding box in pixels, beside `width`."""


@dataclass(frozen=True)
class PolygonSizes:
    """Which objects are judged, against which limit; the name is historic, every shape is meant."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    filtering_classes: Names
    """Objects of these classes are judged, whatever their shape; all others stay."""
    comparator: Literal["less", "greater"]
    """Which objects go: those below the limit (`less`) or above it (`greater`). What equals the limit stays."""
    area_size: AreaSize
    """The limit: `percent`, `area`, or `width` and `height`."""
    action: Literal["delete"]
    """What happens to these objects: they are deleted."""


@dataclass(frozen=True)
class FilterBy:
    """Either a size or a list of class names to keep."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    polygon_sizes: PolygonSizes | None = None
    """Deletes objects of some classes by their size."""
    names: Names | None = None
    """Keeps the objects of these classes and deletes all others."""


@action("objects_filter")
@dataclass(frozen=True)
class ObjectsFilter(Action):
    filter_by: FilterBy
    """`polygon_sizes` deletes objects of `filtering_classes` below (`less`) or above (`greater`) a size, strictly;
    `names` keeps the objects of these classes and deletes all others."""

    examples: ClassVar[tuple[Any, ...]] = (
        {
            "filter_by": {
                "polygon_sizes": {
                    "filtering_classes": ["car"],
                    "comparator": "less",
                    "area_size": {"percent": 2.5},
                    "action": "delete",
                }
            }
        },
        {
            "filter_by": {
                "polygon_sizes": {
                    "filtering_classes": ["car", "person"],
                    "comparator": "greater",
                    "area_size": {"width": 20, "height": 20},
                    "action": "delete",
                }
            }
        },
        {
            "filter_by": {
                "polygon_sizes": {
                    "filtering_classes": ["car"],
                    "comparator": "less",
                    "area_size": {"area": 100},
                    "action": "delete",
                }
            }
        },
        {"filter_by": {"names": ["car"]}},
    )

    def problems(self) -> Iterator[Finding]:
        sizes, names = self.filter_by.polygon_sizes, self.filter_by.names
        if (sizes is None) == (names is None):
            found = "neither is given" if sizes is None else "both are given"
            yield Finding(("filter_by",), f'either "polygon_sizes" or "names" is expected; {found}')
        if sizes is not None:
            limit = sizes.area_size
            given = tuple(part is not None for part in (limit.percent, limit.area, limit.width, limit.height))
            if given not in ((True, False, False, False), (False, True, False, False), (False, False, True, True)):
                yield Finding(
                    ("filter_by", "polygon_sizes", "area_size"),
                    '{"percent": ...}, {"area": ...} in pixels, or {"width": ..., "height": ...} is expected',
                )

    def map_meta(self, meta: Meta, notes: Notes) -> Meta:
        if self.filter_by.polygon_sizes:
            path = ("filter_by", "polygon_sizes", "filtering_classes")
            notes.unknown_classes(path, self.filter_by.polygon_sizes.filtering_classes, meta)
        notes.unknown_classes(("filter_by", "names"), self.filter_by.names or (), meta)
        return meta

    def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
        sizes, size = self.filter_by.polygon_sizes, sample.image.size
        if sizes is None:
            names = self.filter_by.names or ()
            kept = tuple(figure for figure in sample.figures if figure.title in names)
        else:
            kept = tuple(
                figure
                for figure in sample.figures
                if figure.title not in sizes.filtering_classes or not _beyond(figure.shape, size, sizes)
            )
        return (sample,) if len(kept) == len(sample.figures) else (with_figures(sample, kept),)

    def outcomes(self, arriving: Arriving) -> tuple[Outcome, ...]:
        # The class list is the old one all the same: deleted objects do not take their class out of a dataset's meta.
        names = self.filter_by.names
        return super().outcomes(arriving if names is None else arriving.only(names))


def _beyond(shape: Shape, size: Size, sizes: PolygonSizes) -> bool:
    """Whether the shape is strictly smaller, or strictly larger, than the limit in an image of this (height, width)."""
    limit, less = sizes.area_size, sizes.comparator == "less"
    if limit.percent is not None:
        share = 100 * shape.area / (size[0] * size[1])
        return share < limit.percent if less else share > limit.percent
    if limit.area is not None:
        return shape.area < limit.area if less else shape.area > limit.area
    left, top, right, bottom = shape.bounds
    pairs = ((right - left, limit.width or 0), (bottom - top, limit.height or 0))
    return any(side < bound if less else side > bound for side, bound in pairs)
