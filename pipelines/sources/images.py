"""Plain folders of pictures, without labels: for graphs whose samples need no objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Self

from pipelines.annotation import Annotation
from pipelines.formats import storage
from pipelines.meta import Meta
from pipelines.sources.base import (
    PICTURE_EXTENSIONS,
    Item,
    Project,
    SourceError,
    folder_name,
    registered,
    size_of_picture,
)
from pipelines.sources.files import is_picture
from pipelines.sources.passed_over import pass_over_files


@registered
@dataclass(frozen=True)
class Images(Project):
    """`folders` is the address of each dataset: the folder itself where it has pictures, and each folder in it that does."""

    layout: ClassVar[str] = "images"
    title: ClassVar[str] = "pictures without labels"
    recognised_by: ClassVar[str] = "pictures and nothing else; NAME=images:LOCATION takes the pictures of any folder"
    datasets_are: ClassVar[str] = "the folder itself and the folders in it"
    objects_are: ClassVar[str] = "none"
    has_labels: ClassVar[bool] = False

    folders: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def matches(cls, location: str) -> bool:
        """Whether there are pictures and nothing else, lest labels that were not understood go unnoticed."""
        found = [name for name in storage.names(location) if not _is_beside_the_point(name)]
        pictures = [name for name in found if is_picture(name)]
        inside = [storage.names(storage.join(location, name)) for name in found if not is_picture(name)]
        only_pictures = all(
            inner and all(is_picture(name) or _is_beside_the_point(name) for name in inner) for inner in inside
        )
        return only_pictures and (bool(pictures) or any(_has_pictures(inner) for inner in inside))

    @classmethod
    def open(cls, name: str, location: str) -> Self:
        found = storage.names(location)
        folders = {folder_name(location, name): location} if _has_pictures(found) else {}
        for entry in found:
            folder = storage.join(location, entry)
            if not is_picture(entry) and _has_pictures(storage.names(folder)):
                if entry in folders:
                    raise SourceError(
                        f"{location} has pictures itself and in a folder of the same name {entry!r}; rename one of the two"
                    )
                folders[entry] = folder
        if not folders:
            raise SourceError(
                f"{location} has no pictures ({', '.join(PICTURE_EXTENSIONS)}), nor has any folder directly in it"
            )
        return cls(name, location, Meta(), tuple(folders), folders)

    def items(self, dataset: str) -> Iterator[Item]:
        folder = self.folders[dataset]
        others = []
        for file in storage.names(folder):
            if is_picture(file):
                yield Item(file, storage.join(folder, file), ())
            elif not _is_beside_the_point(file) and storage.join(folder, file) not in self.folders.values():
                others.append(file)
        pass_over_files(others, dataset)

    def read(self, item: Item) -> Annotation:
        """The size and no objects."""
        return Annotation(size_of_picture(item.image))


def _has_pictures(names: list[str]) -> bool:
    return any(map(is_picture, names))


def _is_beside_the_point(name: str) -> bool:
    """Files that tell nothing of the pictures' content."""
    return name.startswith(".") or name.lower() in ("thumbs.db", "readme", "readme.md", "readme.txt", "license")
