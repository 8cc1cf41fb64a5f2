"""`color_class`: give classes other colours; objects stay as they are.

Family: classes and objects.

>>> worked("color_class", {"classes_color_mapping": {"a": "#FF0000"}}, "20x10", "a point (1,1)", colors=True)
20x10
  a point (1,1)
class a: #ff0000

Picture: coffee(cup, spoon) {"classes_color_mapping": {"cup": "#FF0000", "spoon": "#FFFFFF"}}
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from pipelines.actions.base import Action, Finding, Notes, action
from pipelines.meta import Meta
from pipelines.sample import Sample

_COLOR = re.compile(r"#[0-9a-fA-F]{6}")


@action("color_class", "change_class_color")
@dataclass(frozen=True)
class ColorClass(Action):
    classes_color_mapping: dict[str, str]
    """Class → colour as `#RRGGBB`, six hexadecimal digits."""

    examples: ClassVar[tuple[Any, ...]] = ({"classes_color_mapping": {"car": "#FF0000"}},)

    def problems(self) -> Iterator[Finding]:
        for title, color in self.classes_color_mapping.items():
            if not _COLOR.fullmatch(color):
                yield Finding(
                    ("classes_color_mapping", title),
                    f"found {color!r}, a colour is # and six hexadecimal digits, two each for red, green, blue: #FF8000",
                )

    def map_meta(self, meta: Meta, notes: Notes) -> Meta:
        notes.unknown_classes(("classes_color_mapping",), self.classes_color_mapping, meta)
        colors = self.classes_color_mapping
        classes = tuple(
            replace(spec, color=colors[spec.title].lower()) if spec.title in colors else spec for spec in meta.classes
        )
        return replace(meta, classes=classes)

    def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
        return (sample,)
