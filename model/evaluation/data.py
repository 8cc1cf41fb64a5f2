"""Objects to evaluate on: images with the masks of their objects, from benchmarks, labelled images and finished datasets."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from model.evaluation.benchmarks import BENCHMARKS, BenchmarkFolder
from model.projects.images import LabelledImage, LabelledImages, decode_image, of_split, open_images
from model.settings.classes import DatasetTags, SpecialClasses
from pipelines.clicks import OBJECT, VOID, Truth
from pipelines.errors import UserError
from pipelines.figures import Figure
from pipelines.meta import nearest
from pipelines.sources import LAYOUTS, layout_words

Objects = Literal["merged", "separate"]
"""Whether all figures of the foreground class in an image are one object, or each figure is one."""

LABELLED = tuple(word for word in layout_words() if LAYOUTS[word].has_labels)
KINDS = tuple(dict.fromkeys([*BENCHMARKS, *LABELLED]))
"""The kinds of data that may be named before a folder."""

FORMS = (
    "a benchmark's folder ("
    + ", ".join(f"{word}:DIR" for word in BENCHMARKS)
    + ") or labelled images of any layout that graphs read ("
    + ", ".join(f"{word}:DIR" for word in LABELLED if word not in BENCHMARKS)
    + "), a dataset of `python -m pipelines run` among them; the kind is found out where it is not given"
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

    split: of a VOC or SBD folder the name of a list of images; of labelled images the dataset, by default those called
    `val…`; of a Supervisely project or a dataset of `run` the image tag to keep, by default that of validation where any
    image has it; `all` keeps everything.
    objects: by default `merged` for datasets of `run` (as in training), `separate` for all other labelled images; what is an
    object in VOC and in the other benchmarks, they say themselves.
    """
    kind, path = _kind_of(location)
    if kind in BENCHMARKS:
        folder = BENCHMARKS[kind].open(Path(path))
        return BenchmarkObjects(folder, tuple(folder.names(split)))
    images = open_images(f"{kind}:{path}" if kind else location)
    chosen = of_split(images, split, (tags or DatasetTags()).val)
    default: Objects = "merged" if images.project.layout == "shards" else "separate"
    return FigureObjects(chosen, classes or SpecialClasses(), objects or default, path)


def _kind_of(location: str) -> tuple[str, str]:
    """The kind of data and its place; "" for labelled images whose layout is to be found out."""
    prefix, colon, rest = location.partition(":")
    if colon and prefix in KINDS:
        return prefix, rest
    root = Path(location)
    if "://" in location:
        return "", location
    if colon and not root.exists():
        raise UserError(f"data {location!r}: unknown form {prefix!r}{nearest(prefix, KINDS)}; give {FORMS}")
    if not root.is_dir():
        raise UserError(f"data {location}: no such folder; give {FORMS}")
    fitting = [word for word, benchmark in BENCHMARKS.items() if benchmark.fits(root)]
    fitting += [word for word in LABELLED if fitting and word not in fitting and LAYOUTS[word].matches(location)]
    if len(fitting) > 1:
        raise UserError(
            f"data {location}: fits {' and '.join(fitting)}, which read it differently; "
            f"give {' or '.join(f'{kind}:{location}' for kind in fitting)}"
        )
    return (fitting[0] if fitting else ""), location


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
        unlabelled = self.images.project.unlabelled
        painted = [figure for figure in annotation.figures if figure.title != unlabelled]
        objects = [figure for figure in painted if self._is_object(figure.title)]
        chosen = {self.classes.foreground: objects}
        if self.objects == "separate":
            chosen = {f"{figure.title} {number}": [figure] for number, figure in enumerate(objects, start=1)}
        for name, figures in chosen.items():
            truth = painted_truth(painted, figures, self.classes, annotation.size)
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
