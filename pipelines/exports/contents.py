"""What is exported: a finished dataset's samples, dataset by dataset, each with its annotation read when it is wanted."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from operator import attrgetter

import numpy as np

from pipelines.annotation import Annotation
from pipelines.errors import UserError
from pipelines.formats.licences import NOT_STATED, SEPARATOR
from pipelines.formats.shards import ShardedDataset, pictures
from pipelines.formats.supervisely import parse_annotation
from pipelines.image import Size
from pipelines.meta import Meta

PICTURE_FOLDERS = ("visualize", "masks_machine", "masks_human")
"""The folders of pictures beside images and annotations; the settings of `save` and `save_masks` that ask for them say so."""

_COLUMNS = ("dataset", "name", "source", "height", "width")
_ROWS_AT_ONCE = 1024


@dataclass(frozen=True, slots=True)
class Stored:
    """One sample as the dataset has it; `size` is (height, width), `project` the one that its image comes from."""

    dataset: str
    name: str
    project: str
    size: Size
    image: bytes
    annotation: bytes

    def read(self, meta: Meta) -> Annotation:
        """What the annotation says. Raises `UserError`."""
        try:
            return parse_annotation(json.loads(self.annotation), meta)
        except (ValueError, TypeError, IndexError, KeyError) as error:
            raise UserError(
                f"the annotation of {self.dataset}/{self.name} cannot be read: {error}; "
                "is a shard damaged? Copy the dataset again, or run the graph again"
            ) from None


@dataclass
class Contents:
    """`progress` is given all samples on their way out, to show how many have come by."""

    stored: ShardedDataset
    progress: Callable[[Iterable[Stored]], Iterable[Stored]] = iter

    @property
    def name(self) -> str:
        return str(self.stored.manifest["dataset"])

    @property
    def meta(self) -> Meta:
        return self.stored.meta

    @cached_property
    def datasets(self) -> list[str]:
        """The names of the datasets of the result, sorted."""
        return sorted(self.stored.index["dataset"].unique().to_pylist())

    @cached_property
    def licences(self) -> dict[str, str]:
        """By project what is known of its images' licences; a project of which nothing is known is not listed."""
        return {
            project: SEPARATOR.join(texts) for project, texts in self.stored.licences.items() if texts != (NOT_STATED,)
        }

    def by_dataset(self) -> Iterator[tuple[str, Iterator[Stored]]]:
        """Every dataset with its samples; each dataset's are to be taken before the next one is asked for."""
        yield from groupby(self.progress(self._samples()), key=attrgetter("dataset"))

    def _samples(self) -> Iterator[Stored]:
        """Every sample: the datasets in the order of their names, in each the order of the shards."""
        index = self.stored.index.select(_COLUMNS)
        places = {name: place for place, name in enumerate(self.datasets)}
        order = np.argsort([places[name] for name in index["dataset"].to_pylist()], kind="stable")
        for start in range(0, len(order), _ROWS_AT_ONCE):
            numbers = order[start : start + _ROWS_AT_ONCE]
            for number, row in zip(numbers.tolist(), index.take(numbers).to_pylist(), strict=True):
                files = self.stored.read(number)
                yield Stored(
                    row["dataset"],
                    row["name"],
                    row["source"].partition("/")[0],
                    (row["height"], row["width"]),
                    files.image_bytes,
                    files.annotation_bytes,
                )

    def pictures(self) -> Iterator[tuple[str, str, str, bytes]]:
        """What a layer saved beside images and annotations: dataset, folder, file name and content of each picture."""
        return pictures(self.stored)

    @property
    def picture_folders(self) -> list[str]:
        """The folders of the pictures that the saving layer made, one a sample in each."""
        settings = [layer["settings"] for layer in self.stored.manifest.get("graph", ())]
        return [folder for folder in PICTURE_FOLDERS if any(own.get(folder) for own in settings)]
