"""CVAT for images 1.1: one XML of all images of a task or project, pictures in `images`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self
from xml.etree import ElementTree

import numpy as np

from pipelines.annotation import Annotation
from pipelines.figures import Bitmap, Line, Point, Shape
from pipelines.formats import storage
from pipelines.formats.left_out import TOO_FEW_POINTS, LeftOut
from pipelines.formats.outlines import as_path, ellipse, filled
from pipelines.formats.xml_parts import BadXml, read_element, read_through
from pipelines.image import Size
from pipelines.meta import TagSpec
from pipelines.sources.base import BadItem, Item, Project, SourceError, folder_name, registered, require_size
from pipelines.sources.drawn import AREA, LINE, POINT, Drawn, figures_of, meta_of, titles_of
from pipelines.sources.files import below, counted, distinct_names, is_hidden, is_picture, normal, shown_size, stem
from pipelines.tag import Tag

FILE = "annotations.xml"

_KINDS = {"polygon": AREA, "mask": AREA, "ellipse": AREA, "polyline": LINE, "points": POINT}
_REFUSED = {
    "box": "a box alone does not say which pixels belong to the object; draw it as a polygon or a mask",
    "cuboid": "the edges of a cuboid do not say which pixels belong to the object; draw it as a polygon or a mask",
    "skeleton": "the points of a skeleton do not say which pixels belong to the object; draw it as a polygon or a mask",
}
_KIND_OF_LABEL = {"polyline": LINE, "points": POINT}

_BEGINS = re.compile(rb"<annotations[\s>]")
_HEAD_BYTES = 1 << 16
# A folder with more XML files than this holds something else, one file an image.
_MOST_FILES = 32
_TRIED_PICTURES = 20


@registered
@dataclass(frozen=True)
class Cvat(Project):
    """`parts` are the file of each dataset and the subset of it, "" for images without one; `titles` is the class of each
    (label, kind of shape)."""

    layout: ClassVar[str] = "cvat"
    title: ClassVar[str] = "CVAT for images 1.1: polygons, masks and tags in one XML"
    recognised_by: ClassVar[str] = "annotations.xml of CVAT, else other XML files of CVAT"
    datasets_are: ClassVar[str] = (
        "the subsets of a project; a task is called after the folder (of several files, each after its file). Pictures in "
        "`images`, `images/<subset>`, `<subset>` or the folder itself"
    )
    objects_are: ClassVar[str] = (
        "one bitmap an object: polygon, mask or ellipse, or all of one label and group; lower `z_order` first; polylines and "
        "points stay such (`NAME (line)` where the label has areas, too); tags are tags of the image. Boxes, cuboids and "
        "skeletons are left out and counted"
    )

    parts: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    titles: Mapping[tuple[str, str], str] = field(default_factory=dict)

    @classmethod
    def matches(cls, location: str) -> bool:
        return bool(_files(location))

    @classmethod
    def open(cls, name: str, location: str) -> Self:
        """Classes are the labels that the files list, and those that only shapes have. The files are read through once."""
        files = _files(location)
        if not files:
            raise SourceError(f"{location} has no {FILE} of CVAT; export the task or project as `CVAT for images 1.1`")
        documents = [_Document(address) for address in files]
        labels = {label: spec for document in documents for label, spec in document.labels.items()}
        used = [use for document in documents for use in document.used]
        tags = dict.fromkeys(tag for document in documents for image in document.images for tag in image.tags)
        drawn = {label for label, _ in used}
        # A label that nobody has drawn yet says how it is meant to be drawn.
        meant = [(label, _KIND_OF_LABEL.get(kind, AREA)) for label, (kind, _) in labels.items() if kind != "tag"]
        order = {label: number for number, label in enumerate(labels)}
        uses = [use for use in meant if use[0] not in drawn] + used
        titles = titles_of(sorted(uses, key=lambda use: order.get(use[0], len(order))))
        meta = meta_of(titles, {label: color for label, (_, color) in labels.items()})
        for tag in dict.fromkeys([*(label for label, (kind, _) in labels.items() if kind == "tag"), *tags]):
            meta = meta.with_tag(TagSpec(tag, color=labels.get(tag, ("", ""))[1]))
        parts = _parts(documents, location, name)
        return cls(name, location, meta, tuple(parts), parts, titles)

    def items(self, dataset: str) -> Iterator[Item]:
        """An image's labels are its part of the XML."""
        address, subset = self.parts[dataset]
        images = [image for image in _Document(address).images if image.subset == subset]
        if twice := [name for name, count in Counter(image.name for image in images).items() if count > 1]:
            raise SourceError(
                f"{address} has {len(twice)} images more than once in {dataset!r}, e.g. {twice[0]!r}, so their pictures cannot "
                "be told apart; export each task by itself, or give the tasks subsets of their own"
            )
        names = [image.name for image in images]
        pictures = _pictures(self.location, subset, names)
        own = distinct_names(names, f"{address} ({dataset})")
        for name, picture, image in sorted(zip(own, pictures, images, strict=True), key=lambda found: found[0]):
            start, end = image.span
            yield Item(name, picture, (storage.byte_range(address, start, end - start),))

    def read(self, item: Item) -> Annotation:
        """Areas as bitmaps. Raises `BadItem` that names every shape that cannot be used."""
        (address,) = item.labels
        try:
            image = read_element(address, "image")
        except BadXml as error:
            raise BadItem(str(error)) from None
        where = f"{address.partition('#bytes=')[0]}, image {image.get('name')!r}"
        size = shown_size(item.image, f", which {where} is of")
        width, height = image.get("width", ""), image.get("height", "")
        if width.isdecimal() and height.isdecimal():
            require_size((int(height), int(width)), size)
        drawn: list[tuple[int, Drawn]] = []
        problems, without, left_out = list[str](), list[str](), list[str]()
        shapes = [element for element in image if element.tag not in ("tag", "attribute")]
        for number, element in enumerate(shapes, 1):
            try:
                drawn.append((_whole(element, "z_order", 0), _drawn(element, size)))
            except LeftOut as error:
                left_out.append(error.kind)
                without.append(f"shape {number} ({element.tag} {element.get('label')!r}): {error}")
            except ValueError as error:
                problems.append(f"shape {number} ({element.tag} {element.get('label')!r}): {error}")
        # Where no object has pixels, the image would seem to be empty.
        if problems or (without and not drawn):
            raise BadItem(f"{where}: {counted([*problems, *without])}")
        ordered = [shape for _, shape in sorted(drawn, key=lambda found: found[0])]
        tags = {label: _attributes(element) for element in image.iterfind("tag") if (label := element.get("label"))}
        said = {label: attributes for label, attributes in tags.items() if attributes}
        extra = {"tag_attributes": said} if said else {}
        figures = figures_of(ordered, self.titles, size)
        return Annotation(size, figures, tuple(map(Tag, tags)), "", extra, tuple(left_out))

    def tags(self, dataset: str) -> Mapping[str, tuple[str, ...]]:
        address, subset = self.parts[dataset]
        images = [image for image in _Document(address).images if image.subset == subset]
        names = distinct_names([image.name for image in images], f"{address} ({dataset})")
        return {name: image.tags for name, image in zip(names, images, strict=True)}


