"""A finished dataset: tar shards that together are a Supervisely project, with an index that makes every sample addressable.

DATASET/
  meta.json                          the project's classes and tags
  DATASET-00003-of-00016.tar         <dataset>/img/<name>, <dataset>/ann/<name>.json, <dataset>/img/<next name>, ...
  samples.parquet                    one row a sample, see `pipelines.formats.index`
  manifest.json                      graph, seed, versions, shards, counts; written last
  errors.jsonl                       one line a failed item
"""

from __future__ import annotations

import json
import os
import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import IO, TYPE_CHECKING, Any

from pipelines.formats import storage
from pipelines.formats.damage import ADVICE, check_index, check_manifest
from pipelines.formats.damage import NotADataset as NotADataset
from pipelines.formats.licences import NOT_STATED
from pipelines.formats.supervisely import read_meta
from pipelines.meta import Meta

if TYPE_CHECKING:
    import pyarrow as pa

META, INDEX, MANIFEST, ERRORS = "meta.json", "samples.parquet", "manifest.json", "errors.jsonl"


# Only these layers save more than images and annotations; other datasets need not be searched for it.
_WITH_PICTURES = ("save", "save_masks")

# Where a run writes before its dataset is whole.
_BEGUN = re.compile(r"\..+\.[0-9a-f]{32}")

_BLOCK = 512
_TAR_END = bytes(2 * _BLOCK)


def shard_name(dataset: str, number: int, count: int) -> str:
    """The file name of one shard."""
    return f"{dataset}-{number:05d}-of-{count:05d}.tar"


class TarWriter:
    """Appends members to a tar whose headers hold no clock, user or host; knows each one's place and the whole's digest."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._digest = sha256()
        self.position = 0

    def add(self, name: str, data: bytes) -> int:
        """Append one file; returns the offset of its first byte."""
        header = tar_header(name, len(data))
        offset = self.position + len(header)
        self._write(b"".join((header, data, bytes(-len(data) % _BLOCK))))
        return offset

    def close(self) -> str:
        """End the archive; returns the sha256 of all that was written, in hex."""
        self._write(_TAR_END)
        return self._digest.hexdigest()

    def _write(self, data: bytes) -> None:
        self._file.write(data)
        self._digest.update(data)
        self.position += len(data)


def _library_header(name: str, size: int) -> bytes:
    header = tarfile.TarInfo(name)
    header.size, header.mode = size, 0o644
    return header.tobuf(tarfile.PAX_FORMAT)


# What does not change from member to member; the checksum counts its own field as eight spaces.
_PLAIN = _library_header("", 0)
_UNTIL_SIZE, _UNTIL_SUM, _REST = _PLAIN[100:124], _PLAIN[136:148], _PLAIN[156:]
_FIXED_SUM = sum(_UNTIL_SIZE) + sum(_UNTIL_SUM) + sum(_REST) + 8 * ord(" ")


def tar_header(name: str, size: int) -> bytes:
    """The header of a member, byte for byte that of `tarfile`, which takes twenty times as long for a plain short name."""
    if len(name) > 100 or not name.isascii() or size >= 8**11:
        return _library_header(name, size)
    start, digits = name.encode(), b"%011o\0" % size
    checksum = sum(start) + sum(digits) + _FIXED_SUM
    return b"".join((start.ljust(100, b"\0"), _UNTIL_SIZE, digits, _UNTIL_SUM, b"%06o\0 " % checksum, _REST))


@dataclass(frozen=True, slots=True)
class StoredSample:
    """The two files of one sample."""

    image_bytes: bytes
    annotation_bytes: bytes


@dataclass
class ShardedDataset:
    """A finished dataset, read at random. Pickles to its address: every process opens its own files when it needs them."""

    root: str
    manifest: dict[str, Any] = field(repr=False)
    _files: dict[int, tuple[int, int]] = field(default_factory=dict, repr=False)

    @cached_property
    def index(self) -> pa.Table:
        """One row a sample, columns as in `pipelines.formats.index`."""
        from pipelines.formats.index import read_index  # Arrow, which not every installation has

        address = storage.join(self.root, INDEX)
        index = read_index(address)
        check_index(index, self.manifest, address)
        return index

    @cached_property
    def meta(self) -> Meta:
        address = storage.join(self.root, META)
        try:
            return read_meta(json.loads(storage.read_bytes(address)))
        except ValueError as error:
            raise NotADataset(f"{address} is damaged ({error}); {ADVICE}") from None
        except FileNotFoundError:
            raise NotADataset(f"{address} is not there; {ADVICE}") from None

    @property
    def digest(self) -> str:
        """sha256 in hex over the shards' digests: what the samples are, whatever their index says."""
        return sha256("".join(shard["sha256"] for shard in self.manifest["shards"]).encode()).hexdigest()

    @property
    def licences(self) -> dict[str, tuple[str, ...]]:
        """By the project that images come from; `NOT_STATED` where nothing was said, as in datasets from before it could be."""
        projects = self.manifest.get("inputs", {}).get("projects") or [self.root.rsplit("/", 1)[-1]]
        stated = self.manifest.get("licences", {})
        return {name: tuple(stated.get(name) or (NOT_STATED,)) for name in projects}

    def __len__(self) -> int:
        return int(self.manifest["samples"])

    @cached_property
    def _places(self) -> list[list[int]]:
        columns = ("shard", "offset", "image_length", "annotation_offset", "annotation_length")
        return [self.index[name].to_pylist() for name in columns]

    def read(self, row: int) -> StoredSample:
        """The sample of an index row; one read fetches both its files, which lie side by side."""
        shard, offset, image_length, annotation_offset, annotation_length = (column[row] for column in self._places)
        end = annotation_offset + annotation_length
        data = self._read_range(shard, offset, end)
        return StoredSample(data[:image_length], data[annotation_offset - offset :])

    def _read_range(self, shard: int, start: int, end: int) -> bytes:
        location = storage.join(self.root, self.manifest["shards"][shard]["file"])
        data = self._read_part(location, shard, start, end)
        if len(data) < end - start:
            size = self.manifest["shards"][shard]["bytes"]
            raise NotADataset(
                f"{location} is cut off: the manifest says {size:,} bytes; copy it again, or run the graph again"
            )
        return data

    def _read_part(self, location: str, shard: int, start: int, end: int) -> bytes:
        if not storage.is_local(location):
            fs, path = storage.file_system(location)
            return fs.cat_file(path, start=start, end=end)
        owner, handle = self._files.get(shard, (0, 0))
        if owner != os.getpid():
            handle = os.open(location.removeprefix("file://"), os.O_RDONLY)
            self._files[shard] = os.getpid(), handle
        return os.pread(handle, end - start, start)

    def __getstate__(self) -> dict[str, Any]:
        return {"root": self.root, "manifest": self.manifest, "_files": {}}


