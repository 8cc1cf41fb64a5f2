"""Where a sample comes from, and which images a layer reads."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from pathlib import PurePosixPath

KEY_BYTES = 16


@dataclass(frozen=True, slots=True)
class Origin:
    """The labelled image a sample comes from, by names that do not depend on where the data is stored.

    `name_is_free` says that no other image of the run could claim the same output name.
    """

    project: str
    dataset: str
    file: str
    name_is_free: bool = True

    @property
    def stem(self) -> str:
        """The file name without its last extension."""
        return PurePosixPath(self.file).stem

    @property
    def extension(self) -> str:
        """The last extension with its dot, as written."""
        return PurePosixPath(self.file).suffix

    def __str__(self) -> str:
        return f"{self.project}/{self.dataset}/{self.file}"

    def key(self) -> bytes:
        """The key of the sample that this image starts as."""
        return blake2b(str(self).encode(), digest_size=KEY_BYTES).digest()


@dataclass(frozen=True, slots=True)
class Selection:
    """What a `data` layer reads: a project and its datasets (`None` for all)."""

    project: str
    datasets: frozenset[str] | None

    def takes(self, origin: Origin) -> bool:
        return origin.project == self.project and (self.datasets is None or origin.dataset in self.datasets)
