"""YOLO segmentation: a text file a picture, a line an object: its class, and its polygon in shares of width and height."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import ClassVar, Self

import numpy as np

from pipelines.annotation import Annotation
from pipelines.figures import Bitmap, Figure
from pipelines.formats import storage
from pipelines.formats.outlines import filled
from pipelines.image import Size
from pipelines.meta import ClassSpec, Meta
from pipelines.sources.base import (
    PICTURE_EXTENSIONS,
    BadItem,
    Item,
    Project,
    SourceError,
    folder_name,
    registered,
)
from pipelines.sources.files import (
    below,
    counted,
    distinct_names,
    is_hidden,
    is_picture,
    may_be_folder,
    read_lines,
    read_text,
    shown_size,
    stem,
)
from pipelines.sources.yolo_description import SPLITS, Description, description_file, listed_pictures

IMAGES, LABELS = "images", "labels"
CLASSES = ("classes.txt", "obj.names")

# Text files that lie among labels and are none.
_NO_LABELS = ("classes.txt", "notes.txt", "predefined_classes.txt", *(f"{split}.txt" for split in SPLITS))
_HEAD_BYTES = 4096
# Shares of the size: a part of an object may lie outside of the picture, but pixels are not shares.
_LEAST, _MOST = -1.0, 2.0
_TRIED = 20
_READERS = 16


@registered
@dataclass(frozen=True)
class Yolo(Project):
    """`places` are the folders and lists of pictures of each dataset, there or not; `names` is the class of each number, as
    the file `listed_in` gives it; `stated` are the licences."""

    layout: ClassVar[str] = "yolo"
    title: ClassVar[str] = "YOLO segmentation (Ultralytics): a text file of polygons a picture"
    recognised_by: ClassVar[str] = "data.yaml with names and train, val or test; or images and labels with text files"
    datasets_are: ClassVar[str] = (
        "`train`, `val`, `test` of `data.yaml`, each a folder, a text file that lists pictures, or several of these (one that "
        "repeats another is left out); without it the folders in `images`, or folders that have `images` and `labels`"
    )
    objects_are: ClassVar[str] = (
        "one bitmap a line of `labels/NAME.txt`, which lies where `images` in the picture's path is replaced by `labels`; a "
        "picture without that file has no objects; classes by `names`, or by `classes.txt`, else `class_0`, `class_1`. "
        "Lines of 4 numbers are boxes and refused"
    )

    places: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    names: Mapping[int, str] = field(default_factory=dict)
    listed_in: str = ""
    stated: tuple[str, ...] = ()

    @classmethod
    def matches(cls, location: str) -> bool:
        return bool(description_file(location) or _folders(location, cls.layout))

    @classmethod
    def open(cls, name: str, location: str) -> Self:
        """The classes are those of the description, in its order; without any list the labels are read through for numbers."""
        file = description_file(location)
        description = Description(storage.join(location, file)) if file else None
        places = description.places(location) if description else {}
        places = places or {dataset: (folder,) for dataset, folder in _folders(location, name).items()}
        if not places:
            raise SourceError(
                f"{location} has no YOLO dataset: a data.yaml with names and train, val or test, or pictures in {IMAGES} and "
                f"text files of the same names in {LABELS}, in the folder itself or in a folder for each dataset"
            )
        names, listed_in = (description.names, description.address) if description else ({}, "")
        if not names:
            names, listed_in = _listed_names(location)
        opened = cls(name, location, Meta(), tuple(places), places, names, listed_in)
        if not names:
            names = {number: f"class_{number}" for number in opened._numbers()}
        meta = Meta()
        for title in names.values():
            meta = meta.with_class(ClassSpec(title, "bitmap"))
        return cls(
            name, location, meta, tuple(places), places, names, listed_in, description.licences if description else ()
        )

    def items(self, dataset: str) -> Iterator[Item]:
        """Labels are the text file. Where it is meant for several pictures the others come after it: none of them can have it.

        A text file without picture is an item, too, and so is a picture that cannot be read: reading them says so.
        """
        pictures, folders = self._pictures(dataset)
        owners: dict[str, list[str]] = defaultdict(list)
        for path in pictures:
            owners[self._label(path)].append(path)
        beside = {folder: set(storage.names(folder)) for folder in {posixpath.dirname(label) for label in owners}}
        present = {label for label in owners if posixpath.basename(label) in beside[posixpath.dirname(label)]}
        if pictures and not present:
            raise SourceError(
                f"{self.location}: none of the {len(pictures)} pictures of {dataset!r} has labels; for "
                f"{pictures[0]} they would be {self._label(pictures[0])}{self._instead(dataset)}"
            )
        found: list[tuple[str, str, tuple[str, ...]]] = []
        for label, paths in owners.items():
            for path in paths:
                others = [other for other in paths if other != path]
                found.append((path, path, (label, *others) if label in present else ()))
        for folder in folders:
            own = posixpath.dirname(self._label(f"{folder}/picture.jpg"))
            lonely = (label for path in below(own) if _is_label(path) and (label := f"{own}/{path}") not in owners)
            found += [(label, stem(folder + label.removeprefix(own)), (label,)) for label in lonely]
        names = distinct_names([path for path, _, _ in found], f"{self.location} ({dataset})")
        for name, (_, image, labels) in sorted(zip(names, found, strict=True)):
            yield Item(name, image, labels)

    def read(self, item: Item) -> Annotation:
        """One bitmap a line, in their order. Raises `BadItem` that names every line that cannot be used."""
        if item.file.lower().endswith(".txt"):
            raise BadItem(
                f"the labels {item.labels[0]} have no picture: the image {item.image} with one of the endings "
                f"{', '.join(PICTURE_EXTENSIONS)} does not exist"
            )
        size = shown_size(item.image)
        if not item.labels:
            return Annotation(size)
        address, *others = item.labels
        if others:
            raise BadItem(
                f"the labels {address} are meant for {' and '.join((item.image, *others))}; "
                "give the pictures names that differ in more than the ending, and each its own labels"
            )
        figures: list[Figure] = []
        problems = []
        for number, line in enumerate(read_text(address).splitlines(), 1):
            if line.strip():
                try:
                    figures.extend(self._figures(line.split(), size))
                except ValueError as error:
                    problems.append(f"line {number} {error}")
        if problems:
            raise BadItem(f"{address}: {counted(problems)}")
        return Annotation(size, tuple(figures))

    def licences(self, datasets: Iterable[str]) -> tuple[str, ...]:
        """What the description says."""
        return self.stated

    def _figures(self, words: list[str], size: Size) -> Iterator[Figure]:
        """The object of a line, or nothing where it covers no pixel. Raises `ValueError` that says what is wrong with it."""
        title = self.names.get(_class_number(words[0]))
        if title is None:
            if not self.listed_in:
                raise ValueError(f"has the class {words[0]}, which the labels did not have when they were first read")
            named = ", ".join(f"{number} {name}" for number, name in self.names.items())
            raise ValueError(f"has the class {words[0]}, which {self.listed_in} does not name; named are {named}")
        points = _polygon(words[1:]) * (size[1], size[0])
        for mask in Bitmap.trimmed(0, 0, filled([points], size)):
            yield Figure(title, mask)

    def _pictures(self, dataset: str) -> tuple[list[str], list[str]]:
        """The addresses of the pictures, sorted, and those of the places that are folders. Raises `SourceError`."""
        found: list[str] = []
        folders = []
        for place in self.places[dataset]:
            if not storage.exists(place):
                raise SourceError(
                    f"{self.location}: {dataset!r} of the description leads to {place}, which does not exist; put the "
                    f"pictures there or correct the path{self._instead(dataset)}"
                )
            if place.lower().endswith(".txt"):
                found += listed_pictures(place, self.location)
            else:
                folders.append(place)
                found += [storage.join(place, path) for path in below(place) if is_picture(path)]
        return sorted(set(found)), folders

    def _instead(self, dataset: str) -> str:
        """The other datasets, as graphs name them, where their pictures are there."""
        others = [name for name in self.datasets if name != dataset and all(map(storage.exists, self.places[name]))]
        return f", or read the others only: {', '.join(f'{self.name}/{name}' for name in others)}" if others else ""

    def _label(self, picture: str) -> str:
        """Where a picture's labels lie: the last `images` of its path is `labels`; where there is none, beside the picture."""
        # What is above the project says nothing of it.
        path = picture.removeprefix(self.location)
        start, images, rest = path.rpartition(f"/{IMAGES}/")
        changed = f"{start}/{LABELS}/{rest}" if images else path
        return f"{picture[: len(picture) - len(path)]}{stem(changed)}.txt"

    def _numbers(self) -> list[int]:
        """The class numbers of all labels, ascending; what is none is left for `read` to refuse."""
        labels: list[str] = []
        for dataset in self.datasets:
            # One that cannot be read says so when it is wanted.
            with suppress(SourceError):
                labels += [item.labels[0] for item in self.items(dataset) if item.labels]
        with ThreadPoolExecutor(_READERS) as readers:
            return sorted({number for numbers in readers.map(_numbers_in, labels) for number in numbers})