def open_dataset(location: str) -> ShardedDataset:
    """The finished dataset at `location`, or the only one in the folders directly below it. Raises `NotADataset`."""
    location = location.rstrip("/")
    if storage.exists(storage.join(location, MANIFEST)):
        root = location
    else:
        found = [name for name in _visible(location) if storage.exists(storage.join(location, name, MANIFEST))]
        if len(found) > 1:
            raise NotADataset(
                f"{location} holds {len(found)} datasets: {', '.join(found)}; name one of them, e.g. {location}/{found[0]}"
            )
        if not found:
            raise NotADataset(_why_not(location))
        root = storage.join(location, found[0])
    try:
        manifest = json.loads(storage.read_bytes(storage.join(root, MANIFEST)))
    except ValueError as error:
        raise NotADataset(f"{root}/{MANIFEST} is damaged ({error}); {ADVICE}") from None
    check_manifest(manifest, f"{root}/{MANIFEST}")
    return ShardedDataset(root, manifest)


def _visible(location: str) -> list[str]:
    """What lies in a folder, without what runs that have not finished keep there."""
    return [name for name in storage.names(location) if not name.startswith(".")]


def _why_not(location: str) -> str:
    if not storage.exists(location):
        return f"{location} does not exist; a dataset is what `python -m pipelines run` writes to its --output"
    shards = [name for name in storage.names(location) if name.endswith(".tar")]
    if shards:
        return f"{location} has {len(shards)} shards but no {MANIFEST}: its run did not finish; run it again"
    if begun := next((name for name in storage.names(location) if _BEGUN.fullmatch(name)), None):
        return f"{location}/{begun} is what a run has written that did not finish, or has not yet: wait for it, or run it again"
    return f"{location} holds no {MANIFEST}; a dataset is what `python -m pipelines run` writes to its --output"


def iterate(dataset: ShardedDataset) -> Iterator[tuple[dict[str, Any], StoredSample]]:
    """Every sample with its index row, in the order of the shards."""
    rows = (row for batch in dataset.index.to_batches(max_chunksize=1024) for row in batch.to_pylist())
    for number, row in enumerate(rows):
        yield row, dataset.read(number)


def pictures(dataset: ShardedDataset) -> Iterator[tuple[str, str, str, bytes]]:
    """What a layer saved beside images and annotations: dataset, folder, file name and content of each picture."""
    for shard in dataset.manifest["shards"] if dataset.manifest["funnel"][-1]["action"] in _WITH_PICTURES else ():
        fs, path = storage.file_system(storage.join(dataset.root, shard["file"]))
        with fs.open(path, "rb") as file, tarfile.open(fileobj=file, mode="r|") as tar:
            for member in tar:
                name, folder, file_name = member.name.split("/")
                content = tar.extractfile(member) if folder not in ("img", "ann") else None
                if content:
                    yield name, folder, file_name, content.read()
