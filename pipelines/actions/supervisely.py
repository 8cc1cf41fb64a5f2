"""`supervisely`: save the samples as a Supervisely project in shards.

What is written, and under which names, stands in [Datasets](../datasets.md). A graph has exactly one layer that
saves.

Family: input and output.

>>> worked("supervisely", {}, "20x10", "car rectangle (15,2) (25,6)", "pos point (4,3)", "pos point (21,3)")
20x10
  car rectangle (15,2) (20,6)
  pos point (4,3)
"""

from dataclasses import dataclass
from typing import Any, ClassVar

from pipelines.actions.base import Sink, action


@action("supervisely", "create_new_project")
@dataclass(frozen=True)
class Supervisely(Sink):
    examples: ClassVar[tuple[Any, ...]] = ({},)

    @classmethod
    def from_settings(cls, settings: Any) -> "Supervisely":
        """Any settings are taken, none has a meaning: so it always was in this language."""
        return cls()
