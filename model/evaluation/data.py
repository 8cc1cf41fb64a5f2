"""Objects to evaluate on: images with the masks of their objects, from benchmarks, labelled images and finished datasets."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from model.evaluation.benchmark_folders import FOLDERS, BenchmarkFolder, open_benchmark
from model.evaluation.voc import VocFolder
from model.projects.labelled import (
    LabelledImages,
    decode_image,
    is_project_folder,
    open_images,
    open_project_folder,
)
from model.projects.sources import LAYOUTS, open_source_images
from model.settings.classes import DatasetTags, SpecialClasses
from pipelines.annotation import Annotation
from pipelines.clicks import OBJECT, VOID, Truth
from pipelines.errors import UserError
from pipelines.figures import Figure
from pipelines.formats.shards import MANIFEST
from pipelines.meta import Meta, nearest
from pipelines.sources import LAYOUTS as SOURCES

Objects = Literal["merged", "separate"]
"""Whether all figures of the foreground class in an image are one object, or each figure is one."""

KINDS = ("voc", "supervisely", *FOLDERS, *LAYOUTS)
"""The kinds of data that may be named before a folder."""

FORMS = (
    "a dataset of `python -m pipelines run`, a Supervisely project folder (supervisely:DIR), a VOC folder (voc:DIR), "
    "the folder of a benchmark (grabcut:DIR, berkeley:DIR, davis:DIR, sbd:DIR), "
    "or labelled images as graphs read them (coco:DIR, mapillary:DIR, masks:DIR)"
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

    split: of a VOC or SBD folder the name of a list of images; of labelled images as graphs read them the dataset, by
    default those called `val…`; of a dataset or project the image tag to keep, by default that of validation where any
    image has it; `all` keeps everything.
    objects: by default `merged` for datasets (as in training), `separate` for projects and labelled images; what is an
    object in VOC and in the other benchmarks, they say themselves.
    """
    kind, path = _kind_of(location)
    if kind == "voc" or kind in FOLDERS:
        benchmark = VocFolder(Path(path)) if kind == "voc" else open_benchmark(kind, Path(path))
        return BenchmarkObjects(benchmark, tuple(benchmark.names(split)))
    classes = classes or SpecialClasses()
    if kind in LAYOUTS:
        return FigureObjects(open_source_images(kind, path, split), classes, objects or "separate", path)
    val = (tags or DatasetTags()).val
    if kind == "supervisely":
        return FigureObjects(
            _with_tag(open_project_folder(Path(path)), split, val, path), classes, objects or "separate", path
        )
    return FigureObjects(_with_tag(open_images(path), split, val, path), classes, objects or "merged", path)


def _kind_of(location: str) -> tuple[str, str]:
    prefix, colon, rest = location.partition(":")
    if colon and prefix in KINDS:
        return prefix, rest
    root = Path(location)
    if "://" in location:
        return "dataset", location
    if colon and not root.exists():
        raise UserError(f"data {location!r}: unknown form {prefix!r}{nearest(prefix, KINDS)}; give {FORMS}")
    if not root.is_dir():
        raise UserError(f"data {location}: no such folder; give {FORMS}")
    if (root / "SegmentationObject").is_dir():
        return "voc", location
    if is_project_folder(root):
        return "supervisely", location
    if (root / MANIFEST).is_file():
        return "dataset", location
    fitting = [kind for kind, folders in FOLDERS.items() if all((root / folder).is_dir() for folder in folders)]
    fitting += [kind for kind in LAYOUTS if SOURCES[kind].matches(location)]
    if len(fitting) > 1:
        raise UserError(
            f"data {location}: fits {' and '.join(fitting)}, which read it differently; "
            f"give {' or '.join(f'{kind}:{location}' for kind in fitting)}"
        )
    return (fitting[0] if fitting else "dataset"), location


@dataclass(frozen=True, slots=True)
class BenchmarkObjects:
    """The objects of some images of a benchmark's folder, in the benchmark's order."""

    folder: BenchmarkFolder
    names: tuple[str, ...]

    @property
    def description(self) -> str:
        return self.folder.description

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[EvaluationImage]:
        for name in self.names:
            path = self.folder.image_path(name)
            try:
                pixels = decode_image(path.read_bytes(), str(path))
            except OSError as error:
                raise UserError(f"{path}: {error.strerror}; {self.folder.description} lists it") from error
            objects = tuple(self.folder.truths(name))
            (height, width), sizes = pixels.shape[:2], {truth.shape for _, truth in objects}
            if sizes - {(height, width)}:
                found = ", ".join(f"{columns}x{rows}" for rows, columns in sorted(sizes))
                raise UserError(
                    f"{path}: the masks are {found} (width x height), the image is {width}x{height}; "
                    "they must have the same size"
                )
            yield EvaluationImage(name, pixels, objects)


class AnnotatedImage(Protocol):
    """One image and its figures."""

    @property
    def where(self) -> str: ...

    def pixels(self) -> NDArray[np.uint8]: ...

    def annotation(self) -> Annotation: ...


class AnnotatedImages(Protocol):
    """What `FigureObjects` asks of a collection of images; `LabelledImages` is one."""

    @property
    def meta(self) -> Meta: ...

    def __len__(self) -> int: ...

    def read(self, index: int) -> AnnotatedImage: ...


@dataclass(frozen=True, slots=True)
class FigureObjects:
    """The figures of labelled images as objects; what is painted in the neutral class is void."""

    images: AnnotatedImages
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

    def _objects_of(self, image: AnnotatedImage) -> Iterator[tuple[str, Truth]]:
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
