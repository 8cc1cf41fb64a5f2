"""Labelled images one by one, from every layout that graphs read."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipelines.annotation import Annotation
from pipelines.clicks import Click
from pipelines.errors import UserError
from pipelines.figures import Point
from pipelines.formats import storage
from pipelines.formats.shards import NotADataset, open_dataset
from pipelines.formats.supervisely import annotation_json
from pipelines.meta import Meta
from pipelines.sources import LAYOUTS, Item, Project, SourceError, layout_words, open_project

VAL = "val"
"""How the names of datasets begin that are for validation."""


@dataclass(frozen=True, slots=True)
class LabelledImage:
    """One image of a project; nothing is read yet."""

    project: Project
    dataset: str
    item: Item

    @property
    def name(self) -> str:
        """File name of the image, with its extension."""
        return self.item.file

    @property
    def where(self) -> str:
        return f"{self.dataset}/{self.name}"

    def encoded(self) -> bytes:
        """The image's file. UserError where it cannot be read."""
        try:
            return storage.read_bytes(self.item.image)
        except storage.CutOff as error:
            raise UserError(f"{self.where}: {error}") from error
        except OSError as error:
            reason = error.strerror or str(error) or type(error).__name__
            raise UserError(f"{self.where}: the image {self.item.image} cannot be read: {reason}") from error

    def pixels(self) -> NDArray[np.uint8]:
        """(H, W, 3) uint8 RGB; UserError for a file that is missing or no picture."""
        return decode_image(self.encoded(), self.where)

    def annotation(self) -> Annotation:
        """Figures and tags; UserError for labels that are missing, damaged, or of another size than the image."""
        try:
            return self.project.read(self.item)
        except (ValueError, OSError) as error:
            raise UserError(f"{self.where}: {error}") from error

    def annotation_json(self) -> dict[str, Any]:
        """The annotation in Supervisely's JSON, as it is written where that is the project's own form."""
        annotation = self.annotation()
        written = self.project.written(self.item)
        if written is not None:
            return written
        return annotation_json(
            annotation.size, annotation.figures, annotation.tags, annotation.description, annotation.extra
        )


@dataclass(frozen=True, slots=True)
class LabelledImages:
    """Some images of a project, by dataset and name."""

    project: Project
    items: tuple[tuple[str, Item], ...]

    @property
    def meta(self) -> Meta:
        return self.project.meta

    def __len__(self) -> int:
        return len(self.items)

    def read(self, index: int) -> LabelledImage:
        return LabelledImage(self.project, *self.items[index])


def open_images(location: str) -> LabelledImages:
    """All images of the project at `[LAYOUT:]LOCATION`; of a folder that `run` has written a dataset into, that dataset,
    whatever else is in there. UserError for anything else."""
    try:
        project = open_project("images", _result_in(location) or location)
        items = tuple((dataset, item) for dataset in sorted(project.datasets) for item in project.items(dataset))
    except (SourceError, OSError) as error:
        raise UserError(str(error)) from error
    if not project.has_labels:
        raise UserError(
            f"{location} has pictures without labels, so neither points nor objects; layouts with labels are "
            f"{', '.join(word for word in layout_words() if LAYOUTS[word].has_labels)}"
        )
    if not items:
        raise UserError(
            f"{location}: a project without images; {project.layout} is recognised by {project.recognised_by}"
        )
    return LabelledImages(project, items)


def _result_in(location: str) -> str | None:
    """The finished dataset at or in a location that names no layout; None where there is none, or several."""
    if location.partition(":")[0] in LAYOUTS:
        return None
    try:
        return f"shards:{open_dataset(location).root}"
    except (NotADataset, OSError):
        return None


def of_split(images: LabelledImages, split: str | None, val: str = VAL) -> LabelledImages:
    """The images of a split: a dataset's or, where splits are tags, those with that tag.

    None takes those for validation where there are any, else all: datasets called `val…`, or images tagged `val`. `all` is
    all. UserError for a split that is not there.
    """
    if split == "all":
        return images
    tagged = images.project.splits_are_tags
    names = _tags_of(images) if tagged else [(dataset,) for dataset, _ in images.items]
    known = sorted({name for found in names for name in found})
    wanted = ({val} if tagged else {name for name in known if name.startswith(VAL)}) if split is None else {split}
    chosen = tuple(entry for entry, found in zip(images.items, names, strict=True) if wanted & set(found))
    if chosen or split is None:
        return replace(images, items=chosen or images.items)
    what = "image with the tag" if tagged else "dataset"
    there = f"there are {', '.join(known)}" if known else "no image has any tag"
    raise UserError(f"{images.project.location}: no {what} {split!r}; {there}; `all` takes every image")


def _tags_of(images: LabelledImages) -> Sequence[tuple[str, ...]]:
    """The names of each image's tags."""
    try:
        tags = {dataset: images.project.tags(dataset) for dataset in {dataset for dataset, _ in images.items}}
    except (ValueError, OSError) as error:
        raise UserError(f"{images.project.location}: {error}") from error
    return [tags[dataset].get(item.file, ()) for dataset, item in images.items]


def decode_image(data: bytes, where: str) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 RGB of an encoded picture; UserError naming `where` for anything else."""
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    if image is None:
        raise UserError(f"{where}: {len(data)} bytes that are no readable picture")
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


def clicks_of(annotation: Annotation, positive: str, negative: str) -> list[Click]:
    """The points of the two classes as clicks, positive ones first, in their order, without those outside."""
    clicks = []
    for title, label in ((positive, True), (negative, False)):
        for figure in annotation.figures:
            if figure.title == title and isinstance(figure.shape, Point):
                clicks.append(Click(round(figure.shape.x), round(figure.shape.y), label))
    height, width = annotation.size
    return [click for click in clicks if 0 <= click.x < width and 0 <= click.y < height]
