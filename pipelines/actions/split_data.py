"""`split_data`: distribute images at random over datasets of the result, by percent.

Family: flow.

>>> worked("split_data", {"percent": {"train": 100}}, "20x10")
20x10
  dataset: train

Picture: all {"percent": {"train": 50, "val": 50}}
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from pipelines.actions.base import Action, Finding, action
from pipelines.actions.dataset import name_problem
from pipelines.sample import Sample

Share = Annotated[float, Field(gt=0, le=100)]


@action("split_data")
@dataclass(frozen=True)
class SplitData(Action):
    percent: dict[str, Share]
    """Dataset → its share of the source images in percent; the shares add up to 100. All samples that are made of one source
    image go to the same dataset, so no crop of a training photograph is ever used to validate."""

    random: ClassVar[bool] = True
    draws_per_image: ClassVar[bool] = True
    moves_datasets: ClassVar[bool] = True
    examples: ClassVar[tuple[Any, ...]] = ({"percent": {"train": 90, "val": 10}},)

    def problems(self) -> Iterator[Finding]:
        for name in self.percent:
            if problem := name_problem(name):
                yield Finding(("percent", name), problem)
        total = sum(self.percent.values())
        if abs(total - 100) > 1e-6:
            yield Finding(("percent",), f"the shares add up to {total:g}, they must add up to 100")

    def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
        if rng is None:
            raise TypeError("split_data draws and needs a random generator")
        drawn = 100 * rng.random()
        limits = zip(self.percent, accumulate(self.percent.values()), strict=True)
        # The last one takes what rounding leaves of the hundred.
        dataset = next((name for name, limit in limits if drawn < limit), list(self.percent)[-1])
        return (replace(sample, dataset=dataset),)
