"""Pascal VOC: `JPEGImages`, `SegmentationClass`, `SegmentationObject`, and image lists in `ImageSets/Segmentation`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
    by_stem,
    hex_color,
    regions,
    registered,
    require_size,
    size_of_picture,
)

NEUTRAL, VOID = "neutral", 255

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
    """`titles` is the class of each colour; `has_objects` says whether there are instance masks at all."""

    layout: ClassVar[str] = "voc"
    title: ClassVar[str] = "Pascal VOC: indexed masks of classes and of objects"
    recognised_by: ClassVar[str] = "JPEGImages, and SegmentationClass or SegmentationObject"
    datasets_are: ClassVar[str] = (
        "the lists in `ImageSets/Segmentation`; `trainval` only where `train` and `val` are absent"
    )
    objects_are: ClassVar[str] = (
        "one bitmap an object of `SegmentationObject`, its class from `SegmentationClass`; without "
        "`SegmentationObject` one bitmap a class; index 255 is the class `neutral`"
    )

    titles: Mapping[Color, str] = field(default_factory=dict)
    has_objects: bool = True

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
        titles = read_colors(location) if "colors.txt" in found else {voc_color(n): t for n, t in enumerate(CLASSES, 1)}
        classes = [ClassSpec(title, "bitmap", hex_color(color)) for color, title in titles.items()]
        if NEUTRAL not in titles.values():
            classes.append(ClassSpec(NEUTRAL, "bitmap", hex_color(voc_color(VOID))))
        return cls(name, location, Meta(tuple(classes)), _splits(location), titles, "SegmentationObject" in found)

    def items(self, dataset: str) -> Iterator[Item]:
        pictures = by_stem(storage.names(storage.join(self.location, "JPEGImages")))
        lists = storage.join(self.location, "ImageSets", "Segmentation")
        text = storage.read_bytes(storage.join(lists, f"{dataset}.txt")).decode()
        for stem in sorted({line.split()[0] for line in text.splitlines() if line.strip()}):
            file = pictures.get(stem, f"{stem}.jpg")
            folders = ("SegmentationClass", "SegmentationObject") if self.has_objects else ("SegmentationClass",)
            labels = tuple(storage.join(self.location, folder, f"{stem}.png") for folder in folders)
            yield Item(file, storage.join(self.location, "JPEGImages", file), labels)

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
        color = image.color(index) or voc_color(index)
        # A grey label image has no colours of its own: its values are indices of VOC's colour map.
        title = self.titles.get(color) or self.titles.get(voc_color(index))
        if title is None:
            raise BadItem(
                f"the class mask has the index {index} (colour {color}), which is no class; "
                f"known: {', '.join(self.titles.values())}"
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


def _splits(location: str) -> tuple[str, ...]:
    """The image lists, without one that only repeats the others."""
    folder = storage.join(location, "ImageSets", "Segmentation")
    names = [name.removesuffix(".txt") for name in storage.names(folder) if name.endswith(".txt")]
    if not names:
        raise SourceError(
            f"{folder} has no image lists; put one there, e.g. train.txt, with the name of an image a line"
        )
    return tuple(name for name in names if name != "trainval" or not {"train", "val"} & set(names))


def read_colors(location: str) -> dict[Color, str]:
    """`colors.txt`: a line is `name r g b`; black is the background and no class."""
    address = storage.join(location, "colors.txt")
    titles: dict[Color, str] = {}
    for number, line in enumerate(storage.read_bytes(address).decode().splitlines(), 1):
        if not line.strip():
            continue
        words = line.split()
        if len(words) < 4 or not all(part.isdecimal() and int(part) < 256 for part in words[-3:]):
            raise SourceError(
                f"{address}:{number}: found {line!r}, a line is a name and three numbers from 0 to 255: name r g b"
            )
        red, green, blue = words[-3:]
        color = int(red), int(green), int(blue)
        if color != (0, 0, 0):
            titles[color] = " ".join(words[:-3])
    if not titles:
        raise SourceError(f"{address} lists no class; a line is a name and three numbers from 0 to 255: name r g b")
    return titles
