"""Supervisely project folders: `meta.json`, `<dataset>/img`, `<dataset>/ann`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

from pipelines.annotation import Annotation
from pipelines.formats import storage
from pipelines.formats.shards import MANIFEST
from pipelines.formats.supervisely import ANY, SHAPES, BadAnnotation, geometry, parse_annotation, read_meta
from pipelines.formats.text import decoded
from pipelines.meta import ClassSpec, Meta
from pipelines.sources.base import (
    BadItem,
    Item,
    Project,
    SourceError,
    registered,
    require_size,
    size_of_picture,
)
from pipelines.sources.files import may_be_folder, pictures_in

IMAGES = "images"
# The folder of a dataset that has the datasets inside of it.
_INNER = "datasets"
_READERS = 16


@registered
@dataclass(frozen=True)
class Supervisely(Project):
    """`titles` are the classes of objects that say themselves what they are, by (title, geometry)."""

    layout: ClassVar[str] = "supervisely"
    title: ClassVar[str] = "a Supervisely project folder"
    recognised_by: ClassVar[str] = "meta.json or classes.json, <dataset>/img, <dataset>/ann"
    datasets_are: ClassVar[str] = "folders with `img`; one inside of another's `datasets` is `outer/inner`"
    objects_are: ClassVar[str] = (
        "as annotated: bitmap, polygon, rectangle, line, point; an image without annotation has no objects. `alpha_mask` is a "
        "bitmap; of a class `any` each object is what it says (`NAME (line)` where there are several kinds); other shapes are "
        "left out and counted"
    )
    splits_are_tags: ClassVar[bool] = True

    titles: Mapping[tuple[str, str], str] = field(default_factory=dict)

    @classmethod
    def matches(cls, location: str) -> bool:
        found = storage.names(location)
        return MANIFEST not in found and ("meta.json" in found or "classes.json" in found)

    @classmethod
    def open(cls, name: str, location: str) -> Self:
        found = storage.names(location)
        # `classes.json` is the oldest form of the meta; where it lies, it is the one that counts.
        file = next((file for file in ("classes.json", "meta.json") if file in found), None)
        if file is None:
            raise SourceError(
                f"{location} has no meta.json; a Supervisely project has meta.json and <dataset>/img, <dataset>/ann"
            )
        address = storage.join(location, file)
        try:
            content = json.loads(decoded(storage.read_bytes(address), file))
            if isinstance(content, dict) and content.get("projectType") not in (None, "", IMAGES):
                raise SourceError(
                    f"{address}: it is a project of {content['projectType']}; only projects of {IMAGES} are read: export the "
                    "frames as one, with their labels"
                )
            meta = read_meta(content)
        except SourceError:
            raise
        except ValueError as error:
            raise SourceError(f"{address}: {error}") from None
        datasets = tuple(_datasets(location))
        if not datasets:
            raise SourceError(f"{location} has no dataset: no folder in it has pictures in a folder img")
        project = cls(name, location, meta, datasets)
        several = [spec for spec in meta.classes if spec.shape == ANY]
        return project._with_kinds(several) if several else project

    def _with_kinds(self, several: list[ClassSpec]) -> Self:
        """This project with a class for each kind of object of these classes; all annotations are read through for them."""
        wanted = {spec.title for spec in several}
        addresses = [item.labels[0] for dataset in self.datasets for item in self.items(dataset) if item.labels]
        with ThreadPoolExecutor(_READERS) as readers:
            used = {use for uses in readers.map(_kinds, addresses) for use in uses if use[0] in wanted}
        titles: dict[tuple[str, str], str] = {}
        meta = Meta((), self.meta.tags)
        for spec in self.meta.classes:
            kinds = [kind for kind in reversed(SHAPES) if (spec.title, kind) in used] if spec.title in wanted else []
            for number, kind in enumerate(kinds):
                title = f"{spec.title} ({kind})" if number else spec.title
                if number and title in self.meta.titles:
                    raise SourceError(
                        f"{self.location}: objects of {spec.title!r} are of several shapes, so its {kind}s would be {title!r}, "
                        "a class that is there, too; rename it"
                    )
                titles[spec.title, kind] = title
                meta = meta.with_class(replace(spec, title=title, shape=kind))
            if not kinds:
                meta = meta.with_class(spec)
        return replace(self, meta=meta, titles=titles)

    def items(self, dataset: str) -> Iterator[Item]:
        folder = storage.join(self.location, dataset.replace("/", f"/{_INNER}/"))
        annotations = set(storage.names(storage.join(folder, "ann")))
        for file in pictures_in(storage.join(folder, "img")):
            # The annotation is named after the whole file, in old projects after its stem.
            candidates = (f"{file}.json", f"{file.rsplit('.', 1)[0]}.json")
            found = tuple(storage.join(folder, "ann", name) for name in candidates if name in annotations)[:1]
            yield Item(file, storage.join(folder, "img", file), found)

    def tags(self, dataset: str) -> Mapping[str, tuple[str, ...]]:
        """Reads every annotation. Raises `BadItem`."""
        return {item.file: tuple(tag.name for tag in self._read(item).tags) for item in self.items(dataset)}

    def _read(self, item: Item) -> Annotation:
        """The annotation whatever the picture is."""
        return parsed(item.labels[0], self) if item.labels else Annotation((0, 0))

    def written(self, item: Item) -> dict[str, Any] | None:
        return read_object(item.labels[0]) if item.labels else None

    def read(self, item: Item) -> Annotation:
        """The image's annotation; an image without one has no objects."""
        size = size_of_picture(item.image)
        if not item.labels:
            return Annotation(size)
        return read_annotation(item.labels[0], self, size)


def _datasets(location: str, outer: str = "") -> Iterator[str]:
    """The datasets in a folder, and those inside of them, as outer/inner."""
    for name in storage.names(location):
        folder = storage.join(location, name)
        if may_be_folder(name):
            if storage.names(storage.join(folder, "img")):
                yield f"{outer}{name}"
            yield from _datasets(storage.join(folder, _INNER), f"{outer}{name}/")


def _kinds(address: str) -> set[tuple[str, str]]:
    """The (class, geometry) of each object of an annotation. What is wrong is left for `read` to refuse."""
    try:
        objects = read_object(address)["objects"]
        return {(entry["classTitle"], geometry(entry)) for entry in objects}
    except (ValueError, TypeError, KeyError, AttributeError):
        return set()


def read_annotation(address: str, project: Project, size: tuple[int, int]) -> Annotation:
    """An annotation file for a picture of this (height, width). Raises `BadItem`."""
    annotation = parsed(address, project)
    require_size(annotation.size, size)
    return annotation


def parsed(address: str, project: Project) -> Annotation:
    """An annotation file. Raises `BadItem`."""
    try:
        return parse_annotation(read_object(address), project.meta, getattr(project, "titles", None))
    except BadAnnotation as error:
        raise BadItem(f"{error} ({address})") from None
    except (ValueError, TypeError, IndexError, KeyError) as error:
        if isinstance(error, BadItem):
            raise
        raise BadItem(f"the annotation {address} is not as the format asks: {error}") from None


def read_object(address: str) -> Any:
    """The JSON of an annotation file. Raises `BadItem`."""
    try:
        return json.loads(decoded(storage.read_bytes(address), "it"))
    except FileNotFoundError:
        raise BadItem(f"the annotation {address} does not exist") from None
    except storage.CutOff as error:
        raise BadItem(str(error)) from None
    except ValueError as error:
        raise BadItem(f"the annotation {address} is not as the format asks: {error}") from None
