"""Supervisely project folders: `meta.json`, `<dataset>/img`, `<dataset>/ann`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from pipelines.annotation import Annotation
from pipelines.formats import storage
from pipelines.formats.shards import MANIFEST
from pipelines.formats.supervisely import BadAnnotation, parse_annotation, read_meta
from pipelines.sources.base import (
    PICTURE_EXTENSIONS,
    BadItem,
    Item,
    Project,
    SourceError,
    registered,
    require_size,
    size_of_picture,
)


@registered
@dataclass(frozen=True)
class Supervisely(Project):
    layout: ClassVar[str] = "supervisely"
    title: ClassVar[str] = "a Supervisely project folder"
    recognised_by: ClassVar[str] = "meta.json or classes.json, <dataset>/img, <dataset>/ann"
    datasets_are: ClassVar[str] = "folders with `img`"
    objects_are: ClassVar[str] = (
        "as annotated: bitmap, polygon, rectangle, line, point; an image without annotation has no objects"
    )
    splits_are_tags: ClassVar[bool] = True

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
            meta = read_meta(json.loads(storage.read_bytes(address)))
        except ValueError as error:
            raise SourceError(f"{address}: {error}") from None
        datasets = tuple(entry for entry in found if storage.names(storage.join(location, entry, "img")))
        if not datasets:
            raise SourceError(f"{location} has no dataset: no folder in it has pictures in a folder img")
        return cls(name, location, meta, datasets)

    def items(self, dataset: str) -> Iterator[Item]:
        folder = storage.join(self.location, dataset)
        annotations = set(storage.names(storage.join(folder, "ann")))
        for file in storage.names(storage.join(folder, "img")):
            if not file.lower().endswith(PICTURE_EXTENSIONS):
                continue
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


def read_annotation(address: str, project: Project, size: tuple[int, int]) -> Annotation:
    """An annotation file for a picture of this (height, width). Raises `BadItem`."""
    annotation = parsed(address, project)
    require_size(annotation.size, size)
    return annotation


def parsed(address: str, project: Project) -> Annotation:
    """An annotation file. Raises `BadItem`."""
    try:
        return parse_annotation(read_object(address), project.meta)
    except BadAnnotation as error:
        raise BadItem(f"{error} ({address})") from None
    except (ValueError, TypeError, IndexError, KeyError) as error:
        if isinstance(error, BadItem):
            raise
        raise BadItem(f"the annotation {address} is not as the format asks: {error}") from None


def read_object(address: str) -> Any:
    """The JSON of an annotation file. Raises `BadItem`."""
    try:
        return json.loads(storage.read_bytes(address))
    except FileNotFoundError:
        raise BadItem(f"the annotation {address} does not exist") from None
    except storage.CutOff as error:
        raise BadItem(str(error)) from None
    except ValueError as error:
        raise BadItem(f"the annotation {address} is not as the format asks: {error}") from None
