"""The index of a dataset: a Parquet file with a row a sample, which makes every sample addressable."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.formats import storage
from pipelines.formats.damage import ADVICE, NotADataset

INDEX_SCHEMA = pa.schema(
    [
        ("key", pa.string()),  # 32 hex digits: the path through the graph
        ("name", pa.string()),  # file name of the image
        ("dataset", pa.string()),
        ("source", pa.string()),  # project/dataset/file of the labelled image it was made from
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("tags", pa.list_(pa.string())),  # names of the image's tags
        ("classes", pa.list_(pa.string())),  # class of each figure
        ("areas", pa.list_(pa.float64())),  # area of each figure, square pixels
        ("shard", pa.int32()),
        ("offset", pa.int64()),  # first byte of the image in the shard
        ("image_length", pa.int64()),
        ("annotation_offset", pa.int64()),
        ("annotation_length", pa.int64()),
        ("recipe", pa.string()),  # JSON list of the operations that made the image from its source
    ]
)


def read_parquet(location: str, columns: Sequence[str] | None = None) -> pa.Table:
    """A Parquet file's table. Without threads: Arrow's own may still hold the buffer when Python exits, and abort it."""
    file = pq.ParquetFile(pa.BufferReader(storage.read_bytes(location)))
    return file.read(None if columns is None else list(columns), use_threads=False)


def read_index(location: str, columns: Sequence[str] | None = None) -> pa.Table:
    """The index of a finished dataset, or some of its columns. Raises `NotADataset` for a file that is none."""
    try:
        return read_parquet(location, columns)
    except pa.ArrowException as error:
        raise NotADataset(f"{location} is damaged ({str(error).splitlines()[0]}); {ADVICE}") from None
    except FileNotFoundError:
        raise NotADataset(f"{location} is not there; {ADVICE}") from None