def _folders(location: str, project: str) -> dict[str, str]:
    """Dataset → its folder of pictures, where `images` and `labels` lie in the location or in folders of it."""
    found = storage.names(location)
    if IMAGES in found and LABELS in found:
        if not _has_labels(storage.join(location, LABELS)):
            return {}
        images = storage.join(location, IMAGES)
        inside = storage.names(images)
        if any(map(is_picture, inside)):
            return {folder_name(location, project): images}
        return {
            name: storage.join(images, name)
            for name in inside
            if may_be_folder(name) and storage.names(storage.join(images, name))
        }
    return {
        name: storage.join(location, name, IMAGES)
        for name in found
        if may_be_folder(name)
        and {IMAGES, LABELS} <= set(storage.names(storage.join(location, name)))
        and _has_labels(storage.join(location, name, LABELS))
    }


def _has_labels(folder: str) -> bool:
    """Whether one of the first few text files in a folder, or in a folder of it, has labels, or all of them are empty."""
    names = storage.names(folder)
    for part in (folder, *(storage.join(folder, name) for name in names if may_be_folder(name))):
        labels = [name for name in storage.names(part) if _is_label(name)][:_TRIED]
        if labels:
            starts = (storage.read_bytes(storage.join(part, label), at_most=_HEAD_BYTES) for label in labels)
            words = [word for word in (start.decode("utf-8-sig", "replace").split()[:5] for start in starts) if word]
            return not words or any(all(map(_is_number, first)) for first in words)
    return False


