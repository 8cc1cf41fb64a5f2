"""Pascal VOC: `JPEGImages`, `SegmentationClass`, `SegmentationObject`, and image lists in `ImageSets/Segmentation`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Self

import numpy as np

from pipelines.annotation import Annotation
from pipelines.figures import Bitmap, Figure
from pipelines.formats import storage
from pipelines.formats.label_images import Color, LabelImage, read_labels
from pipelines.meta import ClassSpec, Meta
from pipelines.sources.base import (
    BadItem,
    Item,
    Project,
    SourceError,
    folder_name,
    hex_color,
    regions,
    registered,
    require_size,
    size_of_picture,
)
from pipelines.sources.files import below, distinct_names, is_picture, read_lines, stem
from pipelines.sources.passed_over import pass_over

NEUTRAL, VOID = "neutral", 255

PICTURES, CLASS_MASKS, OBJECT_MASKS = "JPEGImages", "SegmentationClass", "SegmentationObject"
# The masks of further images, which others have added: of classes alone.
MORE = "SegmentationClassAug"
LISTS = ("ImageSets", "Segmentation")
COLORS, LABEL_MAP, CLASS_NAMES = "colors.txt", "labelmap.txt", "class_names.txt"

# A label behind a name in a list: 1, 0 or -1.
_LABEL = re.compile(r"\s-?\d$")

CLASSES = (
    "aeroplane",
    "bicycle",
    "bird",
    "boat",
    "bottle",
    "bus",
    "car",
    "cat",
    "chair",
    "cow",
    "diningtable",
    "dog",
    "horse",
    "motorbike",
    "person",
    "pottedplant",
    "sheep",
    "sofa",
    "train",
    "tvmonitor",
)


def voc_color(index: int) -> Color:
    """The colour of a palette index in VOC's colour map: the index' bits, dealt to the three channels in turn."""
    red = green = blue = 0
    for bit in range(8):
        red |= (index >> (3 * bit) & 1) << (7 - bit)
        green |= (index >> (3 * bit + 1) & 1) << (7 - bit)
        blue |= (index >> (3 * bit + 2) & 1) << (7 - bit)
    return red, green, blue


@registered
@dataclass(frozen=True)
class Voc(Project):
    """`titles` is the class of each colour, as the file `listed_in` of the project gives it; `has_objects` says whether there
    are instance masks at all."""

    layout: ClassVar[str] = "voc"
    title: ClassVar[str] = "Pascal VOC: indexed masks of classes and of objects"
    recognised_by: ClassVar[str] = "JPEGImages, and SegmentationClass or SegmentationObject"
    datasets_are: ClassVar[str] = (
        "the lists in `ImageSets/Segmentation`; `trainval` only where `train` and `val` are absent; without lists one called "
        "after the folder, of the pictures that have masks"
    )
    objects_are: ClassVar[str] = (
        "one bitmap an object of `SegmentationObject`, its class from `SegmentationClass`; without `SegmentationObject` (or "
        "where only `SegmentationClassAug` has a mask) one bitmap a class; index 255 is the class `neutral`. Classes are "
        "VOC's, or those of `colors.txt`, `labelmap.txt` or `class_names.txt`"
    )

    titles: Mapping[Color, str] = field(default_factory=dict)
    has_objects: bool = True
    listed_in: str = ""

    @classmethod
    def matches(cls, location: str) -> bool:
        found = storage.names(location)
        return "JPEGImages" in found and ("SegmentationClass" in found or "SegmentationObject" in found)

    @classmethod
    def open(cls, name: str, location: str) -> Self:
        found = storage.names(location)
        for folder in ("JPEGImages", "SegmentationClass"):
            if folder not in found:
                raise SourceError(
                    f"{location} has no folder {folder}; a VOC project has JPEGImages, SegmentationClass and ImageSets"
                )
        listed_in = next((file for file in _CLASS_LISTS if file in found), "")
        titles = _CLASS_LISTS[listed_in](location) if listed_in else {voc_color(n): t for n, t in enumerate(CLASSES, 1)}
        classes = [ClassSpec(title, "bitmap", hex_color(color)) for color, title in titles.items()]
        if NEUTRAL not in titles.values():
            classes.append(ClassSpec(NEUTRAL, "bitmap", hex_color(voc_color(VOID))))
        meta = Meta()
        for spec in classes:
            meta = meta.with_class(spec)
        datasets = tuple(image_lists(location)) or (folder_name(location, name),)
        return cls(name, location, meta, datasets, titles, "SegmentationObject" in found, listed_in)

    def items(self, dataset: str) -> Iterator[Item]:
        """An image's labels are its class mask and its object mask, or the class mask alone."""
        pictures = _by_path(self.location, PICTURES, is_picture)
        classes, more, objects = (
            _by_path(self.location, folder, _is_mask) for folder in (CLASS_MASKS, MORE, OBJECT_MASKS)
        )
        lists = image_lists(self.location)
        if lists:
            known = {**pictures, **classes, **more, **objects}
            chosen = named_images(storage.join(self.location, *LISTS, lists[dataset]), known)
        else:
            chosen = {image for image in pictures if image in classes or image in more}
            if not chosen:
                raise SourceError(
                    f"{self.location} has no image lists in ImageSets/Segmentation, and no picture in {PICTURES} has a mask of "
                    f"the same name in {CLASS_MASKS}; rename the masks, or put a list there, with the name of an image a line"
                )
            pass_over(
                "pictures without a mask: passed over, there are no lists in ImageSets", len(pictures) - len(chosen)
            )
            pass_over("masks without a picture: passed over", len({*classes, *more} - chosen))
        paths = {image: pictures.get(image, f"{PICTURES}/{image}.jpg") for image in chosen}
        names = distinct_names(list(paths.values()), f"{self.location} ({dataset})")
        for file, (image, path) in sorted(zip(names, paths.items(), strict=True)):
            labels = [classes.get(image, f"{CLASS_MASKS}/{image}.png")]
            if image not in classes and image in more:
                labels = [more[image]]
            if self.has_objects and (image in classes or image not in more):
                labels.append(objects.get(image, f"{OBJECT_MASKS}/{image}.png"))
            if len(labels) == 1:
                pass_over("images with a class mask and no object mask: each class of them is one object")
            yield Item(
                file, storage.join(self.location, path), tuple(storage.join(self.location, label) for label in labels)
            )

    def read(self, item: Item) -> Annotation:
        """One bitmap an object with the class most of its pixels have, and one for the void; without instances one a class."""
        images = [self._with_void(_read(address)) for address in item.labels]
        classes, objects = images[0], images[-1].indices
        size = size_of_picture(item.image)
        for image in images:
            require_size((image.indices.shape[0], image.indices.shape[1]), size)
        figures = []
        for index, mask in regions(objects):
            if index != VOID:
                area = classes.indices[mask.y : mask.y + mask.height, mask.x : mask.x + mask.width]
                figures.append(Figure(self._title(classes, int(np.bincount(area[mask.pixels]).argmax())), mask))
        figures.extend(Figure(NEUTRAL, mask) for mask in _void(classes.indices))
        return Annotation(size, tuple(figures))

    def _with_void(self, image: LabelImage) -> LabelImage:
        """The void of a colour mask under its usual index: there it is only known by its colour."""
        color = voc_color(VOID)
        if color in self.titles or color not in image.palette[:VOID]:
            return image
        indices = np.where(image.indices == image.palette.index(color), VOID, image.indices).astype(np.uint8)
        return LabelImage(indices, image.palette)

    def _title(self, image: LabelImage, index: int) -> str:
        if index == VOID:
            return NEUTRAL
        # Values of a grey label image are indices of VOC's colour map, also where a palette only says that they are grey.
        color = image.color(index)
        color = voc_color(index) if color is None or color == (index,) * 3 else color
        title = self.titles.get(color)
        if title is None:
            raise BadItem(
                f"the class mask has the index {index} (colour {color}), which is no class; known: "
                f"{', '.join(self.titles.values())}{f' of {self.listed_in}' if self.listed_in else ''}. Name the colours of "
                "other classes in a file colors.txt beside the folders, a line a class: name r g b"
            )
        return title


