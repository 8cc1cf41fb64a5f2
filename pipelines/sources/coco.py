"""COCO: instances in a JSON file, pictures in a folder; every object becomes one bitmap, whatever it was drawn as."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self
from urllib.parse import unquote, urlsplit

from pipelines.annotation import Annotation
from pipelines.figures import Bitmap, Figure
from pipelines.formats import storage
from pipelines.formats.left_out import NO_PIXEL, LeftOut
from pipelines.formats.licences import NOT_STATED, different
from pipelines.meta import ClassSpec, Meta
from pipelines.sources.base import (
    BadItem,
    Item,
    Project,
    SourceError,
    folder_name,
    registered,
    require_size,
    size_of_picture,
)
from pipelines.sources.coco_document import Document, Entry, annotation_parts, as_number
from pipelines.sources.coco_objects import is_crowd, pixels_of
from pipelines.sources.files import counted, distinct_names
from pipelines.sources.foreign import is_label_studio
from pipelines.sources.passed_over import pass_over
from pipelines.sources.voc import NEUTRAL

_BEGINS = re.compile(rb'"(images|annotations|categories)"\s*:\s*\[')
_HEAD_BYTES = 1 << 16
# A folder with more JSON files than this holds something else, one file an image.
_MOST_FILES = 32

_PREFIX = "instances_"
# Names that say nothing of the images, so that the folder's says more.
_PLAIN_NAMES = ("annotations", "instances", "coco", "_annotations.coco", "labels")

_TRIED_IMAGES = 20


@registered
@dataclass(frozen=True)
class Coco(Project):
    """`files` is the address of each dataset's JSON, `titles` by that address the class of each category number, `stated`
    the licences of the images in it."""

    layout: ClassVar[str] = "coco"
    title: ClassVar[str] = "COCO instances: polygons and run lengths in JSON"
    recognised_by: ClassVar[str] = "a JSON of instances, beside the pictures or in annotations"
    datasets_are: ClassVar[str] = (
        "one a file (`instances_train2017.json` is `train2017`); a lone `annotations.json` is called after the "
        "folder. Pictures in `images`, `<dataset>`, `images/<dataset>`, `data` or the folder itself"
    )
    objects_are: ClassVar[str] = (
        "one bitmap an object, whether polygons (all parts together) or run lengths; a crowd is of the class `neutral`; "
        "objects without pixels (boxes alone) are left out and counted"
    )

    files: Mapping[str, str] = field(default_factory=dict)
    titles: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    stated: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def matches(cls, location: str) -> bool:
        return bool(_instance_files(location))

    @classmethod
    def open(cls, name: str, location: str) -> Self:
        """Classes are the categories of all files, and `neutral` for crowds. The files are read through once."""
        files = _datasets(location, name)
        if not files:
            raise SourceError(
                f'{location} has no COCO instances: a JSON file with "images", "annotations" and "categories", '
                "in the folder itself or in annotations"
            )
        meta, titles, stated = Meta(), {}, {}
        for address in files.values():
            document = Document(address, "images", "categories")
            titles[address] = _categories(document["categories"], address)
            stated[address] = _licences(document)
            for title in titles[address].values():
                meta = meta.with_class(ClassSpec(title, "bitmap"))
        return cls(name, location, meta.with_class(ClassSpec(NEUTRAL, "bitmap")), tuple(files), files, titles, stated)

    def items(self, dataset: str) -> Iterator[Item]:
        """An image's labels are parts of the JSON: its own entry, then its annotations; neighbours are read in one piece."""
        address = self.files[dataset]
        document = Document(address, "images", "annotations")
        _require_instances(address, document["annotations"])
        # An entry each, but two of one file are one image with the objects of both.
        entries: dict[str, list[Entry]] = {}
        numbers: set[str] = set()
        for entry in document["images"]:
            number, file = as_number(entry.value.get("id")), _file_of(entry.value)
            if number is None or file is None or number in numbers:
                raise SourceError(
                    f'{address}: an image needs an "id" of its own and a "file_name"; found {str(entry.value)[:120]}'
                )
            numbers.add(number)
            entries.setdefault(file, []).append(entry)
        pass_over(
            "entries of a file that another entry has, too: their objects are put together", len(numbers) - len(entries)
        )
        parts, others = annotation_parts(document["annotations"], numbers)
        pass_over("annotations of images that are not listed: passed over", others)
        folder = self._picture_folder(dataset, [*entries])
        names = distinct_names([*entries], f"{address} ({dataset})")
        found = []
        for name, (file, own) in zip(names, entries.items(), strict=True):
            spans = [
                own[0].span,
                *(span for entry in own for span in parts.get(as_number(entry.value["id"]) or "", ())),
            ]
            addresses = tuple(storage.byte_range(address, start, end - start) for start, end in spans)
            found.append(Item(name, storage.join(folder, file), addresses))
        yield from sorted(found, key=lambda item: item.file)

    def read(self, item: Item) -> Annotation:
        """One bitmap an object, all its polygons and pieces together; a crowd is one bitmap of class `neutral`.

        An object without pixels is left out and counted. Raises `BadItem` where no object of the image has any.
        """
        (image,), *parts = [_read_part(address) for address in item.labels]
        size = size_of_picture(item.image)
        if isinstance(image.get("width"), int) and isinstance(image.get("height"), int):
            require_size((image["height"], image["width"]), size)
        file = item.labels[0].partition("#bytes=")[0]
        figures: list[Figure] = []
        lost: list[LeftOut] = []
        objects = [entry for part in parts for entry in part]
        for annotation in objects:
            title = self.titles[file].get(as_number(annotation.get("category_id")) or "")
            if title is None:
                raise BadItem(
                    f"the annotation {annotation.get('id')} has the category {annotation.get('category_id')!r}, "
                    f"which {file} does not list"
                )
            try:
                mask = Bitmap.trimmed(0, 0, pixels_of(annotation, size))
                if not mask:
                    lost.append(LeftOut(NO_PIXEL))
            except LeftOut as error:
                lost.append(error)
                continue
            figures.extend(Figure(NEUTRAL if is_crowd(annotation) else title, part) for part in mask)
        without = [str(error) for error in lost if error.kind != NO_PIXEL]
        if without and len(without) == len(objects):
            raise BadItem(f"{counted(without)} ({file})")
        return Annotation(size, tuple(figures), left_out=tuple(error.kind for error in lost))

    def _picture_folder(self, dataset: str, files: list[str]) -> str:
        """Where the pictures lie: the first likely folder that has one of the first few. Raises `SourceError`."""
        folders = [
            storage.join(self.location, *parts)
            for parts in (("images",), ("images", dataset), (dataset,), (), ("data",), ("annotations",))
        ]
        if not files:
            return folders[0]
        if folder := _with_one_of(files, folders):
            return folder
        instead = [name for name in self.datasets if name != dataset and self._has_pictures(name)]
        others = f". To read the others only, name them: {', '.join(f'{self.name}/{name}' for name in instead)}"
        raise SourceError(
            f"{self.location} has no picture {files[0]}, nor any other of the first {min(len(files), _TRIED_IMAGES)} "
            f"that {dataset!r} lists; looked in {', '.join(folders[:5])}{others if instead else ''}"
        )

    def _has_pictures(self, dataset: str) -> bool:
        images = Document(self.files[dataset], "images")["images"]
        files = [file for entry in images[:_TRIED_IMAGES] if (file := _file_of(entry.value))]
        parts = (("images",), ("images", dataset), (dataset,), (), ("data",))
        return bool(_with_one_of(files, [storage.join(self.location, *inside) for inside in parts]))

    def licences(self, datasets: Iterable[str]) -> tuple[str, ...]:
        """Those that the images refer to, by name and address; all that a file lists where none of its images refers to any."""
        return different(text for dataset in datasets for text in self.stated[self.files[dataset]])


