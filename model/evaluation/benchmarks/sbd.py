"""The Semantic Boundaries Dataset: pictures, and MATLAB files with the number of the object at each pixel."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.io import loadmat

from model.evaluation.benchmarks.base import BenchmarkFolder, registered, some
from pipelines.clicks import OBJECT, Truth
from pipelines.errors import UserError

SBD_SPLIT = "val"


@registered("sbd", "SBD", "img", "inst")
@dataclass(frozen=True)
class SbdFolder(BenchmarkFolder):
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
                f"{self.root}: the split {chosen!r} lists {len(names)} images, of which {some(missing)} "
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
