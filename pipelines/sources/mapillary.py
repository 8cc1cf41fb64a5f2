"""Mapillary Vistas v1.2 and v2.0: `training|validation/images`, 16-bit instance images, and a config that names the labels."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from pipelines.annotation import Annotation
from pipelines.figures import Figure
from pipelines.formats import storage
from pipelines.formats.label_images import read_labels
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
from pipelines.sources.files import pictures_in

SPLITS = ("training", "validation", "testing")
VERSIONS = ("v1.2", "v2.0")


@registered
@dataclass(frozen=True)
class Mapillary(Project):
    """`folder` leads from a split to its instance images; `titles` and `has_instances` are by label number."""

    layout: ClassVar[str] = "mapillary"
    title: ClassVar[str] = "Mapillary Vistas v1.2 and v2.0: 16-bit instance images"
    recognised_by: ClassVar[str] = "a config*.json beside training, validation or testing"
    datasets_are: ClassVar[str] = "`training`, `validation`"
    objects_are: ClassVar[str] = (
        "`instances` (16 bits: 256 · label + number); classes by their readable names; labels without instances "
        "are one bitmap each"
    )
    unlabelled: ClassVar[str | None] = "Unlabeled"

    folder: str = "instances"
    config: str = "config.json"
    titles: tuple[str, ...] = ()
    has_instances: tuple[bool, ...] = ()

    @classmethod
    def matches(cls, location: str) -> bool:
        found = storage.names(location)
        return any(name.startswith("config") and name.endswith(".json") for name in found) and bool(
            set(SPLITS) & set(found)
        )

    @classmethod
    def open(cls, name: str, location: str) -> Self:
        """Where one download holds the instances of both versions, v1.2 is read: the one whose names are in common use."""
        found = storage.names(location)
        splits = [split for split in SPLITS if split in found]
        folder = next(
            (folder for folder in ("instances", "v1.2/instances", "v2.0/instances") if _any(location, splits, folder)),
            None,
        )
        if folder is None:
            raise SourceError(
                f"{location} has no instance images; they lie in training/instances (or training/v1.2/instances, "
                "training/v2.0/instances) beside training/images"
            )
        version = folder.split("/")[0] if "/" in folder else None
        candidates = (
            (f"config_{version}.json",) if version else ("config.json", *(f"config_{v}.json" for v in VERSIONS))
        )
        config = next((candidate for candidate in candidates if candidate in found), None)
        if config is None:
            raise SourceError(
                f"{location} has no {' or '.join(candidates)}; it names the labels of the instance images"
            )
        labels = _read_config(storage.join(location, config))
        meta = Meta()
        for label in labels:
            meta = meta.with_class(ClassSpec(label["readable"], "bitmap", hex_color(label["color"])))
        titles = tuple(label["readable"] for label in labels)
        instances = tuple(bool(label["instances"]) for label in labels)
        used = tuple(split for split in splits if storage.names(storage.join(location, split, *folder.split("/"))))
        return cls(name, location, meta, used, folder, config, titles, instances)

    def _other_configs(self) -> str:
        """A hint to the files that name the labels of another version."""
        found = [name for name in storage.names(self.location) if name.startswith("config") and name.endswith(".json")]
        others = [name for name in found if name != self.config]
        return f"; if it is of the version of {' or '.join(others)}, take {self.config} away" if others else ""

    def items(self, dataset: str) -> Iterator[Item]:
        pictures = storage.join(self.location, dataset, "images")
        for stem, file in sorted(by_stem(pictures_in(pictures)).items()):
            yield Item(
                file, storage.join(pictures, file), (storage.join(self.location, dataset, self.folder, f"{stem}.png"),)
            )

    def read(self, item: Item) -> Annotation:
        """One bitmap an instance; labels without instances become one bitmap each."""
        address = item.labels[0]
        try:
            values = read_labels(storage.read_bytes(address)).indices.astype(np.uint16)
        except FileNotFoundError:
            raise BadItem(f"the instance image {address} does not exist") from None
        except ValueError as error:
            raise BadItem(f"{error} ({address})") from None
        size = size_of_picture(item.image)
        require_size((values.shape[0], values.shape[1]), size)
        labels = values >> 8
        if int(labels.max(initial=0)) >= len(self.titles):
            raise BadItem(
                f"the instance image {address} has the label {int(labels.max())}, {self.config} names labels 0 to "
                f"{len(self.titles) - 1}{self._other_configs()}"
            )
        separate = np.array(self.has_instances)[labels]
        # Shifted by one, so that label 0 instance 0 is a region too.
        numbers = np.where(separate, values, labels << 8).astype(np.int32) + 1
        figures = tuple(Figure(self.titles[(number - 1) >> 8], mask) for number, mask in regions(numbers))
        return Annotation(size, figures)


def _any(location: str, splits: list[str], folder: str) -> bool:
    return any(storage.exists(storage.join(location, split, folder)) for split in splits)


def _read_config(address: str) -> list[dict[str, Any]]:
    try:
        labels = json.loads(storage.read_bytes(address))["labels"]
        for label in labels:
            label["readable"], label["instances"], label["color"][2]
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise SourceError(
            f'{address} is not a Vistas config: it needs "labels", each with "readable", "instances" and "color" ({error})'
        ) from None
    return list(labels)
