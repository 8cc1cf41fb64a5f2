"""The folders that published benchmarks come in: what each offers, and how it is recognised."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pipelines.clicks import Truth
from pipelines.errors import UserError

SHOWN = 5
"""So many names of a kind are listed in a message."""


class BenchmarkFolder(ABC):
    """Images by name and the masks of their objects."""

    @property
    @abstractmethod
    def description(self) -> str: ...

    @abstractmethod
    def names(self, split: str | None = None) -> Sequence[str]:
        """The images of a list, in its order; `all` gives every image. UserError for a list that is not there."""

    @abstractmethod
    def image_path(self, name: str) -> Path: ...

    @abstractmethod
    def truths(self, name: str) -> Iterator[tuple[str, Truth]]:
        """The objects of an image: (name of the object, (H, W) int8 with 1 object, 0 background, -1 void)."""


@dataclass(frozen=True)
class Benchmark:
    """One kind of benchmark."""

    word: str
    """What is written before a folder: `word:DIR`."""
    title: str
    recognised_by: tuple[str, ...]
    """The folders that it has, images first."""
    opened: Callable[[Path], BenchmarkFolder]

    def fits(self, root: Path) -> bool:
        """Whether a folder has all that this benchmark has."""
        return all((root / name).is_dir() for name in self.recognised_by)

    def open(self, root: Path) -> BenchmarkFolder:
        """The benchmark in a folder. UserError with all that is missing or does not fit."""
        missing = [name for name in self.recognised_by if not (root / name).is_dir()]
        if missing:
            found = sorted(path.name for path in root.iterdir())[:SHOWN] if root.is_dir() else []
            raise UserError(
                f"{root} is not a {self.title} folder: {' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing, "
                f"found in it: {', '.join(found) or 'nothing'}; give the folder that holds {' and '.join(self.recognised_by)}"
            )
        return self.opened(root)


BENCHMARKS: dict[str, Benchmark] = {}
"""All benchmarks by their words; each registers itself."""

Opened = TypeVar("Opened", bound=Callable[[Path], BenchmarkFolder])


def registered(word: str, title: str, *recognised_by: str) -> Callable[[Opened], Opened]:
    """Make a benchmark known, opened by what is decorated. Raises `ValueError` for a word that is taken."""
    if word in BENCHMARKS:
        raise ValueError(f"the benchmark {word!r} is there already: {BENCHMARKS[word].title}")

    def known(opened: Opened) -> Opened:
        BENCHMARKS[word] = Benchmark(word, title, recognised_by, opened)
        return opened

    return known


def some(names: Sequence[str]) -> str:
    """Some names, and how many more there are."""
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