def _files(location: str) -> list[str]:
    """Addresses of CVAT's files in a folder: the one of the usual name stands for all."""
    found = [file for file in storage.names(location) if file.lower().endswith(".xml") and not is_hidden(file)]
    chosen = [file for file in found if file == FILE] or found
    addresses = [storage.join(location, file) for file in chosen] if len(chosen) <= _MOST_FILES else []
    return [address for address in addresses if _BEGINS.search(storage.read_bytes(address, at_most=_HEAD_BYTES))]


def _parts(documents: list[_Document], location: str, project: str) -> dict[str, tuple[str, str]]:
    """Dataset → its file and the subset."""
    parts: dict[str, tuple[str, str]] = {}
    for document in documents:
        lone = len(documents) == 1
        file = stem(document.address.rsplit("/", 1)[1])
        for subset in sorted({image.subset for image in document.images}) or [""]:
            name = folder_name(location, project) if lone else file
            if subset:
                name = subset if lone else f"{file}_{subset}"
            if name in parts:
                raise SourceError(
                    f"{document.address} and {parts[name][0]} would both have the dataset {name!r}; rename one"
                )
            parts[name] = document.address, subset
    return parts


def _pictures(location: str, subset: str, names: list[str]) -> list[str]:
    """Where the pictures of these names lie: in the first likely folder that has one of the first few."""
    inside = [("images", subset), ("images",), (subset,), ()] if subset else [("images",), ()]
    folders = [storage.join(location, *parts) for parts in inside]
    for folder in folders:
        # The frames of a video are called after their numbers alone.
        frames = (
            {stem(path): path for path in below(folder) if is_picture(path)} if not all(map(is_picture, names)) else {}
        )
        places = [normal(storage.join(folder, frames.get(name, name))) for name in names]
        if any(map(storage.exists, places[:_TRIED_PICTURES])):
            return places
    if not names:
        return []
    raise SourceError(
        f"{location} has no picture {names[0]}, nor any other of the first {min(len(names), _TRIED_PICTURES)} that the file "
        f"lists; looked in {', '.join(folders)}. Export with `Save images`, or put the pictures there"
    )


