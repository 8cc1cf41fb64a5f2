"""`dummy`: pass samples on unchanged; several inputs come out under one name.

Of use where two connections should have one name: `"src": ["$day", "$night"], "dst": "$all"`. Its settings may be
anything.

Family: flow.

>>> worked("dummy", {}, "20x10", "car rectangle (1,2) (5,6)", tags="night")
20x10
  tags: night
  car rectangle (1,2) (5,6)
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from pipelines.actions.base import Action, action
from pipelines.sample import Sample


@action("dummy")
@dataclass(frozen=True)
class Dummy(Action):
    examples: ClassVar[tuple[Any, ...]] = ({},)

    @classmethod
    def from_settings(cls, settings: Any) -> "Dummy":
        """Any settings are taken, none has a meaning: so it always was in this language."""
        return cls()

    def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
        return (sample,)