def _void(indices: np.ndarray) -> tuple[Bitmap, ...]:
    return Bitmap.trimmed(0, 0, indices == VOID)


def _read(address: str) -> LabelImage:
    try:
        return read_labels(storage.read_bytes(address))
    except FileNotFoundError:
        raise BadItem(f"the mask {address} does not exist") from None
    except ValueError as error:
        raise BadItem(f"{error} ({address})") from None


def image_lists(location: str) -> dict[str, str]:
    """The image lists by their names, without one that only repeats the others; nothing where there are none."""
    files = storage.names(storage.join(location, *LISTS))
    lists = {name[: -len(".txt")]: name for name in files if name.lower().endswith(".txt")}
    if {"train", "val"} & set(lists):
        lists.pop("trainval", None)
    return lists


def named_images(address: str, known: Container[str]) -> set[str]:
    """The images that a list names, as paths without ending: a line is a name, in quotes or not, with its ending or not, with
    spaces in it, or with a label behind it. Raises `SourceError`."""
    return {_named(line, known) for line in read_lines(address) if line}


def _named(line: str, known: Container[str]) -> str:
    whole = line[1:-1] if len(line) > 2 and line[0] == line[-1] == '"' else line
    words = [whole, whole.split()[0] if whole.split() else whole]
    names = [name.replace("\\", "/") for name in words]
    forms = [form for name in names for form in (name, stem(name) if is_picture(name) else name)]
    # Of a name that is nowhere, what looks like a label behind it is none of it.
    otherwise = forms[3] if _LABEL.search(whole) else forms[1]
    for form in forms:
        for written in (form, unicodedata.normalize("NFC", form), unicodedata.normalize("NFD", form)):
            if written in known:
                return written
    return otherwise


