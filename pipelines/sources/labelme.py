"""labelme: a JSON file beside each picture, with shapes, flags, and often a copy of the picture."""

from __future__ import annotations

import base64
import binascii
import json
import posixpath
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np

from pipelines.annotation import Annotation
from pipelines.figures import Bitmap, Line, Point, Shape
from pipelines.formats import storage
from pipelines.formats.label_images import BadImage, read_indices
from pipelines.formats.left_out import TOO_FEW_POINTS, LeftOut
from pipelines.formats.outlines import as_path, ellipse, filled
from pipelines.image import Size
from pipelines.meta import Meta, TagSpec
from pipelines.sources.base import (
    BadItem,
    Item,
    Project,
    SourceError,
    folder_name,
    registered,
    require_size,
)
from pipelines.sources.drawn import AREA, LINE, POINT, Drawn, figures_of, meta_of, titles_of
from pipelines.sources.files import (
    below,
    counted,
    distinct_names,
    is_hidden,
    is_picture,
    may_be_folder,
    normal,
    shown_size,
    stem,
)
from pipelines.sources.voc import NEUTRAL
from pipelines.tag import Tag

# labelme's own name for what is neither an object nor background.
IGNORE = "__ignore__"

_KINDS = {
    **dict.fromkeys(("polygon", "rectangle", "oriented_rectangle", "rotation", "circle", "mask"), AREA),
    **dict.fromkeys(("line", "linestrip"), LINE),
    **dict.fromkeys(("point", "points"), POINT),
}
# Exactly so many points; the others have at least as many as `_LEAST`. X-AnyLabeling writes all corners of a rectangle.
_COUNTS = {
    "rectangle": (2, 4),
    "oriented_rectangle": (4,),
    "rotation": (4,),
    "circle": (2,),
    "mask": (2,),
    "point": (1,),
}
_LEAST = {"polygon": 3, "line": 2, "linestrip": 2, "points": 1}

_BEGINS = re.compile(rb'"(imageData"\s*:|shapes"\s*:\s*\[)')
_HEAD_BYTES = 1 << 16
_TRIED = 20
_READERS = 16


@registered
@dataclass(frozen=True)
class Labelme(Project):
    """`folders` is the address of each dataset, `titles` the class of each (label, kind of shape)."""

    layout: ClassVar[str] = "labelme"
    title: ClassVar[str] = "labelme: a JSON of shapes beside each picture"
    recognised_by: ClassVar[str] = "JSON files with shapes, beside the pictures"
    datasets_are: ClassVar[str] = (
        "one called after the folder, and one for each folder in it that has such files; pictures without a JSON are not "
        "labelled yet and not taken"
    )
    objects_are: ClassVar[str] = (
        "one bitmap an object: polygon, rectangle, circle or mask, or all of one label and `group_id`; lines and points stay "
        "such (`NAME (line)` where the label has areas, too); `__ignore__` is `neutral`; flags that are set are tags"
    )

    folders: Mapping[str, str] = field(default_factory=dict)
    titles: Mapping[tuple[str, str], str] = field(default_factory=dict)

    @classmethod
    def matches(cls, location: str) -> bool:
        if _has_annotations(location):
            return True
        inside = [storage.join(location, name) for name in storage.names(location) if may_be_folder(name)]
        labelled = [folder for folder in inside if _has_annotations(folder)]
        others = [name for folder in inside if folder not in labelled for name in storage.names(folder)]
        # A folder beside them that holds more than pictures may be another project, or labels of another kind.
        return len(labelled) > 1 and all(map(is_picture, others))

    @classmethod
    def open(cls, name: str, location: str) -> Self:
        """All files are read through once: only the shapes say which classes there are, and the flags which tags."""
        folders = _folders(location, name)
        if not folders:
            raise SourceError(
                f'{location} has no labelme annotations: JSON files with a list "shapes", in the folder itself or directly in '
                "folders of it, beside the pictures"
            )
        project = cls(name, location, Meta(), tuple(folders), folders)
        addresses = [item.labels[0] for dataset in folders for item in project.items(dataset)]
        with ThreadPoolExecutor(_READERS) as readers:
            surveys = list(readers.map(_survey, addresses))
        titles = titles_of(use for used, _ in surveys for use in used)
        meta = meta_of(titles)
        for flag in dict.fromkeys(flag for _, flags in surveys for flag in flags):
            meta = meta.with_tag(TagSpec(flag))
        return cls(name, location, meta, tuple(folders), folders, titles)

    def items(self, dataset: str) -> Iterator[Item]:
        """A JSON file each, called after it. Its picture is the one of the same name, else the one that it names itself."""
        folder = self.folders[dataset]
        apart = tuple(f"{other}/" for other in self.folders.values() if other.startswith(f"{folder}/"))
        paths = [path for path in below(folder) if not f"{folder}/{path}".startswith(apart)]
        pictures: dict[str, list[str]] = defaultdict(list)
        for path in filter(is_picture, paths):
            pictures[stem(path)].append(storage.join(folder, path))
        found = []
        for path in paths:
            if path.lower().endswith(".json"):
                address = storage.join(folder, path)
                beside = pictures[stem(path)]
                image = beside[0] if len(beside) == 1 else _picture_of(address, beside)
                if image is not None:
                    found.append((stem(path) + posixpath.splitext(image)[1], image, address))
        names = distinct_names([path for path, _, _ in found], f"{self.location} ({dataset})")
        for name, (_, image, address) in sorted(zip(names, found, strict=True)):
            yield Item(name, image, (address,))

    def read(self, item: Item) -> Annotation:
        """Areas as bitmaps. Raises `BadItem` that names every shape that cannot be used."""
        (address,) = item.labels
        document = _document(address)
        size = _size(document, address, item.image)
        drawn, problems, without, left_out = [], [], [], []
        for number, shape in enumerate(document["shapes"], 1):
            try:
                drawn.append(_drawn(shape, size))
            except LeftOut as error:
                left_out.append(error.kind)
                without.append(f"shape {number} ({shape.get('label')!r}): {error}")
            except ValueError as error:
                label = shape.get("label") if isinstance(shape, dict) else None
                problems.append(f"shape {number} ({label!r}): {error}")
        # Where no object has pixels, the image would seem to be empty.
        if problems or (without and not drawn):
            raise BadItem(f"{address}: {counted([*problems, *without])}")
        figures = figures_of(drawn, self.titles, size)
        return Annotation(size, figures, tuple(map(Tag, _flags(document))), left_out=tuple(left_out))

    def tags(self, dataset: str) -> Mapping[str, tuple[str, ...]]:
        """Reads every file; one that cannot be read has none."""
        tags = {}
        for item in self.items(dataset):
            with suppress(BadItem):
                tags[item.file] = _flags(_document(item.labels[0]))
        return tags


