"""The objects of a Pascal VOC folder: one mask for each palette index, void left out of every count."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.evaluation.benchmarks.base import BenchmarkFolder, registered
from pipelines.clicks import OBJECT, VOID, Truth
from pipelines.errors import UserError
from pipelines.formats.label_images import read_indices

VOID_INDEX = 255
DEFAULT_SPLITS = ("trainval", "val", "train")
"""Which list of images is taken when none is named: the first one there is."""


@registered("voc", "VOC", "JPEGImages", "SegmentationObject")
@dataclass(frozen=True)
class VocFolder(BenchmarkFolder):
    """A folder with JPEGImages, SegmentationObject and ImageSets/Segmentation."""

    root: Path

    @property
    def description(self) -> str:
        return f"VOC folder {self.root}"

    def splits(self) -> list[str]:
        """The names of the lists in ImageSets/Segmentation."""
        return sorted(path.stem for path in (self.root / "ImageSets" / "Segmentation").glob("*.txt"))

    def names(self, split: str | None = None) -> list[str]:
        """The image names of a list, in its order; `all` gives every image that has masks."""
        if split == "all":
            return sorted(path.stem for path in (self.root / "SegmentationObject").glob("*.png"))
        known = self.splits()
        chosen = split or next((name for name in DEFAULT_SPLITS if name in known), None)
        if chosen not in known:
            wanted = f"split {split!r}" if split else "a list of images"
            raise UserError(
                f"{self.root}: no {wanted} in ImageSets/Segmentation; there "
                f"{'are ' + ', '.join(known) if known else 'is no list at all'}; `all` takes every image with masks"
            )
        return (self.root / "ImageSets" / "Segmentation" / f"{chosen}.txt").read_text().split()

    def image_path(self, name: str) -> Path:
        return self.root / "JPEGImages" / f"{name}.jpg"

    def truths(self, name: str) -> Iterator[tuple[str, Truth]]:
        """The objects of an image by ascending index: (index, (H, W) int8 with 1 object, 0 background, -1 void)."""
        indices = self.indices(name)
        for index in np.unique(indices):
            if index not in (0, VOID_INDEX):
                yield str(index), object_truth(indices, int(index))

    def indices(self, name: str) -> NDArray[np.uint8]:
        """Palette indices of the image's object mask, (H, W) uint8."""
        path = self.root / "SegmentationObject" / f"{name}.png"
        try:
            return read_indices(path.read_bytes()).astype(np.uint8)
        except (OSError, ValueError) as error:
            raise UserError(f"{path}: {error}") from error


def object_truth(indices: NDArray[np.uint8], index: int) -> Truth:
    """The mask of one object: (H, W) int8, 1 where `indices` is `index`, -1 at void, 0 elsewhere."""
    truth = np.where(indices == index, np.int8(OBJECT), np.int8(0))
    truth[indices == VOID_INDEX] = VOID
    return truth