def _by_path(location: str, folder: str, wanted: Callable[[str], bool]) -> dict[str, str]:
    """The wanted files below a folder of the project: their paths in the project by those in the folder, without ending."""
    found: dict[str, str] = {}
    for path in below(storage.join(location, folder)):
        if wanted(path) and found.setdefault(stem(path), f"{folder}/{path}") != f"{folder}/{path}":
            pass_over(f"files in {folder} that differ from another one in the ending alone: passed over")
    return found


def _is_mask(path: str) -> bool:
    return path.lower().endswith(".png")


def read_colors(location: str) -> dict[Color, str]:
    """`colors.txt`: a line is `name r g b`; black is the background and no class. Raises `SourceError`."""
    address = storage.join(location, COLORS)
    titles: dict[Color, str] = {}
    for number, line in enumerate(read_lines(address), 1):
        words = line.split()
        if not words:
            continue
        if len(words) < 4 or (color := _color(words[-3:])) is None:
            raise SourceError(
                f"{address}:{number}: found {line!r}, a line is a name and three numbers from 0 to 255: name r g b"
            )
        if color != (0, 0, 0):
            titles[color] = " ".join(words[:-3])
    if not titles:
        raise SourceError(f"{address} lists no class; a line is a name and three numbers from 0 to 255: name r g b")
    return titles


def _read_label_map(location: str) -> dict[Color, str]:
    """`labelmap.txt` of CVAT and Datumaro: a line is `name:r,g,b:parts:actions`. Raises `SourceError`."""
    address = storage.join(location, LABEL_MAP)
    titles: dict[Color, str] = {}
    lines = [(number, line) for number, line in enumerate(read_lines(address), 1) if line and not line.startswith("#")]
    for index, (number, line) in enumerate(lines):
        name, *rest = line.rsplit(":", 3) if line.count(":") >= 3 else line.split(":")
        # Without a colour of its own a class has that of its place in VOC's colour map.
        color = voc_color(index) if rest and not rest[0].strip() else _color(rest[0].split(",") if rest else [])
        if color is None or not name.strip():
            raise SourceError(
                f"{address}:{number}: found {line!r}, a line is a name and a colour of three numbers from 0 to 255: "
                "name:r,g,b:parts:actions"
            )
        if color in titles:
            raise SourceError(
                f"{address}:{number}: {titles[color]!r} and {name.strip()!r} have the same colour {color}"
            )
        if color not in ((0, 0, 0), voc_color(VOID)):
            titles[color] = name.strip()
    if not titles:
        raise SourceError(f"{address} lists no class; a line is name:r,g,b:parts:actions")
    return titles


def _read_class_names(location: str) -> dict[Color, str]:
    """`class_names.txt` of labelme2voc: a line a class, from `_background_` at index 0 on. Raises `SourceError`."""
    address = storage.join(location, CLASS_NAMES)
    names = [name for name in read_lines(address) if name and name != "__ignore__"]
    if not names or names[0].strip("_").lower() != "background":
        raise SourceError(
            f"{address} begins with {names[0] if names else 'nothing'!r}; it is a class a line, of which the first is "
            "_background_, as labelme2voc writes it"
        )
    if len(names) == 1 or len(names) > VOID:
        raise SourceError(f"{address} lists {len(names) - 1} classes; there may be 1 to {VOID - 1}")
    return {voc_color(index): name for index, name in enumerate(names) if index}


def _color(words: list[str]) -> Color | None:
    """Red, green, blue of three words that are numbers from 0 to 255."""
    numbers = [int(word) for word in words if word.strip().isdecimal() and int(word) < 256]
    return (numbers[0], numbers[1], numbers[2]) if len(numbers) == len(words) == 3 else None


_CLASS_LISTS = {COLORS: read_colors, LABEL_MAP: _read_label_map, CLASS_NAMES: _read_class_names}
"""The files that name the classes; the first of them that is there counts."""
