"""Labelled images in the layouts that graphs read, as objects to evaluate on, through the pipeline's own readers."""

from dataclasses import dataclass, replace
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from model.projects.labelled import decode_image
from pipelines.annotation import Annotation
from pipelines.errors import UserError
from pipelines.formats import storage
from pipelines.meta import Meta
from pipelines.sources import Item, Project, SourceError
from pipelines.sources.binding import open_project

LAYOUTS = ("coco", "mapillary", "masks")
VAL = "val"
UNLABELLED = {"mapillary": "Unlabeled"}
"""By layout the class that means that nobody has said what is there: it is background here, and no object."""


@dataclass(frozen=True, slots=True)
class SourceImage:
    """One image of a project; nothing is decoded yet."""

    project: Project
    dataset: str
    item: Item

    @property
    def where(self) -> str:
        return f"{self.dataset}/{self.item.file}"

    def pixels(self) -> NDArray[np.uint8]:
        """(H, W, 3) uint8 RGB; UserError for a file that is missing or no picture."""
        try:
            data = storage.read_bytes(self.item.image)
        except OSError as error:
            raise UserError(f"{self.where}: the image {self.item.image} cannot be read: {error.strerror}") from error
        return decode_image(data, self.item.image)

    def annotation(self) -> Annotation:
        """The figures, without what is unlabelled; UserError for labels that are missing, damaged, or of another size."""
        try:
            annotation = self.project.read(self.item)
        except (ValueError, OSError) as error:
            raise UserError(f"{self.project.location}, {self.where}: {error}") from error
        unlabelled = UNLABELLED.get(self.project.layout)
        return replace(annotation, figures=tuple(figure for figure in annotation.figures if figure.title != unlabelled))


@dataclass(frozen=True, slots=True)
class SourceImages:
    """The images of some datasets of a project."""

    project: Project
    items: tuple[tuple[str, Item], ...]
    """(dataset, image), by dataset and name."""

    @property
    def meta(self) -> Meta:
        return self.project.meta

    def __len__(self) -> int:
        return len(self.items)

    def read(self, index: int) -> SourceImage:
        return SourceImage(self.project, *self.items[index])


def open_source_images(layout: str, location: str, split: str | None = None) -> SourceImages:
    """The images of the dataset `split` of a project; by default those called `val…` where there are any, else all.

    UserError for a location that is not of the layout, a dataset that is not there, and one without images.
    """
    try:
        project = open_project(PurePosixPath(location).name or layout, f"{layout}:{location}")
        datasets = _datasets(project, split)
        items = tuple((dataset, item) for dataset in datasets for item in project.items(dataset))
    except (SourceError, OSError) as error:
        raise UserError(f"{layout}:{location}: {error}") from error
    if not items:
        raise UserError(
            f"{location}: no image in {', '.join(datasets) or 'it'}; --split names another dataset, or `all`"
        )
    return SourceImages(project, items)


def _datasets(project: Project, split: str | None) -> list[str]:
    known = sorted(project.datasets)
    if split is None:
        return [dataset for dataset in known if dataset.startswith(VAL)] or known
    if split == "all":
        return known
    if split not in known:
        raise UserError(
            f"{project.location}: no dataset {split!r}; there are {', '.join(known)}; `all` takes every image"
        )
    return [split]
