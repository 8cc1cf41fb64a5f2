"""`dataset`: choose the dataset of the result that samples are saved to.

The result is a project with several datasets, each a folder of images and annotations. Without such a layer a sample
keeps the dataset it comes from.

Family: flow.

>>> worked("dataset", {"name": "night shots"}, "20x10")
20x10
  dataset: night shots
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np

from pipelines.actions.base import Action, Finding, action
from pipelines.sample import Sample

LONGEST_NAME = 2048

_NAME = re.compile(r"[A-Za-z0-9 _-]+")


def name_problem(name: str) -> str | None:
    """What is wrong with the name of a dataset, if anything."""
    if _NAME.fullmatch(name) and len(name) <= LONGEST_NAME:
        return None
    shown = repr(name) if len(name) <= 60 else f"a name of {len(name)} characters"
    return f"found {shown}, the name of a dataset is 1 to {LONGEST_NAME} of the letters a-z and A-Z, digits, spaces, - and _"


@action("dataset")
@dataclass(frozen=True)
class Dataset(Action):
    name: str | None = None
    """The dataset's name: letters, digits, spaces, - and _. Of several such layers in a row the last one counts."""
    rule: Literal["save_original"] | None = None
    """`save_original`: the name of the source's dataset, also where datasets of two projects share it and so become one."""

    moves_datasets: ClassVar[bool] = True
    examples: ClassVar[tuple[Any, ...]] = ({"name": "New ds-1"}, {"rule": "save_original"})

    def problems(self) -> Iterator[Finding]:
        if (self.name is None) == (self.rule is None):
            found = "neither is given" if self.name is None else "both are given"
            yield Finding((), f'a dataset layer has either "name" or "rule"; {found}')
        if self.name is not None and (problem := name_problem(self.name)):
            yield Finding(("name",), problem)

    def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
        return (replace(sample, dataset=sample.origin.dataset if self.name is None else self.name),)
