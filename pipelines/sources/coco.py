"""COCO: instances in a JSON file, pictures in a folder; every object becomes one bitmap, whatever it was drawn as."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, ClassVar, Self

import numpy as np
from pycocotools import mask as coco_masks

from pipelines.annotation import Annotation
from pipelines.figures import Bitmap, Figure
from pipelines.formats import storage
from pipelines.formats.licences import NOT_STATED, different
from pipelines.image import Size
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
from pipelines.sources.coco_document import Document, Entry
from pipelines.sources.foreign import is_label_studio
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
        "folder. Pictures in `images`, `<dataset>`, `images/<dataset>` or the folder itself"
    )
    objects_are: ClassVar[str] = (
        "one bitmap an object, whether polygons (all parts together) or run lengths; a crowd is of the class `neutral`"
    )

    files: Mapping[str, str] = field(default_factory=dict)
    titles: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
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
        images = document["images"]
        files: dict[int | str, str] = {}
        for entry in images:
            number, file = entry.value.get("id"), entry.value.get("file_name")
            if not isinstance(number, int | str) or not isinstance(file, str) or number in files:
                raise SourceError(
                    f'{address}: an image needs an "id" of its own and a "file_name"; found {str(entry.value)[:120]}'
                )
            files[number] = file
        parts = _annotation_parts(document["annotations"])
        folder = _picture_folder(self.location, dataset, [*files.values()])
        flat = len({PurePosixPath(file).name for file in files.values()}) == len(files)
        found = []
        for entry in images:
            file = files[entry.value["id"]]
            labels = (entry.span, *parts.get(entry.value["id"], ()))
            addresses = tuple(storage.byte_range(address, start, end - start) for start, end in labels)
            # Two pictures of one name in different folders are told apart by their folders.
            name = PurePosixPath(file).name if flat else file.replace("/", "_")
            found.append(Item(name, storage.join(folder, file), addresses))
        yield from sorted(found, key=lambda item: item.file)

    def read(self, item: Item) -> Annotation:
        """One bitmap an object, all its polygons and pieces together; a crowd is one bitmap of class `neutral`."""
        (image,), *parts = [_read_part(address) for address in item.labels]
        size = size_of_picture(item.image)
        if "width" in image and "height" in image:
            require_size((image["height"], image["width"]), size)
        file = item.labels[0].partition("#")[0]
        titles = self.titles[file]
        figures: list[Figure] = []
        for annotation in (entry for part in parts for entry in part):
            title = titles.get(annotation.get("category_id", -1))
            if title is None:
                raise BadItem(
                    f"the annotation {annotation.get('id')} has the category {annotation.get('category_id')!r}, "
                    f"which {file} does not list"
                )
            if annotation.get("iscrowd"):
                title = NEUTRAL
            figures.extend(Figure(title, mask) for mask in Bitmap.trimmed(0, 0, _pixels(annotation, size)))
        return Annotation(size, tuple(figures))

    def licences(self, datasets: Iterable[str]) -> tuple[str, ...]:
        """Those that the images refer to, by name and address; all that a file lists where none of its images refers to any."""
        return different(text for dataset in datasets for text in self.stated[self.files[dataset]])


def _pixels(annotation: Mapping[str, Any], size: Size) -> np.ndarray:
    """The object's mask in an image of this (height, width), bool. Raises `BadItem`."""
    height, width = size
    segmentation = annotation.get("segmentation")
    name = f"the annotation {annotation.get('id')}"
    if not segmentation:
        raise BadItem(f"{name} has no segmentation; a box alone does not say which pixels belong to the object")
    try:
        if isinstance(segmentation, list):
            for polygon in segmentation:
                if len(polygon) < 6 or len(polygon) % 2:
                    raise BadItem(
                        f"{name} has a polygon of {len(polygon)} numbers; it needs x and y of 3 or more points"
                    )
            code = coco_masks.merge(coco_masks.frPyObjects(segmentation, height, width))
        else:
            code = _checked_runs(segmentation, size, name)
        return np.ascontiguousarray(coco_masks.decode(code)).view(bool)
    except BadItem:
        raise
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise BadItem(
            f'{name} has a segmentation that is neither a list of polygons nor {{"size", "counts"}}: {error}'
        ) from None


def _checked_runs(segmentation: Mapping[str, Any], size: Size, name: str) -> Any:
    """A mask's run lengths in compressed form. Raises `BadItem` for one of another image's size."""
    height, width = size
    if list(segmentation["size"]) != [height, width]:
        found = segmentation["size"]
        raise BadItem(f"{name} has a mask of {found[1]}x{found[0]} (width x height), the image is {width}x{height}")
    runs = segmentation["counts"]
    if not isinstance(runs, list):
        return segmentation
    if sum(runs) != height * width:
        raise BadItem(
            f"{name} has runs of {sum(runs)} pixels in all, the image has {height * width} ({width}x{height})"
        )
    listed: Any = dict(segmentation)
    return coco_masks.frPyObjects(listed, height, width)


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


def _picture_folder(location: str, dataset: str, files: list[str]) -> str:
    """Where the pictures lie: the first likely folder that has one of the first few."""
    folders = [
        storage.join(location, *parts) for parts in (("images",), ("images", dataset), (dataset,), (), ("annotations",))
    ]
    for folder in folders:
        if any(storage.exists(storage.join(folder, file)) for file in files[:_TRIED_IMAGES]):
            return folder
    if not files:
        return folders[0]
    raise SourceError(
        f"{location} has no picture {files[0]}, nor any other of the first {min(len(files), _TRIED_IMAGES)} "
        f"that {dataset!r} lists; looked in {', '.join(folders[:4])}"
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


def _categories(entries: list[Entry], address: str) -> dict[int, str]:
    """Category number → title."""
    titles = {}
    for entry in entries:
        number, title = entry.value.get("id"), entry.value.get("name")
        if not isinstance(number, int) or not isinstance(title, str):
            raise SourceError(f'{address}: a category needs a number "id" and a "name"; found {entry.value}')
        titles[number] = title
    return titles


def _annotation_parts(annotations: list[Entry]) -> dict[int | str, list[tuple[int, int]]]:
    """Image id → where its annotations lie, as (first byte, end); annotations in a row are one part."""
    parts: dict[int | str, list[tuple[int, int]]] = {}
    last: int | str | None = None
    for entry in annotations:
        image: int | str = entry.value.get("image_id", "")
        own = parts.setdefault(image, [])
        if own and image == last:
            own[-1] = own[-1][0], entry.span[1]
        else:
            own.append(entry.span)
        last = image
    return parts


def _read_part(address: str) -> list[dict[str, Any]]:
    """The entries of a part of a file."""
    entries: list[dict[str, Any]] = json.loads(b"[%s]" % storage.read_bytes(address))
    return entries
