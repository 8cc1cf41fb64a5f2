"""`filter_image_by_tag`: two ways for images, by their tags or those of their objects.

Family: flow.

>>> worked("filter_image_by_tag", {"tags": ["night"], "condition": "with"}, "20x10", tags="night, weather=rain")
first output: 20x10
  tags: night, weather=rain

>>> worked("filter_image_by_tag", {"tags": [{"name": "weather", "value": "sun"}], "condition": "with"}, "20x10",
...     tags="weather=rain")
second output: 20x10
  tags: weather=rain

Picture: all {"tags": ["alive"], "condition": "with"}
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from pipelines.actions.base import Finding, Notes, Router, action
from pipelines.actions.outcomes import Arriving, Never, Outcome
from pipelines.actions.tag import NamedTag
from pipelines.meta import Meta, nearest
from pipelines.sample import Sample
from pipelines.tag import Tag


@action("filter_image_by_tag")
@dataclass(frozen=True)
class FilterImageByTag(Router):
    tags: Annotated[tuple[str | NamedTag, ...], Field(min_length=1)]
    """A name stands for the tag with any value; `{"name": ..., "value": ...}` for that value, without a value for none."""
    condition: Literal["with", "without", "with_img", "without_img", "with_obj", "without_obj"]
    """The first output takes images that have all of the tags (`with`) or none of them (`without`): tags of the image
    (`with_img` means the same), or of any of its objects (`with_obj`, `without_obj`)."""

    examples: ClassVar[tuple[Any, ...]] = (
        {"tags": ["train"], "condition": "with"},
        {"tags": [{"name": "weather", "value": "rain"}, "night"], "condition": "without"},
        {"tags": ["occluded"], "condition": "with_obj"},
    )

    def problems(self) -> Iterator[Finding]:
        for number, tag in enumerate(self.tags):
            if tag in self.tags[:number]:
                yield Finding(("tags", number), f"the tag {_name(tag)!r} is listed twice", "warning")

    def map_meta(self, meta: Meta, notes: Notes) -> Meta:
        names = [spec.name for spec in meta.tags]
        for number, tag in enumerate(self.tags):
            if _name(tag) not in names:
                known = f"the tags that do: {', '.join(names)}" if names else "no tag does"
                notes.warning(
                    ("tags", number), f"no tag {_name(tag)!r} arrives here{nearest(_name(tag), names)}; {known}"
                )
        return meta

    def route(self, sample: Sample, rng: np.random.Generator | None) -> int:
        if self.condition.endswith("_obj"):
            present = {tag for figure in sample.figures for tag in figure.tags}
        else:
            present = set(sample.tags)
        found = [_is_among(wanted, present) for wanted in self.tags]
        holds = not any(found) if self.condition.startswith("without") else all(found)
        return 0 if holds else 1

    def outcomes(self, arriving: Arriving) -> tuple[Outcome, ...]:
        names = [_name(tag) for tag in self.tags]
        missing = [name for name in names if arriving.lacks_tag(name)]
        why = Never(f"no tag {' or '.join(map(repr, missing))} arrives", ("tags",))
        if self.condition.startswith("without"):
            return arriving, why if len(missing) == len(names) else arriving
        return why if missing else arriving, arriving


def _name(wanted: str | NamedTag) -> str:
    return wanted if isinstance(wanted, str) else wanted.name


def _is_among(wanted: str | NamedTag, present: set[Tag]) -> bool:
    if isinstance(wanted, str):
        return any(tag.name == wanted for tag in present)
    return Tag(wanted.name, wanted.value) in present
