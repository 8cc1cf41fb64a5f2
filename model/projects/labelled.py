"""Labelled images one by one, from a plain Supervisely project folder or from a finished dataset in shards."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from pipelines.annotation import Annotation
from pipelines.clicks import Click
from pipelines.errors import UserError
from pipelines.figures import Point
from pipelines.formats.bitmaps import BadBitmap
from pipelines.formats.shards import NotADataset, ShardedDataset, open_dataset
from pipelines.formats.supervisely import BadAnnotation, parse_annotation, read_meta
from pipelines.meta import Meta

META = "meta.json"


@dataclass(frozen=True, slots=True)
class LabelledImage:
    """One image and what its annotation file says; nothing is decoded yet."""

    dataset: str
    name: str
    """File name of the image, with its extension."""
    image_bytes: bytes
    annotation_json: dict[str, Any]
    meta: Meta

    @property
    def where(self) -> str:
        return f"{self.dataset}/{self.name}"

    def pixels(self) -> NDArray[np.uint8]:
        """(H, W, 3) uint8 RGB; UserError for a file that is no picture."""
        return decode_image(self.image_bytes, self.where)

    def annotation(self) -> Annotation:
        """The figures and tags; UserError for what cannot be understood."""
        try:
            return parse_annotation(self.annotation_json, self.meta)
        except (BadAnnotation, BadBitmap) as error:
            raise UserError(f"{self.where}: {error}") from error


class LabelledImages(Protocol):
    """A collection of labelled images, read at random."""

    @property
    def meta(self) -> Meta: ...

    def __len__(self) -> int: ...

    def read(self, index: int) -> LabelledImage: ...

    def tags(self, index: int) -> Sequence[str]:
        """The names of an image's tags."""
        ...

    def select(self, rows: Sequence[int]) -> "LabelledImages":
        """Some of the images, in the given order."""
        ...


@dataclass(frozen=True, slots=True)
class ProjectFolder:
    """A plain project: meta.json, and in each dataset's folder img/ and ann/."""

    root: Path
    meta: Meta
    files: tuple[tuple[str, str], ...]
    """(dataset, image name), sorted."""

    def __len__(self) -> int:
        return len(self.files)

    def read(self, index: int) -> LabelledImage:
        dataset, name = self.files[index]
        folder = self.root / dataset
        return LabelledImage(dataset, name, (folder / "img" / name).read_bytes(), _annotation(folder, name), self.meta)

    def tags(self, index: int) -> Sequence[str]:
        return [tag.name for tag in self.read(index).annotation().tags]

    def select(self, rows: Sequence[int]) -> "ProjectFolder":
        return replace(self, files=tuple(self.files[row] for row in rows))


@dataclass(frozen=True, slots=True)
class ShardedImages:
    """Rows of a finished dataset."""

    source: ShardedDataset
    rows: Sequence[int]

    @property
    def meta(self) -> Meta:
        return self.source.meta

    def __len__(self) -> int:
        return len(self.rows)

    def read(self, index: int) -> LabelledImage:
        row = self.rows[index]
        dataset, name = (self.source.index[column][row].as_py() for column in ("dataset", "name"))
        try:
            stored = self.source.read(row)
        except (NotADataset, OSError) as error:
            raise UserError(f"{self.source.root}: {dataset}/{name} cannot be read: {error}") from error
        return LabelledImage(dataset, name, stored.image_bytes, json.loads(stored.annotation_bytes), self.meta)

    def tags(self, index: int) -> Sequence[str]:
        return self.source.index["tags"][self.rows[index]].as_py() or ()

    def select(self, rows: Sequence[int]) -> "ShardedImages":
        return replace(self, rows=[self.rows[row] for row in rows])


def open_images(location: str) -> LabelledImages:
    """The labelled images at `location`: a project folder, or a dataset written by `python -m pipelines run`.

    UserError says what was looked for where neither is there.
    """
    root = Path(location)
    if "://" not in location and not root.exists():
        raise UserError(
            f"{location}: no such folder; give a Supervisely project folder or a dataset of `python -m pipelines run`"
        )
    if is_project_folder(root):
        return open_project_folder(root)
    try:
        source = open_dataset(location)
    except NotADataset as error:
        raise UserError(
            f"{location} is neither a Supervisely project (a folder with {META} and <dataset>/img) "
            f"nor a finished dataset: {error}"
        ) from error
    return ShardedImages(source, range(len(source)))


def is_project_folder(root: Path) -> bool:
    """Whether `root` holds meta.json and at least one folder with an img folder in it."""
    return (root / META).is_file() and any(root.glob("*/img"))


def open_project_folder(root: Path) -> ProjectFolder:
    """The images of a plain project, sorted by dataset and name."""
    try:
        meta = read_meta(json.loads((root / META).read_text(encoding="utf-8")))
    except (OSError, json.JSONDecodeError, BadAnnotation) as error:
        raise UserError(f"{root / META}: {error}") from error
    images = [path for path in root.glob("*/img/*") if path.is_file() and not path.name.startswith(".")]
    if not images:
        raise UserError(f"{root}: a project without images; they belong in {root}/<dataset>/img")
    return ProjectFolder(root, meta, tuple(sorted((path.parts[-3], path.name) for path in images)))


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


def _annotation(folder: Path, name: str) -> dict[str, Any]:
    """The annotation of an image; older projects leave the image's extension out of the file name."""
    candidates = [folder / "ann" / f"{name}.json", folder / "ann" / f"{Path(name).stem}.json"]
    path = next((candidate for candidate in candidates if candidate.is_file()), None)
    if path is None:
        raise UserError(f"{folder / 'img' / name}: no annotation; looked for {candidates[0]}")
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise UserError(f"{path}, line {error.lineno}: not JSON: {error.msg}") from error
    if not isinstance(data, dict):
        raise UserError(f"{path}: an annotation is a JSON object, this one is {type(data).__name__}")
    return data
