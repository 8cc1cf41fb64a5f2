"""Benchmarks of pictures with mask pictures beside them: GrabCut, Berkeley, DAVIS."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.evaluation.benchmarks.base import SHOWN, BenchmarkFolder, registered, some
from model.projects.images import decode_image
from pipelines.clicks import OBJECT, VOID, Truth
from pipelines.errors import UserError
from pipelines.sources.base import BadItem, by_stem, require_size, size_of_picture

VOID_GREY = 128


def grey_truth(pixels: NDArray[np.uint8]) -> Truth:
    """(H, W) int8 of a mask (H, W, 3) uint8 RGB: -1 where its grey is 128, 1 where it is more, 0 where it is less."""
    # Blue is what the published readers take: the first channel in OpenCV's order.
    grey = pixels[..., 2]
    truth = np.where(grey > VOID_GREY, np.int8(OBJECT), np.int8(0))
    truth[grey == VOID_GREY] = VOID
    return truth


def merged_truth(pixels: NDArray[np.uint8]) -> Truth:
    """(H, W) int8 of a mask (H, W, 3) uint8 RGB: 1 where any channel is above 0, 0 elsewhere; nothing is void."""
    return np.where(pixels.max(axis=2) > 0, np.int8(OBJECT), np.int8(0))


@dataclass(frozen=True, slots=True)
class MaskLayout:
    """Where a benchmark of pictures and mask pictures keeps the two, and what its masks mean."""

    title: str
    images: str
    masks: str
    truth_of: Callable[[NDArray[np.uint8]], Truth]
    meaning: str
    """Which pixels of a mask are the object."""


GREY_MEANING = "above 128 is the object, 128 is void"
GRABCUT = MaskLayout("GrabCut", "data_GT", "boundary_GT", grey_truth, GREY_MEANING)
BERKELEY = MaskLayout("Berkeley", "images", "masks", grey_truth, GREY_MEANING)
DAVIS = MaskLayout("DAVIS", "img", "gt", merged_truth, "every pixel that is not black is the object")


@dataclass(frozen=True)
class MaskFolder(BenchmarkFolder):
    """Pictures in one folder, mask pictures of the same names in another; each mask is one object.

    Where an image has several objects, their masks are called `<image>#001.png`, `<image>#002.png`, …
    """

    root: Path
    layout: MaskLayout
    images: dict[str, str]
    """Name of each image → its file."""
    masks: dict[str, tuple[str, ...]]
    """Name of each image → the files of its masks."""

    @property
    def description(self) -> str:
        return f"{self.layout.title} folder {self.root}"

    def names(self, split: str | None = None) -> Sequence[str]:
        """Every image, sorted: these benchmarks have no lists."""
        if split not in (None, "all"):
            raise UserError(
                f"{self.root}: no split {split!r}; {self.layout.title} has no lists of images, leave it out"
            )
        return sorted(self.images)

    def image_path(self, name: str) -> Path:
        return self.root / self.layout.images / self.images[name]

    def truths(self, name: str) -> Iterator[tuple[str, Truth]]:
        """The objects of an image, numbered from 1 in the order of their masks' names."""
        for number, file in enumerate(self.masks[name], start=1):
            yield str(number), self.truth(file)

    def truth(self, file: str) -> Truth:
        """The mask in one file, (H, W) int8. UserError for a file that is no picture, or has no object."""
        path = self.root / self.layout.masks / file
        try:
            pixels = decode_image(path.read_bytes(), str(path))
        except OSError as error:
            raise UserError(f"{path}: {error.strerror}") from error
        truth = self.layout.truth_of(pixels)
        if not (truth == OBJECT).any():
            values = ", ".join(map(str, np.unique(pixels)[:SHOWN]))
            raise UserError(f"{path}: no pixel of an object, found the values {values}; {self.layout.meaning}")
        return truth


def open_mask_folder(root: Path, layout: MaskLayout) -> MaskFolder:
    """A folder whose images and masks belong together. All masks are read once, lest a long evaluation ends at the last."""
    images, masks = _pictures(root / layout.images), _pictures(root / layout.masks)
    if not images and not masks:
        raise UserError(
            f"{root}: no pictures in {layout.images} and {layout.masks}; "
            f"{layout.images} holds the images, {layout.masks} their masks under the same names"
        )
    owned: dict[str, tuple[str, ...]] = {}
    strangers = []
    for stem, file in sorted(masks.items()):
        name = stem if stem in images else stem.partition("#")[0]
        if name in images:
            owned[name] = (*owned.get(name, ()), file)
        else:
            strangers.append(file)
    folder = MaskFolder(root, layout, images, owned)
    problems = []
    if bare := [file for name, file in sorted(images.items()) if name not in owned]:
        problems.append(f"{root}: no mask in {layout.masks} for {some(bare)} of {layout.images}")
    if strangers:
        problems.append(f"{root}: no image in {layout.images} for {some(strangers)} of {layout.masks}")
    problems += [problem for name in sorted(owned) for problem in _problems_of(folder, name)]
    if problems:
        advice = f"each image needs a mask of its name and size; in a mask of {layout.title} {layout.meaning}"
        raise UserError("\n".join([*problems, advice]))
    return folder


def _problems_of(folder: MaskFolder, name: str) -> Iterator[str]:
    """What is wrong with the masks of an image."""
    try:
        size = size_of_picture(str(folder.image_path(name)))
    except BadItem as error:
        yield str(error)
        return
    for file in folder.masks[name]:
        try:
            height, width = folder.truth(file).shape
            require_size((height, width), size)
        except UserError as error:
            yield str(error)
        except BadItem as error:
            yield f"{folder.root / folder.layout.masks / file}: {error}"


def _pictures(folder: Path) -> dict[str, str]:
    """The picture files of a folder by their names without extension."""
    return by_stem([path.name for path in folder.iterdir() if not path.name.startswith(".")])


@registered("grabcut", GRABCUT.title, GRABCUT.images, GRABCUT.masks)
def _open_grabcut(root: Path) -> MaskFolder:
    return open_mask_folder(root, GRABCUT)


@registered("berkeley", BERKELEY.title, BERKELEY.images, BERKELEY.masks)
def _open_berkeley(root: Path) -> MaskFolder:
    return open_mask_folder(root, BERKELEY)


@registered("davis", DAVIS.title, DAVIS.images, DAVIS.masks)
def _open_davis(root: Path) -> MaskFolder:
    return open_mask_folder(root, DAVIS)