def _drawn(element: ElementTree.Element, size: Size) -> Drawn:
    """Raises `ValueError` that says what is wrong with a shape."""
    label, word = element.get("label", ""), element.tag
    if word in _REFUSED:
        raise LeftOut(
            f"objects that are a {word}, which does not say which pixels are theirs: left out", _REFUSED[word]
        )
    if word not in _KINDS:
        raise ValueError(f"there is no such shape; known are {', '.join((*_KINDS, *_REFUSED))}")
    if not label.strip():
        raise ValueError("it has no label, so nothing says of which class it is")
    group = _whole(element, "group_id", 0)
    attributes = _attributes(element)
    extra: dict[str, Any] = {"attributes": attributes} if attributes else {}
    extra |= {"occluded": True} if element.get("occluded") == "1" else {}
    extra |= {"group_id": group} if group else {}
    return Drawn(label, _KINDS[word], _shapes(element, size), group or None, extra=extra)


def _shapes(element: ElementTree.Element, size: Size) -> tuple[Shape, ...]:
    match element.tag:
        case "polygon":
            points = _points(element)
            if len(points) < 3:
                raise LeftOut(
                    TOO_FEW_POINTS, f"an outline of {len(points)} points; it needs 3 or more to have an inside"
                )
            return Bitmap.trimmed(0, 0, filled([points], size))
        case "ellipse":
            centre = _number(element, "cx"), _number(element, "cy")
            radii = _number(element, "rx"), _number(element, "ry")
            degrees = _number(element, "rotation") if "rotation" in element.attrib else 0.0
            return Bitmap.trimmed(0, 0, ellipse(centre, radii, degrees, size))
        case "mask":
            return _mask(element, size)
        case "polyline":
            points = _points(element)
            if len(points) < 2:
                raise LeftOut(TOO_FEW_POINTS, "a line of 1 point; it needs 2 or more")
            return (Line(points),)
        case _:
            return tuple(Point(x, y) for x, y in _points(element).tolist())


def _mask(element: ElementTree.Element, size: Size) -> tuple[Bitmap, ...]:
    """Run lengths along the rows of a box, beginning with the background. Raises `ValueError`."""
    left, top, width, height = (_whole(element, name) for name in ("left", "top", "width", "height"))
    if not (0 < width <= size[1] and 0 < height <= size[0]):
        raise ValueError(f"it is {width}x{height} (width x height), the image is {size[1]}x{size[0]}")
    words = element.get("rle", "").split(",")
    if not all(word.strip().isdecimal() for word in words):
        raise ValueError(f"its rle is no list of run lengths: {element.get('rle', '')[:40]!r}")
    runs = [int(word) for word in words]
    if sum(runs) != width * height:
        raise ValueError(f"its runs are {sum(runs)} pixels in all, its box has {width * height} ({width}x{height})")
    pixels = np.repeat(np.arange(len(runs)) % 2 == 1, runs).reshape(height, width)
    return tuple(part for mask in Bitmap.trimmed(left, top, pixels) for part in mask.clean(size))


