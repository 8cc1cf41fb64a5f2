"""Images and label images of the same names in two folders: `images` and `masks`, and `instances` where there are any."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Self

import numpy as np

from pipelines.annotation import Annotation
from pipelines.figures import Figure
from pipelines.formats import storage
from pipelines.formats.label_images import Color, LabelImage, read_labels
from pipelines.meta import ClassSpec, Meta
from pipelines.sources.base import (
    BadItem,
    Item,
    Project,
    SourceError,
    by_stem,
    folder_name,
    hex_color,
    regions,
    registered,
    require_size,
    size_of_picture,
)
from pipelines.sources.files import pictures_in, read_lines
from pipelines.sources.voc import NEUTRAL, VOID, read_colors

IMAGES, MASKS, INSTANCES = "images", "masks", "instances"
NAMES, COLORS = "classes.txt", "colors.txt"
OBJECT = "object"
BACKGROUNDS = ("background", "_background_", "__background__")

_BLACK_AND_WHITE = (
    f"masks of 0 and {VOID} alone: {VOID} is {NEUTRAL}, and no object; where it is a class, write {VOID} and its name "
    f"into {NAMES}"
)

# Where a PNG says whether it has colours, and the values that mean red, green, blue (and alpha).
_COLOR_TYPE, _TRUE_COLOR = 25, (2, 6)


@registered
@dataclass(frozen=True)
class Masks(Project):
    """`folders` has for each dataset its folders of images, masks and instances, "" for one that it lacks.

    `indices` or `colors` give the class of each index or colour; both are empty without a list of classes.
    """

    layout: ClassVar[str] = "masks"
    title: ClassVar[str] = "pictures and mask pictures of the same names"
    recognised_by: ClassVar[str] = "images and masks"
    datasets_are: ClassVar[str] = (
        "folders in `images`, or folders that have these folders; else one called after the folder"
    )
    objects_are: ClassVar[str] = (
        "PNG masks of the same names. With `classes.txt` (`name` or `index name` a line; 255 is `neutral`) or "
        "`colors.txt` (`name r g b`): one bitmap an object of `instances`, else one a class; 16 bits are 256 · "
        "class + instance. Without a list each value or colour is one bitmap of the class `object`"
    )

    folders: Mapping[str, tuple[str, str, str]] = field(default_factory=dict)
    indices: Mapping[int, str] = field(default_factory=dict)
    colors: Mapping[Color, str] = field(default_factory=dict)

    @classmethod
    def matches(cls, location: str) -> bool:
        return bool(_folders(location, OBJECT))

    @classmethod
    def open(cls, name: str, location: str) -> Self:
        """With a list of classes the masks hold classes; without one every value or colour is one object."""
        folders = _folders(location, name)
        if not folders:
            raise SourceError(
                f"{location} has no images with masks; pictures lie in {IMAGES}, label images of the same names in {MASKS} "
                f"(or numbered objects in {INSTANCES}), in the folder itself or in a folder for each dataset"
            )
        for _, masks, instances in folders.values():
            _require_png(masks or instances)
        found = storage.names(location)
        if NAMES in found and COLORS in found:
            raise SourceError(
                f"{location} has {NAMES} and {COLORS}; the first names the indices of the masks, the second their colours: "
                "keep the one that fits the masks"
            )
        listed = next((file for file in (NAMES, COLORS) if file in found), None)
        if listed and not all(masks for _, masks, _ in folders.values()):
            raise SourceError(
                f"{location} has {listed} but no folder {MASKS} that could hold these classes; objects that are only numbered "
                f"are all of the class {OBJECT!r}: take the list away, and rename the class in the graph"
            )
        indices = _read_names(storage.join(location, NAMES)) if NAMES in found else {}
        colors = read_colors(location) if COLORS in found else {}
        classes = [ClassSpec(title, "bitmap") for title in dict.fromkeys(indices.values())]
        classes += [ClassSpec(title, "bitmap", hex_color(color)) for color, title in colors.items()]
        if not classes:
            classes = [ClassSpec(OBJECT, "bitmap")]
        elif indices and max(indices) < VOID:
            indices = indices | {VOID: NEUTRAL}
            classes.append(ClassSpec(NEUTRAL, "bitmap"))
        meta = Meta()
        for spec in classes:
            meta = meta.with_class(spec)
        return cls(name, location, meta, tuple(folders), folders, indices, colors)

    def items(self, dataset: str) -> Iterator[Item]:
        """Labels are the mask and, where there are any, the instances; without a list of classes only the finer of the two."""
        images, masks, instances = self.folders[dataset]
        folders = [folder for folder in (masks, instances) if folder]
        present = [
            by_stem(name for name in storage.names(folder) if name.lower().endswith(".png")) for folder in folders
        ]
        for stem, file in sorted(by_stem(pictures_in(images)).items()):
            # Some tools add a word to the name of the mask.
            labels = [
                storage.join(folder, found.get(f"{stem}_mask") or found.get(stem, f"{stem}.png"))
                for folder, found in zip(folders, present, strict=True)
            ]
            yield Item(file, storage.join(images, file), tuple(labels if self._has_classes else labels[-1:]))

    def read(self, item: Item) -> Annotation:
        """One bitmap an instance, or one a class where there are no instances. Index 0 and black are the background."""
        images = [self._read(address, number == 0) for number, address in enumerate(item.labels)]
        size = size_of_picture(item.image)
        for image in images:
            require_size((image.indices.shape[0], image.indices.shape[1]), size)
        if not self._has_classes:
            return Annotation(size, tuple(Figure(OBJECT, mask) for _, mask in regions(images[0].indices)))
        if len(images) == 2:
            return Annotation(size, tuple(self._instances(*images)))
        # Masks of one class are often written in black and white, which says nothing of the list.
        doubtful = self.indices.get(VOID) == NEUTRAL and set(np.unique(images[0].indices).tolist()) == {0, VOID}
        return Annotation(size, tuple(self._classes(images[0])), left_out=(_BLACK_AND_WHITE,) if doubtful else ())

    @property
    def _has_classes(self) -> bool:
        return bool(self.indices or self.colors)

    def _read(self, address: str, is_mask: bool) -> LabelImage:
        try:
            data = storage.read_bytes(address)
            image = read_labels(data)
        except FileNotFoundError:
            raise BadItem(f"the mask {address} does not exist") from None
        except ValueError as error:
            raise BadItem(f"{error} ({address})") from None
        if is_mask and self.indices and data[_COLOR_TYPE] in _TRUE_COLOR:
            raise BadItem(
                f"the mask {address} has colours, but {NAMES} names indices; "
                f"name the colours in {COLORS} instead, a line a class: name r g b"
            )
        return image

    def _classes(self, image: LabelImage) -> Iterator[Figure]:
        """A mask without instances beside it. With 16 bits its values are 256 * class + instance, unless so many are listed."""
        combined = image.indices.dtype == np.uint16 and not (self.indices and max(self.indices) > VOID)
        for value, mask in regions(image.indices):
            if combined and value <= VOID:
                raise BadItem(
                    f"the mask has 16 bits and the value {value}; such masks hold 256 * class + instance. "
                    f"If they number objects only, they belong into the folder {INSTANCES}"
                )
            yield Figure(self._title(image, value >> 8 if combined else value), mask)

    def _instances(self, classes: LabelImage, instances: LabelImage) -> Iterator[Figure]:
        """Numbered objects, each of the class that most of its pixels have in the mask."""
        for value, mask in regions(instances.indices):
            below = classes.indices[mask.y : mask.y + mask.height, mask.x : mask.x + mask.width][mask.pixels]
            counts = np.bincount(below[below > 0])
            if not counts.size:
                raise BadItem(f"the instance {value} lies on no class: the mask is 0 in all of its {below.size} pixels")
            yield Figure(self._title(classes, int(counts.argmax())), mask)

    def _title(self, image: LabelImage, index: int) -> str:
        if self.indices:
            if index not in self.indices:
                named = ", ".join(f"{number} {title}" for number, title in self.indices.items())
                raise BadItem(f"the mask has the index {index}, which {NAMES} does not name; named: {named}")
            return self.indices[index]
        color = image.color(index) or (index, index, index)
        if color not in self.colors:
            raise BadItem(
                f"the mask has the colour {color}, which {COLORS} does not name; named: {', '.join(self.colors.values())}"
            )
        return self.colors[color]


def _folders(location: str, project: str) -> dict[str, tuple[str, str, str]]:
    """Dataset → its folders of images, masks and instances."""
    found = storage.names(location)
    if IMAGES in found and (MASKS in found or INSTANCES in found):
        images = storage.join(location, IMAGES)
        inside = storage.names(images)
        # A dataset each: pictures in the folder itself, and those in its folders.
        parts: dict[str, tuple[str, ...]] = {folder_name(location, project): ()} if by_stem(inside) else {}
        parts |= {name: (name,) for name in inside if by_stem(storage.names(storage.join(images, name)))}
        return {
            dataset: (
                storage.join(images, *part),
                storage.join(location, MASKS, *part) if MASKS in found else "",
                storage.join(location, INSTANCES, *part) if INSTANCES in found else "",
            )
            for dataset, part in parts.items()
        }
    folders = {}
    for dataset in found:
        inner = storage.names(storage.join(location, dataset))
        if IMAGES in inner and MASKS in inner and by_stem(storage.names(storage.join(location, dataset, IMAGES))):
            base = storage.join(location, dataset)
            instances = storage.join(base, INSTANCES) if INSTANCES in inner else ""
            folders[dataset] = storage.join(base, IMAGES), storage.join(base, MASKS), instances
    return folders


def _require_png(folder: str) -> None:
    """Raises `SourceError` for masks in a lossy format, or of another than the one that is read."""
    found = by_stem(storage.names(folder))
    if found and not any(name.lower().endswith(".png") for name in found.values()):
        example = next(iter(found.values()))
        raise SourceError(
            f"{folder} has no PNG but files like {example}; masks are read from PNG, which keeps every pixel's number "
            "(JPEG blurs them: label images saved as JPEG have to be made anew)"
        )


def _read_names(address: str) -> dict[int, str]:
    """`classes.txt`: a class a line, `name` or `index name`. Bare names count from 1; a first `background` counts as 0."""
    lines = [line for line in read_lines(address) if line]
    numbered = [re.fullmatch(r"(\d+)[\s:,]+(.+)", line) for line in lines]
    if lines and all(numbered):
        pairs = [(int(match[1]), match[2].strip()) for match in numbered if match]
    else:
        pairs = list(enumerate(lines, 0 if lines and lines[0].lower() in BACKGROUNDS else 1))
    indices: dict[int, str] = {}
    for index, title in pairs:
        if index in indices:
            raise SourceError(f"{address} names the index {index} twice: {indices[index]} and {title}")
        indices[index] = title
    indices.pop(0, None)
    if not indices:
        raise SourceError(f"{address} names no class; a line is a name, or an index and a name: 1 car")
    return indices
