"""Names that graphs use, bound to places: `NAME=LOCATION`, with the layout found out or given as `NAME=voc:LOCATION`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from pipelines.formats import storage
from pipelines.meta import nearest
from pipelines.origin import Origin, Selection
from pipelines.sources.base import LAYOUTS, Item, Project, SourceError
from pipelines.sources.files import may_be_folder
from pipelines.sources.foreign import advice


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
                f"there is no layout {layout!r}{nearest(layout, LAYOUTS)}; the layouts are {', '.join(layout_words())}"
            )
    if not storage.exists(location):
        raise SourceError(f"{location} does not exist")
    if kind := _layout_of(location):
        return _open(kind, name, location)
    # An unpacked archive often has the dataset one or two folders down: VOCdevkit/VOC2012, OUTPUT/dataset.
    inside = [storage.join(location, entry) for entry in storage.names(location) if may_be_folder(entry)]
    found = [(kind, folder) for folder in inside if (kind := _layout_of(folder))]
    if not found and (kind := _layout_of(location, labelled=False)):
        return _open(kind, name, location)
    if len(found) == 1:
        return _open(found[0][0], name, found[0][1])
    if found:
        raise SourceError(
            f"{location} holds several projects: {', '.join(folder for _, folder in found)}; name one of them"
        )
    if instead := advice(location):
        raise SourceError(instead)
    present = ", ".join(storage.names(location)[:8]) or "nothing"
    known = ", ".join(f"{word} ({LAYOUTS[word].recognised_by})" for word in layout_words())
    raise SourceError(f"{location} has none of the known layouts; found in it: {present}. Known: {known}")


def layout_words() -> list[str]:
    """The names of the layouts in the order of the alphabet, those with labels first."""
    return sorted(LAYOUTS, key=lambda word: (not LAYOUTS[word].has_labels, word))


def _layout_of(location: str, labelled: bool = True) -> type[Project] | None:
    """The layout that a location looks like, of those with labels or without. Raises `SourceError` where several fit."""
    fitting = [word for word, kind in sorted(LAYOUTS.items()) if kind.has_labels == labelled and kind.matches(location)]
    if len(fitting) > 1:
        given = " or ".join(f"{word}:{location}" for word in fitting)
        raise SourceError(f"{location} fits {' and '.join(fitting)}, which read it differently; give {given}")
    return LAYOUTS[fitting[0]] if fitting else None


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