def _instance_files(location: str) -> list[str]:
    """Addresses of the files of instances. Files called `instances_...` stand for all: the others tell of the same images."""
    found = []
    for folder in (location, storage.join(location, "annotations")):
        files = [file for file in storage.names(folder) if file.lower().endswith(".json")]
        for file in files if len(files) <= _MOST_FILES else ():
            address = storage.join(folder, file)
            head = storage.read_bytes(address, at_most=_HEAD_BYTES)
            # Label Studio's tasks have annotations, too.
            if _BEGINS.search(head) and not is_label_studio(head):
                found.append(address)
    named = [address for address in found if address.rsplit("/", 1)[1].startswith(_PREFIX)]
    return named or found


def _datasets(location: str, project: str) -> dict[str, str]:
    """Dataset → address of its file; the dataset is called after the file, or after the folder where that says more."""
    files = _instance_files(location)
    datasets: dict[str, str] = {}
    for address in files:
        stem = address.rsplit("/", 1)[1][: -len(".json")]
        plain = len(files) == 1 and stem.lower() in _PLAIN_NAMES
        name = folder_name(location, project) if plain else stem.removeprefix(_PREFIX)
        if name in datasets:
            raise SourceError(f"{address} and {datasets[name]} would both be the dataset {name!r}; rename one of them")
        datasets[name] = address
    return datasets


