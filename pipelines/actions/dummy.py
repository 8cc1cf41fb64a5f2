"""`dummy`: pass samples on unchanged; several inputs come out under one name."""

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
