"""`objects_filter_by_area`: delete, keep or tag objects by their area in pixels.

Family: classes and objects.

>>> worked("objects_filter_by_area", {"classes": ["a"], "area": 16, "comparator": "gt", "action": "add_tags",
...     "tags_to_add": ["large"]}, "20x10", "a rectangle (1,2) (5,6)", "a rectangle (1,2) (6,6)")
20x10
  a rectangle (1,2) (5,6)
  a rectangle (1,2) (6,6) [large]

Picture: cat(eye, nose, pupil) {"classes": ["eye", "nose", "pupil"], "area": 1500, "comparator": "gt", "action":
  "keep"}
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from pipelines.actions.base import Action, Finding, Notes, action
from pipelines.actions.parameters import SomeNames
from pipelines.actions.tag import NamedTag
from pipelines.figures import Figure
from pipelines.meta import Meta, TagSpec
from pipelines.sample import Sample, with_figures
from pipelines.tag import Tag


@action("objects_filter_by_area")
@dataclass(frozen=True)
class ObjectsFilterByArea(Action):
    classes: SomeNames
    """The classes that are judged."""
    area: Annotated[float, Field(ge=0)]
    """The limit in square pixels. Lines and points have the area 0, holes of polygons are not subtracted."""
    comparator: Literal["lt", "gt"]
    """Judged are objects of an area strictly less (`lt`) or strictly greater (`gt`) than the limit."""
    action: Literal["delete", "keep", "add_tags"]
    """What happens to such objects: they are deleted; or they are kept and all others, of other classes too, deleted; or they
    get tags."""
    tags_to_add: tuple[str | NamedTag, ...] = ()
    """The tags of `add_tags`: names, or `{"name": ..., "value": ...}`. A tag that an object has already stays as it is."""

    examples: ClassVar[tuple[Any, ...]] = (
        {"classes": ["car"], "area": 100, "comparator": "lt", "action": "delete"},
        {"classes": ["car", "person"], "area": 100, "comparator": "gt", "action": "keep"},
        {"classes": ["car"], "area": 100, "comparator": "gt", "action": "add_tags", "tags_to_add": ["large"]},
    )

    def problems(self) -> Iterator[Finding]:
        if self.action == "add_tags" and not self.tags_to_add:
            yield Finding(("tags_to_add",), 'the action add_tags needs tags, e.g. "tags_to_add": ["small"]')
        if self.action != "add_tags" and self.tags_to_add:
            yield Finding(("tags_to_add",), f"the action {self.action} adds no tags, so these are not used", "warning")

    def map_meta(self, meta: Meta, notes: Notes) -> Meta:
        notes.unknown_classes(("classes",), self.classes, meta)
        result = meta
        if self.action == "add_tags":
            for tag in self._tags:
                # A tag that is known with several possible values may be added with one of them.
                if meta.tag(tag.name) is None:
                    result = result.with_tag(TagSpec(tag.name, "none" if tag.value is None else "any_string"))
        return result

    def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
        match self.action:
            case "delete":
                figures = tuple(figure for figure in sample.figures if not self._meets(figure))
            case "keep":
                figures = tuple(figure for figure in sample.figures if self._meets(figure))
            case _:
                figures = tuple(self._tagged(figure) if self._meets(figure) else figure for figure in sample.figures)
        return (with_figures(sample, figures),)

    @property
    def _tags(self) -> tuple[Tag, ...]:
        return tuple(Tag(tag) if isinstance(tag, str) else Tag(tag.name, tag.value) for tag in self.tags_to_add)

    def _meets(self, figure: Figure) -> bool:
        if figure.title not in self.classes:
            return False
        area = figure.shape.area
        return area < self.area if self.comparator == "lt" else area > self.area

    def _tagged(self, figure: Figure) -> Figure:
        present = {tag.name for tag in figure.tags}
        new = tuple(tag for tag in self._tags if tag.name not in present)
        return replace(figure, tags=(*figure.tags, *new))