def _with_one_of(files: list[str], folders: list[str]) -> str | None:
    for folder in folders:
        if any(storage.exists(storage.join(folder, file)) for file in files[:_TRIED_IMAGES]):
            return folder
    return None


def _file_of(image: Mapping[str, Any]) -> str | None:
    """The file of an image's entry, as a path with slashes; where there is only an address, what is last in it."""
    file, url = image.get("file_name"), image.get("coco_url")
    if isinstance(file, str) and file.strip():
        return file.replace("\\", "/").removeprefix("./")
    return unquote(urlsplit(url).path).rsplit("/", 1)[-1] or None if isinstance(url, str) else None


def _require_instances(address: str, annotations: list[Entry]) -> None:
    """Raises `SourceError` for the other forms of COCO, by the first annotation."""
    for entry in annotations[:1]:
        (first,) = _read_part(storage.byte_range(address, entry.span[0], entry.span[1] - entry.span[0]))
        if "segments_info" in first and "segmentation" not in first:
            raise SourceError(
                f"{address} is COCO panoptic, whose masks are PNG files of their own, and is not read; take the instances of "
                "the same images (instances_*.json), or convert it: panopticapi's panoptic2detection_coco_format.py"
            )


def _licences(document: Document) -> tuple[str, ...]:
    """The licences of a file's images, each once; with `NOT_STATED` where only some of them refer to one."""
    texts: dict[Any, str] = {}
    for entry in document.licences:
        name, url = (str(entry.get(key) or "").strip() for key in ("name", "url"))
        if isinstance(entry.get("id"), int | str) and (name or url):
            texts[entry["id"]] = f"{name} ({url})" if name and url else name or url
    numbers = [entry.value.get("license") for entry in document["images"]]
    if all(number is None for number in numbers):
        return different(texts.values())
    known = (number if isinstance(number, int | str) else None for number in numbers)
    used = dict.fromkeys(texts.get(number, NOT_STATED) for number in known)
    return () if list(used) == [NOT_STATED] else different(sorted(used, key=lambda text: (text == NOT_STATED, text)))


def _categories(entries: list[Entry], address: str) -> dict[str, str]:
    """Category number → title."""
    titles = {}
    for entry in entries:
        number, title = as_number(entry.value.get("id")), entry.value.get("name")
        if number is None or not isinstance(title, str):
            raise SourceError(f'{address}: a category needs a number "id" and a "name"; found {entry.value}')
        titles[number] = title
    return titles


def _read_part(address: str) -> list[dict[str, Any]]:
    """The entries of a part of a file."""
    entries: list[dict[str, Any]] = json.loads(b"[%s]" % storage.read_bytes(address))
    return entries