def _has_annotations(folder: str) -> bool:
    """Whether one of the first few JSON files directly in a folder is labelme's, by its beginning."""
    files = [name for name in storage.names(folder) if name.lower().endswith(".json") and not is_hidden(name)]
    heads = (storage.read_bytes(storage.join(folder, name), at_most=_HEAD_BYTES) for name in files[:_TRIED])
    return any(head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") and _BEGINS.search(head) for head in heads)


def _folders(location: str, project: str) -> dict[str, str]:
    """Dataset → its folder."""
    folders = {folder_name(location, project): location} if _has_annotations(location) else {}
    for name in storage.names(location):
        folder = storage.join(location, name)
        if may_be_folder(name) and _has_annotations(folder):
            if name in folders:
                raise SourceError(
                    f"{location} has annotations itself and in a folder of the same name {name!r}; rename one of the two"
                )
            folders[name] = folder
    return folders


def _document(address: str) -> dict[str, Any]:
    """An annotation file, in which `shapes` is a list. Raises `BadItem`."""
    try:
        # Windows' editors put a byte order mark before it.
        document = json.loads(storage.read_bytes(address).removeprefix(b"\xef\xbb\xbf"))
    except FileNotFoundError:
        raise BadItem(f"the annotation {address} does not exist") from None
    except (ValueError, RecursionError) as error:
        raise BadItem(f"the annotation {address} is not valid JSON in UTF-8: {error}") from None
    if not isinstance(document, dict) or not isinstance(document.get("shapes"), list):
        raise BadItem(f'the annotation {address} is none of labelme: it has no list "shapes"')
    return document


def _picture_of(address: str, beside: list[str]) -> str | None:
    """The picture that an annotation file names, where none or several of its name lie beside it; None for other files."""
    try:
        document = _document(address)
    except BadItem:
        is_labelme = bool(_BEGINS.search(storage.read_bytes(address, at_most=_HEAD_BYTES)))
        # Reading it will say what is wrong with it.
        return (*beside, stem(address))[0] if beside or is_labelme else None
    named = _named_picture(document, address)
    return named if named and (not beside or named in beside) else (*beside, stem(address))[0]


def _named_picture(document: Mapping[str, Any], address: str) -> str | None:
    path = document.get("imagePath")
    return normal(storage.join(posixpath.dirname(address), path)) if isinstance(path, str) and path else None


def _size(document: Mapping[str, Any], address: str, image: str) -> Size:
    """(height, width) of the picture, which must be the one that the file is of. Raises `BadItem`."""
    named = _named_picture(document, address)
    differs = named and posixpath.basename(named) != posixpath.basename(image)
    # A file that was renamed together with its picture still has the old name in it.
    if named and differs and storage.exists(named):
        raise BadItem(
            f"{address} says that it is of {named}, but lies beside {image}; rename one of them, or mend imagePath"
        )
    copy = "; the copy in imageData is not read: `labelme_export_json FILE` writes it as a picture"
    size = shown_size(image, f", which {address} is of{copy if document.get('imageData') else ''}")
    height, width = document.get("imageHeight"), document.get("imageWidth")
    if isinstance(height, int) and isinstance(width, int):
        require_size((height, width), size)
    return size


def _flags(document: Mapping[str, Any]) -> tuple[str, ...]:
    """The flags of an image or a shape that are set."""
    flags = document.get("flags")
    return tuple(name for name, value in flags.items() if value is True) if isinstance(flags, dict) else ()


def _survey(address: str) -> tuple[list[tuple[str, str]], list[str]]:
    """The (label, kind) of each shape of a file, and all flags that are set. What is wrong is left for `read` to refuse."""
    try:
        document = _document(address)
    except BadItem:
        return [], []
    shapes = [shape for shape in document["shapes"] if isinstance(shape, dict)]
    used = []
    for shape in shapes:
        with suppress(ValueError):
            used.append((_label(shape), _kind(shape)))
    return used, [flag for part in (document, *shapes) for flag in _flags(part)]


def _label(shape: Mapping[str, Any]) -> str:
    """Raises `ValueError` for none."""
    label = shape.get("label")
    if isinstance(label, bool) or not isinstance(label, str | int) or not str(label).strip():
        raise ValueError("it has no label, so nothing says of which class it is")
    return NEUTRAL if label == IGNORE else str(label)


def _kind(shape: Mapping[str, Any]) -> str:
    """Raises `ValueError` for a shape of a type that is not known."""
    kind = _KINDS.get(_type(shape))
    if kind is None:
        raise ValueError(f"it is of the type {shape.get('shape_type')!r}; known are {', '.join(_KINDS)}")
    return kind


def _type(shape: Mapping[str, Any]) -> str:
    # Before there were other shapes than polygons, none said its type.
    return str(shape.get("shape_type") or "polygon")


def _drawn(shape: Any, size: Size) -> Drawn:
    """Raises `ValueError` that says what is wrong with a shape."""
    if not isinstance(shape, dict):
        raise ValueError(f"a shape is an object with label and points, found {str(shape)[:40]}")
    label, kind, word = _label(shape), _kind(shape), _type(shape)
    points = as_path(shape.get("points"))
    expected = _COUNTS.get(word)
    if len(points) not in expected if expected else len(points) < _LEAST[word]:
        needed = " or ".join(map(str, expected)) if expected else f"{_LEAST[word]} or more"
        message = f"a {word} of {len(points)} point{'s' * (len(points) != 1)}; it needs {needed}"
        raise (
            LeftOut(TOO_FEW_POINTS, message) if len(points) < min(expected or (_LEAST[word],)) else ValueError(message)
        )
    shapes: Iterable[Shape]
    if kind == LINE:
        shapes = (Line(points),)
    elif kind == POINT:
        shapes = (Point(x, y) for x, y in points.tolist())
    elif word == "mask":
        shapes = _mask(shape.get("mask"), points, size)
    else:
        shapes = Bitmap.trimmed(0, 0, _inside(word, points, size))
    group = shape.get("group_id")
    extra = {} if group is None else {"group_id": group}
    description = shape.get("description")
    return Drawn(
        label,
        kind,
        tuple(shapes),
        group if isinstance(group, int | str) else None,
        tuple(map(Tag, _flags(shape))),
        description if isinstance(description, str) else "",
        extra,
    )


def _inside(word: str, points: np.ndarray, size: Size) -> np.ndarray:
    """The pixels of a shape in an image of this (height, width): bool."""
    if word == "circle":
        centre, rim = points.tolist()
        radius = float(np.hypot(*(points[1] - points[0])))
        return ellipse((centre[0], centre[1]), (radius, radius), 0, size) if rim != centre else np.zeros(size, bool)
    if word == "rectangle" and len(points) == 2:
        (left, top), (right, bottom) = points.tolist()
        points = np.array([(left, top), (right, top), (right, bottom), (left, bottom)])
    return filled([points], size)


def _mask(data: Any, points: np.ndarray, size: Size) -> tuple[Bitmap, ...]:
    """The pixels of a mask, a PNG in base64 whose corner pixels are the two points. Raises `ValueError`."""
    if not isinstance(data, str):
        raise ValueError("a mask without its pixels; they are a PNG in base64")
    try:
        pixels = read_indices(base64.b64decode(data, validate=True)) != 0
    except (binascii.Error, BadImage) as error:
        raise ValueError(f"a mask whose pixels are no PNG in base64: {error}") from None
    (left, top), (right, bottom) = np.sort(points, axis=0).tolist()
    height, width = pixels.shape
    # Where a mask was dragged by parts of pixels, its corners are rounded one by one.
    if abs(right - left + 1 - width) > 1 or abs(bottom - top + 1 - height) > 1:
        raise ValueError(
            f"a mask of {width}x{height} pixels (width x height) whose corners are {right - left + 1:g}x{bottom - top + 1:g} "
            "apart; one of the two was changed without the other"
        )
    return tuple(part for mask in Bitmap.trimmed(round(left), round(top), pixels) for part in mask.clean(size))