def _is_label(path: str) -> bool:
    """Whether a text file is one of labels, by its name."""
    name = posixpath.basename(path).lower()
    return name.endswith(".txt") and name not in _NO_LABELS and not name.startswith("readme") and not is_hidden(path)


def _listed_names(location: str) -> tuple[dict[int, str], str]:
    """The classes of a list of names, a line a class counted from 0, and the address of the list."""
    for folder in (location, storage.join(location, LABELS)):
        for file in CLASSES:
            address = storage.join(folder, file)
            if storage.exists(address):
                return {number: title for number, title in enumerate(read_lines(address)) if title}, address
    return {}, ""


def _numbers_in(address: str) -> set[int]:
    """The class numbers in a file of labels."""
    try:
        first = [line.split()[0] for line in read_text(address).splitlines() if line.strip()]
    except BadItem:
        return set()
    return {int(float(word)) for word in first if _is_number(word) and float(word).is_integer() and float(word) >= 0}


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _class_number(word: str) -> int:
    """A class, which some tools write as `0.0`. Raises `ValueError`."""
    if not _is_number(word) or not float(word).is_integer():
        raise ValueError(f"begins with {word[:40]!r} instead of the number of a class")
    return int(float(word))


def _polygon(words: list[str]) -> np.ndarray:
    """Corners as (n, 2) shares of width and height. Raises `ValueError` for what is no polygon of them."""
    if bad := [word for word in words if not _is_number(word)]:
        raise ValueError(f"has {bad[0][:40]!r} among its numbers")
    count = len(words)
    if count in (4, 5):
        raise ValueError(
            "has a box (4 numbers after the class): a box alone does not say which pixels belong to the object"
        )
    if count < 6 or count % 2:
        raise ValueError(
            f"has {count} numbers after the class; a polygon is x and y of 3 or more points (an odd number may be a "
            "confidence: write predictions without it)"
        )
    points = np.array([float(word) for word in words]).reshape(-1, 2)
    outside = points[~((points >= _LEAST) & (points <= _MOST))]
    if outside.size:
        raise ValueError(f"has the coordinate {outside[0]:g}; coordinates are shares of width and height, from 0 to 1")
    return points
