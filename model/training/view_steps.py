"""Which objects each step looks at, and how what it needs of them reaches the device."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch.utils.data import Dataset, Sampler

from model.chance import generator
from model.projects.photographs import BadPhotograph, Place, decode
from model.training.config import TrainConfig, Views
from model.training.drawn_views import batch_of, size_of_step, table_of_step
from model.training.photographs import (
    Objects,
    decoded,
    nothing_in,
    on_canvas,
)
from model.training.samples import Batch
from pipelines.formats.shards import ShardedDataset

_REPLACEMENTS = 20


class StepVisits(NamedTuple):
    """What one process looks at in one step."""

    objects: tuple[int, ...]
    draws: np.ndarray | None
    counted: tuple[bool, ...]


class TrainingSteps(Sampler[StepVisits]):
    """The steps of a run for one of several processes, from wherever the training stands: a pure function of seed and step.

    Processes share each step: at the config's size they draw together what one process with all their samples would; at others
    each has a multiple of four.
    """

    def __init__(
        self,
        config: TrainConfig,
        views: Views,
        weights: np.ndarray,
        steps: int,
        *,
        rank: int = 0,
        world: int = 1,
        position: Callable[[], int] = lambda: 0,
    ) -> None:
        """weights: (M,) how likely each object is.  steps: of the whole run.  position: steps done since the beginning."""
        self.config = config
        self.views = views
        self.upto = np.cumsum(weights)
        self.steps = steps
        self.rank = rank
        self.world = world
        self.position = position

    def __len__(self) -> int:
        return self.steps

    def __iter__(self) -> Iterator[StepVisits]:
        for step in range(self.position(), self.steps):
            yield self.visits(step)

    def visits(self, step: int) -> StepVisits:
        """This process's part of a step."""
        rng = generator(self.config.seed, "views", step)
        size = size_of_step(self.views, rng)
        each = batch_of(self.config.batch_size.train, self.config.input_size.height, size.side)
        objects = np.searchsorted(self.upto, rng.random(each * self.world) * self.upto[-1], side="right")
        draws = table_of_step(each * self.world, rng)
        mine = slice(self.rank * each, (self.rank + 1) * each)
        return StepVisits(
            tuple(np.minimum(objects[mine], len(self.upto) - 1).tolist()),
            draws[mine],
            (True,) * each,
        )


class ValidationSteps(Sampler[StepVisits]):
    """All objects once, in one shuffled order, dealt out to the processes; the last batch is filled up."""

    def __init__(
        self, objects: int, batch_size: int, seed: int, rank: int = 0, world: int = 1, limit: int | None = None
    ) -> None:
        """limit: at most so many batches."""
        self.order = generator(seed, "order", 0).permutation(objects)
        self.batch_size = batch_size
        self.rank = rank
        self.world = world
        batches = -(-objects // (batch_size * world))
        self.batches = batches if limit is None else min(batches, limit)

    def __len__(self) -> int:
        return self.batches

    def __iter__(self) -> Iterator[StepVisits]:
        for batch in range(self.batches):
            first = (batch * self.world + self.rank) * self.batch_size
            places = range(first, first + self.batch_size)
            yield StepVisits(
                tuple(int(self.order[place % len(self.order)]) for place in places),
                None,
                tuple(place < len(self.order) for place in places),
            )


class ResidentObjects(Dataset[Batch]):
    """Batches that only name their objects: the device has them."""

    def __getitem__(self, visits: StepVisits) -> Batch:
        return _described(visits) | {"objects": torch.tensor(visits.objects)}


class StreamedObjects(Dataset[Batch]):
    """Batches with their photographs, decoded for each visit."""

    def __init__(self, source: "Source") -> None:
        self.source = source

    def __getitem__(self, visits: StepVisits) -> Batch:
        found = [self.source.object_or_other(number) for number in visits.objects]
        parts = {name: torch.stack([getattr(one, name) for one, _ in found]) for name in Objects._fields}
        failed = torch.tensor([number for _, number in found])
        described = _described(visits)
        return described | parts | {"failed": failed, "counted": described["counted"] & (failed < 0)}


def _described(visits: StepVisits) -> Batch:
    described: Batch = {"counted": torch.tensor(visits.counted)}
    return described if visits.draws is None else described | {"draws": torch.from_numpy(visits.draws)}


@dataclass
class Source:
    """Objects that are read from their datasets one by one; which there are was found out once."""

    datasets: Sequence[ShardedDataset]
    config: TrainConfig
    side: int
    objects: list[tuple[Place, int]]
    """Of each object its photograph, and its number among the visible ones there."""

    @classmethod
    def of(
        cls,
        datasets: Sequence[ShardedDataset],
        places: Sequence[Place],
        config: TrainConfig,
        side: int,
        allowed_bad: int = 0,
        progress: bool = False,
        what: str = "photographs",
    ) -> "Source":
        """Reads every photograph once, to count its objects; arguments and errors are those of `photographs.load`."""
        objects = []
        for place, found in decoded(datasets, places, config.special_classes, allowed_bad, progress, what):
            objects += [(place, number) for number in range(len(found.masks))]
        if not objects:
            raise nothing_in(places, what, config.special_classes.foreground)
        return cls(datasets, config, side, objects)

    def __len__(self) -> int:
        return len(self.objects)

    @property
    def pool_of(self) -> torch.Tensor:
        """(M,) int64, each object's pool."""
        return torch.tensor([place.pool for place, _ in self.objects])

    def object_or_other(self, number: int) -> tuple[Objects, int]:
        """One object and -1; or another one, always the same, and the number of the one whose photograph cannot be decoded."""
        try:
            return self.object(number), -1
        except BadPhotograph as error:
            complaint = error
        for other in generator(self.config.seed, "replacement", number).integers(len(self), size=_REPLACEMENTS):
            try:
                return self.object(int(other)), number
            except BadPhotograph:
                continue
        raise complaint

    def object(self, number: int) -> Objects:
        """One object, without the batch dimension. Raises BadPhotograph."""
        place, own = self.objects[number]
        photograph = decode(self.datasets[place.pool], place.row, self.config.special_classes)
        image, masks, void, boxes = on_canvas(photograph, self.side)
        void = np.zeros_like(masks[own]) if void is None else void
        size = torch.tensor(photograph.image.shape[:2], dtype=torch.float32)
        bits, box, ignored = (torch.from_numpy(part) for part in (masks[own], boxes[own], void))
        return Objects(torch.from_numpy(image), size, bits, box, ignored)
