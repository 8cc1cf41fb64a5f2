"""The folders that published benchmarks of interactive segmentation come in: GrabCut, Berkeley, DAVIS and SBD."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.io import loadmat

from model.projects.labelled import decode_image
from pipelines.clicks import OBJECT, VOID, Truth
from pipelines.errors import UserError
from pipelines.sources.base import BadItem, by_stem, require_size, size_of_picture

VOID_GREY = 128
SBD_SPLIT = "val"
SHOWN = 5
"""So many names of a kind are listed in a message."""


class BenchmarkFolder(Protocol):
    """Images by name and the masks of their objects."""

    @property
    def description(self) -> str: ...

    def names(self, split: str | None = None) -> Sequence[str]:
        """The images of a list, in its order; `all` gives every image. UserError for a list that is not there."""
        ...

    def image_path(self, name: str) -> Path: ...

    def truths(self, name: str) -> Iterator[tuple[str, Truth]]:
        """The objects of an image: (name of the object, (H, W) int8 with 1 object, 0 background, -1 void)."""
        ...


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
MASK_LAYOUTS = {
    "grabcut": MaskLayout("GrabCut", "data_GT", "boundary_GT", grey_truth, GREY_MEANING),
    "berkeley": MaskLayout("Berkeley", "images", "masks", grey_truth, GREY_MEANING),
    "davis": MaskLayout("DAVIS", "img", "gt", merged_truth, "every pixel that is not black is the object"),
}
FOLDERS = {kind: (layout.images, layout.masks) for kind, layout in MASK_LAYOUTS.items()} | {"sbd": ("img", "inst")}
"""The folders by which each kind of benchmark is recognised: images, then masks."""


def open_benchmark(kind: str, root: Path) -> BenchmarkFolder:
    """The benchmark at `root`; `kind` is a key of `FOLDERS`. UserError with all that is missing or does not fit."""
    missing = [name for name in FOLDERS[kind] if not (root / name).is_dir()]
    if missing:
        title = MASK_LAYOUTS[kind].title if kind in MASK_LAYOUTS else "SBD"
        found = sorted(path.name for path in root.iterdir())[:SHOWN] if root.is_dir() else []
        raise UserError(
            f"{root} is not a {title} folder: {' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing, "
            f"found in it: {', '.join(found) or 'nothing'}; give the folder that holds {' and '.join(FOLDERS[kind])}"
        )
    return open_mask_folder(root, MASK_LAYOUTS[kind]) if kind in MASK_LAYOUTS else SbdFolder(root)


@dataclass(frozen=True, slots=True)
class MaskFolder:
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
        problems.append(f"{root}: no mask in {layout.masks} for {_listed(bare)} of {layout.images}")
    if strangers:
        problems.append(f"{root}: no image in {layout.images} for {_listed(strangers)} of {layout.masks}")
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


@dataclass(frozen=True, slots=True)
class SbdFolder:
    """The Semantic Boundaries Dataset: `img/<name>.jpg`, `inst/<name>.mat`, and lists of names beside them."""

    root: Path

    @property
    def description(self) -> str:
        return f"SBD folder {self.root}"

    def splits(self) -> list[str]:
        """The names of the lists of images."""
        return sorted(path.stem for path in self.root.glob("*.txt"))

    def names(self, split: str | None = None) -> Sequence[str]:
        """The images of a list, by default `val`, in its order. UserError for files that are listed and not there."""
        known, chosen = self.splits(), split or SBD_SPLIT
        if chosen == "all":
            names = sorted(path.stem for path in (self.root / "inst").glob("*.mat"))
        elif chosen in known:
            names = (self.root / f"{chosen}.txt").read_text(encoding="utf-8").split()
        else:
            raise UserError(
                f"{self.root}: no split {chosen!r}, which would be {chosen}.txt; there "
                f"{'are ' + ', '.join(known) if known else 'is no list at all'}; `all` takes every image with objects"
            )
        if not names:
            raise UserError(f"{self.root}: no image in the split {chosen!r}; --split names another list, or `all`")
        paths = {path: path.is_file() for name in names for path in (self.image_path(name), self._objects_path(name))}
        if missing := [str(path.relative_to(self.root)) for path, is_there in paths.items() if not is_there]:
            raise UserError(
                f"{self.root}: the split {chosen!r} lists {len(names)} images, of which {_listed(missing)} "
                f"{'is' if len(missing) == 1 else 'are'} not there; every image needs img/<name>.jpg and inst/<name>.mat"
            )
        return names

    def image_path(self, name: str) -> Path:
        return self.root / "img" / f"{name}.jpg"

    def truths(self, name: str) -> Iterator[tuple[str, Truth]]:
        """The objects of an image by ascending number; nothing is void."""
        numbers = self._numbers(name)
        for number in np.unique(numbers[numbers > 0]):
            yield str(number), np.where(numbers == number, np.int8(OBJECT), np.int8(0))

    def _numbers(self, name: str) -> NDArray[np.integer]:
        """(H, W) integers, the number of the object at each pixel, 0 for none."""
        path = self._objects_path(name)
        try:
            numbers = np.asarray(loadmat(path)["GTinst"][0][0][0])
        # Damaged files raise whatever the reader stumbles over.
        except Exception as error:
            raise UserError(
                f"{path}: no GTinst with the numbers of the objects can be read ({type(error).__name__}: {error}); "
                "take the file from the published archive again"
            ) from error
        if numbers.ndim != 2 or not np.issubdtype(numbers.dtype, np.integer):
            raise UserError(
                f"{path}: GTinst begins with {numbers.dtype} of shape {numbers.shape}; "
                "whole numbers are expected, (height, width)"
            )
        return numbers

    def _objects_path(self, name: str) -> Path:
        return self.root / "inst" / f"{name}.mat"


def _listed(names: Sequence[str]) -> str:
    """Some names, and how many more there are."""
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
