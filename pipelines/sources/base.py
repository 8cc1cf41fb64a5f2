"""What every layout offers: its classes, its datasets, its images by name, and one image's annotation."""

from __future__ import annotations

import posixpath
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self, TypeVar

import cv2
import numpy as np

from pipelines.annotation import Annotation
from pipelines.figures import Bitmap
from pipelines.formats import storage
from pipelines.formats.label_images import BadImage, picture_size
from pipelines.image import Size
from pipelines.meta import Meta
from pipelines.registry import require_free
from pipelines.sources.passed_over import pass_over

PICTURE_EXTENSIONS = (".jpg", ".jpeg", ".mpo", ".bmp", ".png", ".webp", ".tif", ".tiff")

OTHER_PICTURES = (
    *(
        ".jfif",
        ".gif",
        ".heic",
        ".heif",
        ".avif",
        ".jxl",
        ".jp2",
        ".tga",
        ".ppm",
        ".pgm",
        ".pbm",
        ".pfm",
        ".psd",
        ".svg",
    ),
    *(".dng", ".nef", ".cr2", ".cr3", ".arw", ".raw", ".exr", ".dcm"),
)
"""Pictures that are not read: listed all the same, so that each is said to be one and none is passed over."""

_HEADER_BYTES = 1 << 16


class SourceError(ValueError):
    """A location that is not what it was taken for."""


class BadItem(ValueError):
    """One image or its labels cannot be used; the others can."""


@dataclass(frozen=True, slots=True)
class Item:
    """A labelled image by name: the address of the picture, and those of its label files in the layout's order."""

    file: str
    image: str
    labels: tuple[str, ...]


AnyProject = TypeVar("AnyProject", bound="Project")


@dataclass(frozen=True)
class Project(ABC):
    """Labelled images under a name. Small and picklable: workers get it whole, images are listed on the launcher."""

    layout: ClassVar[str]
    """The word for it in `NAME=LAYOUT:LOCATION`."""
    recognised_by: ClassVar[str]
    """The files and folders that `matches` looks for."""
    title: ClassVar[str]
    """What the layout is: a cell of the table of all layouts in the docs, as are the next two."""
    datasets_are: ClassVar[str]
    objects_are: ClassVar[str]
    has_labels: ClassVar[bool] = True
    """Without labels it is taken only where no other layout fits."""
    splits_are_tags: ClassVar[bool] = False
    """Whether training and validation are told apart by tags of the images and not by datasets."""
    unlabelled: ClassVar[str | None] = None
    """The class that means that nobody has said what is there, and no object."""

    name: str
    location: str
    meta: Meta
    datasets: tuple[str, ...]

    @classmethod
    @abstractmethod
    def matches(cls, location: str) -> bool:
        """Whether the location looks like this layout."""

    @classmethod
    @abstractmethod
    def open(cls, name: str, location: str) -> Self:
        """Read what describes the project as a whole. Raises `SourceError`."""

    @abstractmethod
    def items(self, dataset: str) -> Iterator[Item]:
        """The images of a dataset, sorted by name."""

    @abstractmethod
    def read(self, item: Item) -> Annotation:
        """The annotation of one image. Raises `BadItem` or the errors of the formats."""

    def tags(self, dataset: str) -> Mapping[str, tuple[str, ...]]:
        """The names of each image's tags, by file; none where the layout has no tags."""
        return {}

    def written(self, item: Item) -> dict[str, Any] | None:
        """The annotation as it is written, where that is Supervisely's JSON: what `read` does not know is still in it."""
        return None

    def licences(self, datasets: Iterable[str]) -> tuple[str, ...]:
        """What the layout itself says of the licences of these datasets' images, each once; nothing in most layouts."""
        return ()


LAYOUTS: dict[str, type[Project]] = {}
"""All layouts by name; each registers itself."""


def registered(layout: type[AnyProject]) -> type[AnyProject]:
    """Make a layout known. Raises `ValueError` for a name that is taken."""
    require_free([layout.layout], LAYOUTS, layout, "layout")
    LAYOUTS[layout.layout] = layout
    return layout


def require_readable(address: str) -> None:
    """Raises `BadItem` for a picture of a kind that is not read."""
    if not address.lower().endswith(PICTURE_EXTENSIONS):
        ending = posixpath.splitext(address)[1]
        hint = " (a .jfif is a JPEG: rename it to .jpg)" if ending.lower() == ".jfif" else ""
        known = ", ".join(PICTURE_EXTENSIONS)
        raise BadItem(f"the image {address} ends in {ending!r}, which is not read; convert it to one of {known}{hint}")


def size_of_picture(address: str) -> Size:
    """(height, width) of a picture, from as few bytes as possible. Raises `BadItem`."""
    # A name without an ending says nothing: then the bytes do.
    if address.lower().endswith(OTHER_PICTURES):
        require_readable(address)
    try:
        head = storage.read_bytes(address, at_most=_HEADER_BYTES)
    except FileNotFoundError:
        raise BadItem(f"the image {address} does not exist") from None
    try:
        return picture_size(head)
    except BadImage as error:
        if len(head) < _HEADER_BYTES:
            raise BadItem(f"{error} ({address}, {len(head)} bytes)") from None
    try:
        # A large preview or colour profile can stand before the size.
        return picture_size(storage.read_bytes(address))
    except BadImage as error:
        raise BadItem(f"{error} ({address})") from None


def require_size(labels: Size, picture: Size) -> None:
    """Raises `BadItem` when label image and picture, both (height, width), differ."""
    if labels != picture:
        turned = "; where EXIF turns a photograph, labels are of the picture as it is shown"
        raise BadItem(
            f"the labels are {labels[1]}x{labels[0]} (width x height), the image is {picture[1]}x{picture[0]}; "
            f"they must have the same size{turned if labels == picture[::-1] else ''}"
        )


def regions(values: np.ndarray) -> Iterator[tuple[int, Bitmap]]:
    """Each value above 0 of a label image (uint8, uint16 or int32), ascending, with its pixels."""
    if values.dtype == np.uint8:
        # Few values: a comparison each is cheaper than one pass that keeps a box for every value.
        histogram = cv2.calcHist([values], [0], None, [256], [0, 256])
        for value in (np.flatnonzero(histogram[1:]) + 1).tolist():
            (mask,) = Bitmap.trimmed(0, 0, values == value)
            yield value, mask
        return
    # Imported here: it takes longer than all the rest of a check, which does without.
    import scipy.ndimage

    for value, box in enumerate(scipy.ndimage.find_objects(values), 1):
        if box is not None:
            rows, columns = box
            yield value, Bitmap(columns.start, rows.start, values[rows, columns] == value)


def by_stem(names: Iterable[str]) -> dict[str, str]:
    """Picture files by their name without extension; of two that differ in the extension alone, labels could be of either."""
    pictures: dict[str, str] = {}
    for name in names:
        is_picture = name.lower().endswith((*PICTURE_EXTENSIONS, *OTHER_PICTURES))
        if is_picture and pictures.setdefault(name.rsplit(".", 1)[0], name) != name:
            pass_over(
                "pictures that differ from another one in the ending alone: passed over, one mask is not for both"
            )
    return pictures


def folder_name(location: str, otherwise: str) -> str:
    """The last part of a location, for a dataset that is called after its folder; `.` and `..` are no names."""
    name = location.rstrip("/").rsplit("/", 1)[-1]
    return otherwise if name in ("", ".", "..") else name


def hex_color(color: Sequence[int]) -> str:
    """Red, green, blue as `#rrggbb`."""
    red, green, blue = color
    return f"#{red:02x}{green:02x}{blue:02x}"
