"""`tag`: put a tag on the image, or take it off.

A tag belongs to the image, not to an object. The samples of a training and of a validation set are told apart by one.

Family: flow.

>>> worked("tag", {"tag": "train", "action": "add"}, "20x10")
20x10
  tags: train

>>> worked("tag", {"tag": {"name": "weather", "value": "rain"}, "action": "add"}, "20x10", tags="night")
20x10
  tags: night, weather=rain

>>> worked("tag", {"tag": "train", "action": "delete"}, "20x10", tags="train=x, b")
20x10
  tags: b
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import ConfigDict

from pipelines.actions.base import Action, Finding, Notes, action
from pipelines.actions.parameters import STRICT
from pipelines.meta import Meta, TagSpec, nearest
from pipelines.sample import Sample
from pipelines.tag import Tag


@dataclass(frozen=True)
class NamedTag:
    """A tag with an optional value."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    name: str
    """The name of the tag."""
    value: str | None = None
    """The value of the tag; when it is left out, the tag has none."""


@action("tag", "image_tag")
@dataclass(frozen=True)
class TagImage(Action):
    tag: str | NamedTag
    """The tag's name, or `{"name": ..., "value": ...}`."""
    action: Literal["add", "delete"]
    """`add` does nothing when the image has the very tag; `delete` goes by the name."""

    examples: ClassVar[tuple[Any, ...]] = (
        {"tag": "train", "action": "add"},
        {"tag": {"name": "weather", "value": "rain"}, "action": "add"},
        {"tag": "train", "action": "delete"},
    )

    def problems(self) -> Iterator[Finding]:
        if self.action == "delete" and self._tag.value is not None:
            yield Finding(("tag", "value"), "a tag is deleted by its name; leave the value out")

    def map_meta(self, meta: Meta, notes: Notes) -> Meta:
        tag = self._tag
        if self.action == "add":
            return meta.with_tag(TagSpec(tag.name, "none" if isinstance(self.tag, str) else "any_string"))
        if meta.tag(tag.name) is None:
            names = [spec.name for spec in meta.tags]
            notes.warning(
                ("tag",), f"no tag {tag.name!r} arrives here, so there is nothing to delete{nearest(tag.name, names)}"
            )
        return meta.without_tag(tag.name)

    def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
        tag = self._tag
        same_name = [known for known in sample.tags if known.name == tag.name]
        if self.action == "delete":
            return (replace(sample, tags=tuple(known for known in sample.tags if known.name != tag.name)),)
        if any(known.value != tag.value for known in same_name):
            raise ValueError(
                f"the image has the tag {tag.name!r} with the value {same_name[0].value!r} already; "
                f"it cannot get the value {tag.value!r} too. Delete the tag in a layer before"
            )
        return (sample,) if same_name else (replace(sample, tags=(*sample.tags, tag)),)

    @property
    def _tag(self) -> Tag:
        return Tag(self.tag) if isinstance(self.tag, str) else Tag(self.tag.name, self.tag.value)
