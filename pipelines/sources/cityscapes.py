"""Cityscapes with fine annotations: `leftImg8bit` and `gtFine`, in each a folder a split and in that one a city."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from pipelines.annotation import Annotation
from pipelines.figures import Figure
from pipelines.formats import storage
from pipelines.formats.label_images import Color, read_indices
from pipelines.meta import ClassSpec, Meta
from pipelines.sources.base import BadItem, Item, Project, SourceError, hex_color, regions, registered, require_size
from pipelines.sources.files import below, distinct_names, is_picture, shown_size, stem
from pipelines.sources.voc import NEUTRAL

IMAGES, LABELS = "leftImg8bit", "gtFine"
_IMAGE, _LABEL = "_leftImg8bit", "_gtFine_instanceIds.png"
_PER_CLASS = 1000

VOID = ("unlabeled", "ego vehicle", "rectification border", "out of roi", "static", "dynamic", "ground")
"""The labels 0 to 6: neither objects nor background, and ignored when networks are evaluated."""

CLASSES: tuple[tuple[str, Color], ...] = (
    ("road", (128, 64, 128)),
    ("sidewalk", (244, 35, 232)),
    ("parking", (250, 170, 160)),
    ("rail track", (230, 150, 140)),
    ("building", (70, 70, 70)),
    ("wall", (102, 102, 156)),
    ("fence", (190, 153, 153)),
    ("guard rail", (180, 165, 180)),
    ("bridge", (150, 100, 100)),
    ("tunnel", (150, 120, 90)),
    ("pole", (153, 153, 153)),
    ("polegroup", (153, 153, 153)),
    ("traffic light", (250, 170, 30)),
    ("traffic sign", (220, 220, 0)),
    ("vegetation", (107, 142, 35)),
    ("terrain", (152, 251, 152)),
    ("sky", (70, 130, 180)),
    ("person", (220, 20, 60)),
    ("rider", (255, 0, 0)),
    ("car", (0, 0, 142)),
    ("truck", (0, 0, 70)),
    ("bus", (0, 60, 100)),
    ("caravan", (0, 0, 90)),
    ("trailer", (0, 0, 110)),
    ("train", (0, 80, 100)),
    ("motorcycle", (0, 0, 230)),
    ("bicycle", (119, 11, 32)),
)
"""The labels from 7 on, in the order of their numbers. (`license plate` has no number, and is in no label image.)"""

_FIRST = len(VOID)
_FIRST_WITH_INSTANCES = 24


@registered
@dataclass(frozen=True)
class Cityscapes(Project):
    layout: ClassVar[str] = "cityscapes"
    title: ClassVar[str] = "Cityscapes, fine annotations: 16-bit instance images"
    recognised_by: ClassVar[str] = "leftImg8bit and gtFine"
    datasets_are: ClassVar[str] = (
        "the folders in `gtFine`: `train`, `val`, `test` (whose labels are withheld: all `neutral`)"
    )
    objects_are: ClassVar[str] = (
        "`*_gtFine_instanceIds.png`: one bitmap an instance (1000 · label + number), one for each label without instances; "
        "the void labels, and groups that nobody has told apart, are `neutral`"
    )

    @classmethod
    def matches(cls, location: str) -> bool:
        return {IMAGES, LABELS} <= set(storage.names(location))

    @classmethod
    def open(cls, name: str, location: str) -> Self:
        """The classes are those of the published list, whether they occur or not."""
        found = storage.names(location)
        if missing := [folder for folder in (IMAGES, LABELS) if folder not in found]:
            raise SourceError(
                f"{location} has no folder {' and no folder '.join(missing)}; unpack leftImg8bit_trainvaltest.zip and "
                "gtFine_trainvaltest.zip of Cityscapes into one folder"
            )
        splits = tuple(split for split in storage.names(storage.join(location, LABELS)) if "." not in split)
        if not splits:
            raise SourceError(f"{location}/{LABELS} has no folder train, val or test")
        classes = tuple(ClassSpec(title, "bitmap", hex_color(color)) for title, color in CLASSES)
        return cls(name, location, Meta((*classes, ClassSpec(NEUTRAL, "bitmap"))), splits)

    def items(self, dataset: str) -> Iterator[Item]:
        """Pictures and labels of one name; one without the other is an item, too, and reading it says so."""
        images, labels = (storage.join(self.location, folder, dataset) for folder in (IMAGES, LABELS))
        pictures = {stem(path).removesuffix(_IMAGE): path for path in below(images) if is_picture(path)}
        labelled = {path.removesuffix(_LABEL) for path in below(labels) if path.endswith(_LABEL)}
        for folder, found, what in ((images, pictures, "pictures"), (labels, labelled, f"label images *{_LABEL}")):
            if not found:
                raise SourceError(
                    f"{folder} has no {what}, so {dataset!r} cannot be read; name the datasets that have both"
                )
        scenes = sorted({*pictures, *labelled})
        paths = [pictures.get(scene, f"{scene}{_IMAGE}.png") for scene in scenes]
        names = distinct_names(paths, images)
        for name, path, scene in sorted(zip(names, paths, scenes, strict=True)):
            yield Item(name, storage.join(images, path), (storage.join(labels, f"{scene}{_LABEL}"),))

    def read(self, item: Item) -> Annotation:
        """One bitmap an instance, one a label without instances, one for all that is neutral."""
        (address,) = item.labels
        try:
            # Without any instance the values are 8-bit, and too small to reckon with.
            values = read_indices(storage.read_bytes(address)).astype(np.int32)
        except FileNotFoundError:
            raise BadItem(f"the instance image {address} does not exist") from None
        except ValueError as error:
            raise BadItem(f"{error} ({address})") from None
        size = shown_size(item.image)
        require_size((values.shape[0], values.shape[1]), size)
        numbers = np.where(values < _PER_CLASS, values, values // _PER_CLASS)
        if (most := int(numbers.max(initial=0))) >= _FIRST + len(CLASSES):
            raise BadItem(
                f"{address} has the value {int(values[numbers == most].max())}; its values are labels, 0 to "
                f"{_FIRST + len(CLASSES) - 1}, or {_PER_CLASS} · label + number"
            )
        # A label of things without a number stands for several that lie too close together.
        neutral = (numbers < _FIRST) | ((values < _PER_CLASS) & (numbers >= _FIRST_WITH_INSTANCES))
        # 1 is a label that is neutral anyway, so no other region has this number; 0 would be none.
        parts = np.where(neutral, np.int32(1), values)
        figures = (Figure(_title(value), mask) for value, mask in regions(parts))
        return Annotation(size, tuple(figures))


def _title(value: int) -> str:
    label = value // _PER_CLASS if value >= _PER_CLASS else value
    return NEUTRAL if label < _FIRST else CLASSES[label - _FIRST][0]
