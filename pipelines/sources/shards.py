"""Our own datasets as input: the shards are read in place, each file by its byte range."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from pipelines.annotation import Annotation
from pipelines.formats import storage
from pipelines.formats.licences import NOT_STATED, different
from pipelines.formats.shards import MANIFEST, NotADataset, open_dataset
from pipelines.sources.base import Item, Project, SourceError, registered, size_of_picture
from pipelines.sources.supervisely import read_annotation, read_object


@registered
@dataclass(frozen=True)
class Shards(Project):
    layout: ClassVar[str] = "shards"
    title: ClassVar[str] = "a dataset of an earlier run"
    recognised_by: ClassVar[str] = "manifest.json of an earlier run"
    datasets_are: ClassVar[str] = "as written"
    objects_are: ClassVar[str] = "as written; read in place"
    splits_are_tags: ClassVar[bool] = True

    @classmethod
    def matches(cls, location: str) -> bool:
        return storage.exists(storage.join(location, MANIFEST))

    @classmethod
    def open(cls, name: str, location: str) -> Self:
        try:
            dataset = open_dataset(location)
        except NotADataset as error:
            raise SourceError(str(error)) from None
        return cls(name, dataset.root, dataset.meta, tuple(sorted(set(dataset.index["dataset"].to_pylist()))))

    def items(self, dataset: str) -> Iterator[Item]:
        import pyarrow.compute as pc  # not every installation has Arrow

        stored = open_dataset(self.location)
        rows = stored.index.filter(pc.equal(stored.index["dataset"], dataset)).sort_by("name")
        for row in rows.to_pylist():
            shard = storage.join(self.location, stored.manifest["shards"][row["shard"]]["file"])
            image = storage.byte_range(shard, row["offset"], row["image_length"])
            yield Item(
                row["name"], image, (storage.byte_range(shard, row["annotation_offset"], row["annotation_length"]),)
            )

    def read(self, item: Item) -> Annotation:
        return read_annotation(item.labels[0], self, size_of_picture(item.image))

    def tags(self, dataset: str) -> Mapping[str, tuple[str, ...]]:
        import pyarrow.compute as pc

        index = open_dataset(self.location).index
        rows = index.filter(pc.equal(index["dataset"], dataset))
        return {
            name: tuple(tags or ())
            for name, tags in zip(rows["name"].to_pylist(), rows["tags"].to_pylist(), strict=True)
        }

    def written(self, item: Item) -> dict[str, Any] | None:
        return read_object(item.labels[0])

    def licences(self, datasets: Iterable[str]) -> tuple[str, ...]:
        """Those of all projects that the dataset was made of, with `NOT_STATED` where only some of them have one."""
        found = different(text for texts in open_dataset(self.location).licences.values() for text in texts)
        return () if found == (NOT_STATED,) else found
