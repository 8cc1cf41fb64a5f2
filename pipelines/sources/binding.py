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
from pipelines.sources.passed_over import collected, pass_over


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
    """The result's dataset for each (project, dataset): its name, with the project before it where two projects share it.

    A dataset inside of another one has their names in a row: datasets of a result are folders side by side. Raises
    `SourceError` where a project has another one of that name.
    """
    for name, project in projects.items():
        for dataset in project.datasets:
            if "/" in dataset and (same := dataset.replace("/", "__")) in project.datasets:
                raise SourceError(
                    f"{dataset!r} and {same!r} of {name} would both be the dataset {same!r}; rename one of them"
                )
    plain = {
        (name, dataset): dataset.replace("/", "__")
        for name, project in projects.items()
        for dataset in project.datasets
    }
    counts = Counter(plain.values())
    return {key: dataset if counts[dataset] == 1 else f"{key[0]}__{dataset}" for key, dataset in plain.items()}


def list_items(
    projects: Mapping[str, Project],
    selections: Iterable[Selection],
    passed_over: dict[str, dict[str, int]] | None = None,
) -> Iterator[tuple[Origin, Item]]:
    """Every image that some selection takes, once, sorted by project, dataset and name.

    What is left out of each project is put into `passed_over`, counted. Raises `SourceError` for two images of one name.
    """
    wanted = list(selections)
    for name in sorted({selection.project for selection in wanted}):
        project = projects[name]
        taken = [
            dataset
            for dataset in sorted(project.datasets)
            if any(selection.takes(Origin(name, dataset, "")) for selection in wanted)
        ]
        named = {dataset for selection in wanted if selection.project == name for dataset in selection.datasets or ()}
        with collected() as found:
            listed = {dataset: list(project.items(dataset)) for dataset in taken}
            for dataset, items in listed.items():
                _require_own_names(items, f"{project.location} ({dataset})")
            listed = _without_repeated(listed, named)
        if passed_over is not None and found:
            passed_over[name] = dict(sorted(found.items()))
        for dataset, items in listed.items():
            for item in items:
                yield Origin(name, dataset, item.file), item


def _require_own_names(items: list[Item], where: str) -> None:
    """Raises `SourceError` where two images of a dataset have one name: samples, random draws and files are known by it."""
    seen: dict[str, Item] = {}
    for item in items:
        if "/" in item.file:
            raise SourceError(
                f"{where}: {item.file!r} is a path; an image's name has no folder in it: rename the picture"
            )
        other = seen.setdefault(item.file, item)
        if other is not item:
            raise SourceError(
                f"{where}: {other.image} and {item.image} would both be the image {item.file!r}; names are unique in a "
                "dataset: rename one of the two, or take the second entry away"
            )


def _without_repeated(listed: dict[str, list[Item]], named: set[str]) -> dict[str, list[Item]]:
    """An image that several datasets list, with the same labels, stays in the one that lists the fewest.

    So `trainaug`, which has all of `train`, adds only what is new. Datasets that the graph names are taken as they are.
    """
    kept: dict[str, list[Item]] = {}
    seen: set[tuple[str, tuple[str, ...]]] = set()
    for dataset in sorted(listed, key=lambda dataset: (dataset not in named, len(listed[dataset]), dataset)):
        own = [(item.image, item.labels) for item in listed[dataset]]
        repeated = set() if dataset in named else seen.intersection(own)
        kept[dataset] = [item for item, place in zip(listed[dataset], own, strict=True) if place not in repeated]
        pass_over(
            f"images of the list {dataset!r} that another list has, too: taken once",
            len(listed[dataset]) - len(kept[dataset]),
        )
        seen.update(own)
    return {dataset: kept[dataset] for dataset in listed}