def _points(element: ElementTree.Element) -> np.ndarray:
    text = element.get("points", "")
    try:
        return as_path([[float(word) for word in pair.split(",")] for pair in text.split(";")])
    except LeftOut:
        raise
    except ValueError:
        raise ValueError(f"its points are not x,y;x,y within reach of the image: {text[:60]!r}") from None


def _number(element: ElementTree.Element, name: str) -> float:
    text = element.get(name, "")
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"its {name} is no number: {text[:40]!r}") from None


def _whole(element: ElementTree.Element, name: str, default: int | None = None) -> int:
    text = element.get(name, "" if default is None else str(default))
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"its {name} is no whole number: {text[:40]!r}") from None


def _attributes(element: ElementTree.Element) -> dict[str, str]:
    return {attribute.get("name", ""): attribute.text or "" for attribute in element.iterfind("attribute")}


@dataclass(slots=True)
class _Image:
    """An image of a file: what it is called, where it lies in the file as (first byte, end), and its tags."""

    name: str
    subset: str
    span: tuple[int, int]
    tags: tuple[str, ...] = ()


class _Document:
    """A CVAT file whose images know where they lie, so that a worker reads the one it needs instead of all."""

    def __init__(self, address: str) -> None:
        """Raises `SourceError`."""
        self.address = address
        self.labels: dict[str, tuple[str, str]] = {}
        """The type and colour of each label that the file lists."""
        self.images: list[_Image] = []
        self.used: dict[tuple[str, str], None] = {}
        """The (label, kind) of all shapes."""
        self._label: dict[str, str] = {}
        try:
            read_through(address, self._started, self._ended)
        except BadXml as error:
            raise SourceError(str(error)) from None

    def _started(self, path: Sequence[str], attributes: dict[str, str], place: int) -> None:
        word = path[-1]
        if len(path) == 1 and word != "annotations":
            raise SourceError(f"{self.address} begins with <{word}>; a file of CVAT is <annotations>")
        if len(path) == 2 and word == "track":
            raise SourceError(
                f"{self.address} has <track>: it is `CVAT for video 1.1`, which tells of some frames only; export the task as "
                "`CVAT for images 1.1`, with the same objects on every frame"
            )
        if len(path) == 2 and word == "image":
            if not attributes.get("name"):
                raise SourceError(f"{self.address}: image {len(self.images) + 1} has no name: {attributes}")
            self.images.append(
                _Image(attributes["name"].replace("\\", "/"), attributes.get("subset", ""), (place, place))
            )
        elif len(path) == 3 and path[1] == "image":
            label, image = attributes.get("label", ""), self.images[-1]
            if word == "tag" and label and label not in image.tags:
                image.tags += (label,)
            elif word in _KINDS and label.strip():
                self.used[label, _KINDS[word]] = None

    def _ended(self, path: Sequence[str], text: str, end: int) -> None:
        if len(path) == 2 and path[-1] == "image":
            self.images[-1].span = self.images[-1].span[0], end
        elif path[-2:-1] == ["label"]:
            self._label[path[-1]] = text.strip()
        elif path[-2:] == ["labels", "label"]:
            # The points of a skeleton are listed as labels, too.
            if (name := self._label.get("name")) and not self._label.get("parent"):
                color = self._label.get("color", "").lower()
                is_color = re.fullmatch(r"#[0-9a-f]{6}", color)
                self.labels[name] = self._label.get("type", ""), color if is_color else ""
            self._label = {}
