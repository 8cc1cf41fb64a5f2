"""From a listed image to the first sample of its path."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pipelines.graph.plan import Plan
from pipelines.image import Image
from pipelines.origin import Origin
from pipelines.sample import Sample
from pipelines.sources import Item, Project, list_items, result_datasets


@dataclass(frozen=True)
class Listing:
    """The images of a run, each once, sorted by project, dataset and name."""

    entries: tuple[tuple[Origin, Item], ...]

    @property
    def origins(self) -> Sequence[Origin]:
        return [origin for origin, _ in self.entries]


def list_images(plan: Plan, projects: Mapping[str, Project]) -> Listing:
    """All images that the plan's `data` layers take. The only work that is done on the launcher."""
    selections = [layer.selection for layer in plan.sources if layer.selection]
    entries = list(list_items(projects, selections))
    datasets = result_datasets(projects)
    together = any(layer.action.moves_datasets for layer in plan.layers)

    def name(origin: Origin) -> tuple[str, str]:
        """What must be unique: the stem in the result's dataset, or at all where layers put datasets together."""
        return "" if together else datasets[origin.project, origin.dataset], origin.stem.casefold()

    claims = Counter(name(origin) for origin, _ in entries)
    return Listing(
        tuple(
            (origin if claims[name(origin)] == 1 else replace(origin, name_is_free=False), item)
            for origin, item in entries
        )
    )


class Reader:
    """Turns listed images into samples, by the projects they belong to."""

    def __init__(self, projects: Mapping[str, Project]) -> None:
        self._projects = projects
        self._datasets = result_datasets(projects)

    def __call__(self, origin: Origin, item: Item) -> Sample:
        """The sample that the image starts as. Raises what is wrong with the image or its labels."""
        annotation = self._projects[origin.project].read(item)
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
