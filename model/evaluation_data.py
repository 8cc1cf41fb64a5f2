"""Objects to evaluate on: images with the masks of their objects, from VOC folders, projects and finished datasets."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from model.config import DatasetTags, SpecialClasses
from model.errors import UserError
from model.labelled_images import (
    LabelledImage,
    LabelledImages,
    decode_image,
    is_project_folder,
    open_images,
    open_project_folder,
)
from model.voc import VocFolder
from pipelines.clicks import OBJECT, VOID, Truth
from pipelines.figures import Figure

Objects = Literal["merged", "separate"]
"""Whether all figures of the foreground class in an image are one object, or each figure is one."""

FORMS = (
    "a dataset of `python -m pipelines run`, a Supervisely project folder (supervisely:DIR), or a VOC folder (voc:DIR)"
)


@dataclass(frozen=True, slots=True)
class EvaluationImage:
    """An image and the objects in it."""

    name: str
    pixels: NDArray[np.uint8]
    """(H, W, 3) uint8 RGB."""
    objects: tuple[tuple[str, Truth], ...]
    """(name of the object in the image, its mask (H, W) int8 with 1 object, 0 background, -1 void)."""


class EvaluationImages(Protocol):
    """What is evaluated: `len` images, each with any number of objects."""

    @property
    def description(self) -> str: ...

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[EvaluationImage]: ...


def open_evaluation(
    location: str,
    split: str | None = None,
    objects: Objects | None = None,
    classes: SpecialClasses | None = None,
    tags: DatasetTags | None = None,
) -> EvaluationImages:
    """What to evaluate on at `location`, see `FORMS`.

    split: of a VOC folder the name of a list of images; of a dataset or project the image tag to keep, by default that
    of validation where any image has it; `all` keeps everything.
    objects: by default `merged` for datasets (as in training), `separate` for projects; VOC's are always separate.
    """
    kind, path = _kind_of(location)
    if kind == "voc":
        folder = VocFolder(Path(path))
        return VocObjects(folder, tuple(folder.names(split)))
    classes = classes or SpecialClasses()
    val = (tags or DatasetTags()).val
    if kind == "supervisely":
        return FigureObjects(
            _with_tag(open_project_folder(Path(path)), split, val, path), classes, objects or "separate", path
        )
    return FigureObjects(_with_tag(open_images(path), split, val, path), classes, objects or "merged", path)


def _kind_of(location: str) -> tuple[str, str]:
    prefix, colon, rest = location.partition(":")
    if colon and prefix in ("voc", "supervisely"):
        return prefix, rest
    root = Path(location)
    if "://" in location:
        return "dataset", location
    if colon and not root.exists():
        raise UserError(f"data {location!r}: unknown form {prefix!r}; give {FORMS}")
    if not root.is_dir():
        raise UserError(f"data {location}: no such folder; give {FORMS}")
    if (root / "SegmentationObject").is_dir():
        return "voc", location
    return ("supervisely" if is_project_folder(root) else "dataset"), location


@dataclass(frozen=True, slots=True)
class VocObjects:
    """The objects of some images of a VOC folder, in the order of the list and of their indices."""

    folder: VocFolder
    names: tuple[str, ...]

    @property
    def description(self) -> str:
        return f"VOC folder {self.folder.root}"

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[EvaluationImage]:
        for name in self.names:
            path = self.folder.image_path(name)
            try:
                data = path.read_bytes()
            except OSError as error:
                raise UserError(f"{path}: {error.strerror}; it is listed in ImageSets/Segmentation") from error
            objects = tuple((str(index), truth) for index, truth in self.folder.truths(name))
            yield EvaluationImage(name, decode_image(data, str(path)), objects)


@dataclass(frozen=True, slots=True)
class FigureObjects:
    """The figures of labelled images as objects; what is painted in the neutral class is void."""

    images: LabelledImages
    classes: SpecialClasses
    objects: Objects
    location: str

    @property
    def description(self) -> str:
        return f"{self.location}, objects {self.objects}"

    def __len__(self) -> int:
        return len(self.images)

    def __iter__(self) -> Iterator[EvaluationImage]:
        for index in range(len(self.images)):
            image = self.images.read(index)
            yield EvaluationImage(image.where, image.pixels(), tuple(self._objects_of(image)))

    def _objects_of(self, image: LabelledImage) -> Iterator[tuple[str, Truth]]:
        annotation = image.annotation()
        objects = [figure for figure in annotation.figures if self._is_object(figure.title)]
        chosen = {self.classes.foreground: objects}
        if self.objects == "separate":
            chosen = {f"{figure.title} {number}": [figure] for number, figure in enumerate(objects, start=1)}
        for name, figures in chosen.items():
            truth = painted_truth(annotation.figures, figures, self.classes, annotation.size)
            if (truth == OBJECT).any():
                yield name, truth

    def _is_object(self, title: str) -> bool:
        """The foreground class; in a project without one, every class that means nothing else."""
        if self.objects == "merged" or self.classes.foreground in self.images.meta.titles:
            return title == self.classes.foreground
        return title not in (self.classes.background, self.classes.neutral, self.classes.pos, self.classes.neg)


def painted_truth(
    figures: Iterable[Figure], objects: Iterable[Figure], classes: SpecialClasses, size_hw: tuple[int, int]
) -> Truth:
    """(H, W) int8: 1 where one of `objects` lies, -1 where the neutral class does, 0 elsewhere.

    Figures are painted in their order, later ones over earlier ones, as for training; other classes paint nothing.
    """
    chosen = {id(figure) for figure in objects}
    values = {classes.background: 0, classes.neutral: VOID}
    # OpenCV fills polygons in unsigned arrays only; -1 is 255 there.
    canvas = np.zeros(size_hw, np.uint8)
    for figure in figures:
        value = OBJECT if id(figure) in chosen else values.get(figure.title)
        if value is not None:
            figure.shape.draw(canvas, value % 256)
    return canvas.view(np.int8)


def _with_tag(images: LabelledImages, split: str | None, val: str, location: str) -> LabelledImages:
    """The images with the tag `split`, or with `val` where any has it and nothing is asked for."""
    if split == "all":
        return images
    tags = [images.tags(index) for index in range(len(images))]
    wanted = split or val
    rows = [index for index, names in enumerate(tags) if wanted in names]
    if rows:
        return images.select(rows)
    if split is None:
        return images
    known = sorted({name for names in tags for name in names})
    raise UserError(
        f"{location}: no image with the tag {split!r}; "
        f"{'tags are ' + ', '.join(known) if known else 'no image has any tag'}; `all` takes every image"
    )
