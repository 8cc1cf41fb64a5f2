"""Names that graphs use, bound to places: `NAME=LOCATION`, with the layout found out or given as `NAME=voc:LOCATION`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from pipelines.formats import storage
from pipelines.meta import nearest
from pipelines.origin import Origin, Selection
from pipelines.sources.base import Item, Project, SourceError
from pipelines.sources.coco import Coco
from pipelines.sources.images import Images
from pipelines.sources.mapillary import Mapillary
from pipelines.sources.masks import Masks
from pipelines.sources.shards import Shards
from pipelines.sources.supervisely import Supervisely
from pipelines.sources.voc import Voc

LAYOUTS: dict[str, type[Project]] = {
    kind.layout: kind for kind in (Voc, Mapillary, Supervisely, Shards, Coco, Masks, Images)
}
"""The layouts by name, in the order in which they are tried."""


def bind(bindings: Iterable[str]) -> dict[str, Project]:
    """The projects of `NAME=[LAYOUT:]LOCATION` texts, by name. Raises `SourceError` with all problems at once."""
    projects: dict[str, Project] = {}
    problems = []
    for text in bindings:
        name, equals, location = text.partition("=")
        if not equals or not name or not location:
            problems.append(f"--project {text}: found no NAME=LOCATION; write e.g. --project PascalVOC=data/VOC2012")
        elif name in projects:
            problems.append(f"--project {text}: the project {name!r} is given twice")
        else:
            try:
                projects[name] = open_project(name, location)
            except SourceError as error:
                problems.append(f"--project {text}: {error}")
    if problems:
        raise SourceError("\n".join(problems))
    return projects


def open_project(name: str, location: str) -> Project:
    """The project at `[LAYOUT:]LOCATION`. Raises `SourceError`."""
    layout, colon, rest = location.partition(":")
    if colon and not rest.startswith("//"):
        if layout in LAYOUTS:
            return _open(LAYOUTS[layout], name, rest)
        if not storage.exists(location):
            raise SourceError(
                f"there is no layout {layout!r}{nearest(layout, LAYOUTS)}; the layouts are {', '.join(LAYOUTS)}"
            )
    if not storage.exists(location):
        raise SourceError(f"{location} does not exist")
    if kind := _labelled_layout(location):
        return _open(kind, name, location)
    # An unpacked archive often has the dataset one or two folders down: VOCdevkit/VOC2012, OUTPUT/dataset.
    inside = [storage.join(location, entry) for entry in storage.names(location)]
    found = [(kind, folder) for folder in inside if (kind := _labelled_layout(folder))]
    if not found and Images.matches(location):
        return _open(Images, name, location)
    if len(found) == 1:
        return _open(found[0][0], name, found[0][1])
    if found:
        raise SourceError(
            f"{location} holds several projects: {', '.join(folder for _, folder in found)}; name one of them"
        )
    present = ", ".join(storage.names(location)[:8]) or "nothing"
    raise SourceError(
        f"{location} has none of the known layouts; found in it: {present}. "
        "Known: voc (JPEGImages, SegmentationClass, ImageSets), "
        "mapillary (training/images, training/instances, config.json), supervisely (meta.json, <dataset>/img, <dataset>/ann), "
        "shards (manifest.json of an earlier run), "
        "coco (a JSON of instances, beside the pictures or in annotations), masks (images, masks), "
        "images (pictures and nothing else; NAME=images:LOCATION takes the pictures of any folder)"
    )


def _labelled_layout(location: str) -> type[Project] | None:
    """The first layout that a location looks like; plain pictures count only where there are no labels to be found."""
    return next((kind for kind in LAYOUTS.values() if kind is not Images and kind.matches(location)), None)


def _open(kind: type[Project], name: str, location: str) -> Project:
    if not storage.exists(location):
        raise SourceError(f"{location} does not exist")
    return kind.open(name, location.rstrip("/"))


def result_datasets(projects: Mapping[str, Project]) -> dict[tuple[str, str], str]:
    """The result's dataset for each (project, dataset): its name, with the project before it where two projects share it."""
    counts = Counter(dataset for project in projects.values() for dataset in project.datasets)
    return {
        (name, dataset): dataset if counts[dataset] == 1 else f"{name}__{dataset}"
        for name, project in projects.items()
        for dataset in project.datasets
    }


def list_items(projects: Mapping[str, Project], selections: Iterable[Selection]) -> Iterator[tuple[Origin, Item]]:
    """Every image that some selection takes, once, sorted by project, dataset and name."""
    wanted = list(selections)
    for name in sorted({selection.project for selection in wanted}):
        project = projects[name]
        for dataset in sorted(project.datasets):
            if any(selection.takes(Origin(name, dataset, "")) for selection in wanted):
                for item in project.items(dataset):
                    yield Origin(name, dataset, item.file), item
