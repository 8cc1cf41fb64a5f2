"""From a listed image to the first sample of its path."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pipelines.graph.plan import Plan
from pipelines.image import Image
from pipelines.origin import Origin
from pipelines.sample import Sample
from pipelines.sources import Item, Project, list_items, result_datasets


@dataclass(frozen=True)
class Listing:
    """The images of a run, each once, sorted by project, dataset and name."""

    entries: tuple[tuple[Origin, Item], ...]
    passed_over: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """By project what it has besides, in words, and how many of it."""

    @property
    def origins(self) -> Sequence[Origin]:
        return [origin for origin, _ in self.entries]


def list_images(plan: Plan, projects: Mapping[str, Project]) -> Listing:
    """All images that the plan's `data` layers take. The only work that is done on the launcher."""
    selections = [layer.selection for layer in plan.sources if layer.selection]
    passed_over: dict[str, dict[str, int]] = {}
    entries = list(list_items(projects, selections, passed_over))
    datasets = result_datasets(projects)
    together = any(layer.action.moves_datasets for layer in plan.layers)

    def name(origin: Origin) -> tuple[str, str]:
        """What must be unique: the stem in the result's dataset, or at all where layers put datasets together."""
        # Letters written in two ways are one name on some systems.
        stem = unicodedata.normalize("NFC", origin.stem).casefold()
        return "" if together else datasets[origin.project, origin.dataset], stem

    claims = Counter(name(origin) for origin, _ in entries)
    return Listing(
        tuple(
            (origin if claims[name(origin)] == 1 else replace(origin, name_is_free=False), item)
            for origin, item in entries
        ),
        passed_over,
    )


class Reader:
    """Turns listed images into samples, by the projects they belong to."""

    def __init__(self, projects: Mapping[str, Project]) -> None:
        self._projects = projects
        self._datasets = result_datasets(projects)

    def __call__(self, origin: Origin, item: Item, leave_out: Callable[[str], None] | None = None) -> Sample:
        """The sample that the image starts as; `leave_out` is told of each object that is not in it.

        Raises what is wrong with the image or its labels.
        """
        annotation = self._projects[origin.project].read(item)
        if leave_out:
            for kind in annotation.left_out:
                leave_out(kind)
        image = Image(item.image, annotation.size, annotation.size)
        dataset = self._datasets[origin.project, origin.dataset]
        return Sample(
            origin.key(),
            origin,
            dataset,
            image,
            annotation.figures,
            annotation.tags,
            annotation.description,
            annotation.extra,
        )
