"""The form that datasets are saved in: tar shards, and an index over all of them that joins each shard's rows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.execute.writer import Files, Shard, Target
from pipelines.formats import storage
from pipelines.formats.index import INDEX_SCHEMA, read_parquet
from pipelines.formats.shards import INDEX, TarWriter, shard_name
from pipelines.formats.supervisely import annotation_json
from pipelines.sample import Sample

_COMPACT = (",", ":")


class TarShards:
    """Writes shards as tars, beside each the rows of the index; see `Writer`."""

    def __init__(self, target: Target) -> None:
        self._target = target

    def open_shard(self, number: int) -> None:
        self._rows: list[dict[str, Any]] = []
        name = shard_name(self._target.dataset, number, self._target.shards)
        self._shard = Shard(number, name, "", 0, 0, uuid4().hex)
        self._open = ExitStack()
        self._tar = TarWriter(self._open.enter_context(storage.writing(self._target.part(_tar_part(self._shard)))))

    def add(self, sample: Sample, files: Files) -> None:
        """Image and annotation side by side, so that one read gets both."""
        name, size = self._target.file_name(sample), sample.image.size
        annotation = annotation_json(size, sample.figures, sample.tags, sample.description, sample.extra)
        annotation_bytes = json.dumps(annotation, separators=_COMPACT, ensure_ascii=False).encode()
        offset = self._tar.add(f"{sample.dataset}/img/{name}", files.image)
        annotation_offset = self._tar.add(f"{sample.dataset}/ann/{name}.json", annotation_bytes)
        for folder, picture in files.pictures:
            self._tar.add(f"{sample.dataset}/{folder}/{name.removesuffix(sample.origin.extension)}.png", picture)
        row = {
            "key": sample.key.hex(),
            "name": name,
            "dataset": sample.dataset,
            "source": str(sample.origin),
            "width": size[1],
            "height": size[0],
            "tags": [tag.name for tag in sample.tags],
            "classes": [figure.title for figure in sample.figures],
            "areas": [figure.shape.area for figure in sample.figures],
            "shard": self._shard.number,
            "offset": offset,
            "image_length": len(files.image),
            "annotation_offset": annotation_offset,
            "annotation_length": len(annotation_bytes),
            "recipe": json.dumps([op.record() for op in sample.image.ops], separators=_COMPACT),
        }
        self._rows.append(row)

    def close(self) -> Shard:
        """The tar's end, and the shard's rows in a file of their own."""
        digest = self._tar.close()
        self._open.close()
        with storage.writing(self._target.part(_index_part(self._shard))) as file:
            pq.write_table(pa.Table.from_pylist(self._rows, INDEX_SCHEMA), file)
        return replace(self._shard, sha256=digest, bytes=self._tar.position, samples=len(self._rows))

    def abandon(self) -> None:
        """Close the tar and delete it."""
        self._open.close()
        storage.remove(self._target.part(_tar_part(self._shard)))

    def finish(self, shards: Sequence[Shard]) -> Mapping[str, str]:
        """The index of all shards, and the tars under the names without the attempt."""
        with storage.writing(self._target.part(INDEX)) as file, pq.ParquetWriter(file, INDEX_SCHEMA) as index:
            for shard in shards:
                if shard.samples:
                    index.write_table(read_parquet(self._target.part(_index_part(shard))))
        return {INDEX: INDEX} | {_tar_part(shard): shard.file for shard in shards}


def _tar_part(shard: Shard) -> str:
    return f"{shard.file}.{shard.attempt}"


def _index_part(shard: Shard) -> str:
    return f"index-{shard.number:05d}.parquet.{shard.attempt}"
