"""A shard's samples become its tar: rendered source by source, each source decoded once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import groupby
from operator import itemgetter
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines import render
from pipelines.actions import Sink
from pipelines.actions.supervisely import Supervisely
from pipelines.execute.failures import Failure
from pipelines.formats import storage
from pipelines.formats.index import INDEX_SCHEMA
from pipelines.formats.shards import TarWriter, shard_name
from pipelines.formats.supervisely import annotation_json
from pipelines.image import Pixels
from pipelines.meta import Meta
from pipelines.origin import Origin
from pipelines.sample import Sample

_COMPACT = (",", ":")


@dataclass(frozen=True)
class Target:
    """Where and how a run saves: the folder of the dataset, its name, its number of shards.

    `keeps_names` says that the plan makes at most one sample of an image, so a sample may keep its image's name. `action` is
    the layer that saves, `meta` the result's.
    """

    folder: str
    dataset: str
    shards: int
    layer: str
    keeps_names: bool
    action: Sink = field(default_factory=Supervisely)
    meta: Meta = field(default_factory=Meta)

    def shard_of(self, origin: Origin) -> int:
        """The shard of all samples of an image."""
        return int.from_bytes(blake2b(str(origin).encode(), digest_size=8).digest(), "big") % self.shards

    def file_name(self, sample: Sample) -> str:
        """The image's stem, made unique by the sample's key, with the image's extension."""
        origin = sample.origin
        if self.keeps_names and origin.name_is_free:
            return origin.file
        return f"{origin.stem}_{sample.key.hex()[:10]}{origin.extension}"

    def shard_file(self, number: int) -> str:
        return storage.join(self.folder, shard_name(self.dataset, number, self.shards))

    def index_part(self, number: int) -> str:
        """Where a shard's rows wait until all shards are written."""
        return storage.join(self.folder, f".index-{number:05d}.parquet")


@dataclass(frozen=True, slots=True)
class Shard:
    """A written shard."""

    number: int
    file: str
    sha256: str
    bytes: int
    samples: int

    def record(self) -> dict[str, Any]:
        return {"file": self.file, "sha256": self.sha256, "bytes": self.bytes, "samples": self.samples}


def write_shard(
    target: Target, number: int, samples: Iterable[Sample], tick: Callable[[], None] = lambda: None
) -> tuple[Shard, list[Failure]]:
    """Write a shard and its part of the index. Samples of an image that cannot be rendered are left out, with one failure.

    The order inside is that of (image, key), so that nothing depends on how the samples arrived.
    """
    ordered = sorted(samples, key=lambda sample: (str(sample.origin), sample.key))
    failures: list[Failure] = []
    rows: list[dict[str, Any]] = []
    with storage.appearing(target.shard_file(number)) as file:
        tar = TarWriter(file)
        for sample, files in _rendered(ordered, target, failures):
            rows.append(_append(tar, target, sample, files) | {"shard": number})
            tick()
        digest = tar.close()
    with storage.appearing(target.index_part(number)) as file:
        pq.write_table(pa.Table.from_pylist(rows, INDEX_SCHEMA), file)
    return Shard(number, shard_name(target.dataset, number, target.shards), digest, tar.position, len(rows)), failures


@dataclass(frozen=True, slots=True)
class _Files:
    """What is saved of a sample besides its annotation: the image, and more pictures by the folder they belong into."""

    image: bytes
    pictures: tuple[tuple[str, bytes], ...] = ()


def _rendered(ordered: list[Sample], target: Target, failures: list[Failure]) -> Iterator[tuple[Sample, _Files]]:
    """Each sample with its files; one decoded source is held at a time."""
    for origin, group in groupby(ordered, key=lambda sample: sample.origin):
        of_image = list(group)
        try:
            files = _files_of_source(of_image, target)
        except Exception as error:
            failures.append(Failure.of(origin, target.layer, error))
            continue
        yield from zip(of_image, files, strict=True)


def _files_of_source(samples: list[Sample], target: Target) -> list[_Files]:
    """The files of samples that all come from one source. An image that nothing changed is copied byte for byte."""
    images = [sample.image for sample in samples]
    try:
        data = storage.read_bytes(images[0].uri)
    except FileNotFoundError:
        raise render.BadPicture(f"the image {images[0].uri} does not exist") from None
    render.require_whole(data)
    if not target.action.makes_pictures and not any(image.ops for image in images):
        return [_Files(data)] * len(images)
    source = render.decode(data, images[0].source_size)
    files = [
        (number, _files(samples[number], pixels, data, target))
        for number, pixels in render.evaluate_all(images, source)
    ]
    return [made for _, made in sorted(files, key=itemgetter(0))]


def _files(sample: Sample, pixels: Pixels, source_file: bytes, target: Target) -> _Files:
    pictures = target.action.pictures(sample, pixels, target.meta) if target.action.makes_pictures else ()
    return _Files(
        render.encode(pixels, sample.origin.extension) if sample.image.ops else source_file,
        tuple((folder, render.encode(picture, ".png")) for folder, picture in pictures),
    )


def _append(tar: TarWriter, target: Target, sample: Sample, files: _Files) -> dict[str, Any]:
    """Add a sample's files, image and annotation side by side; returns its row of the index."""
    name, size = target.file_name(sample), sample.image.size
    annotation = annotation_json(size, sample.figures, sample.tags, sample.description, sample.extra)
    annotation_bytes = json.dumps(annotation, separators=_COMPACT, ensure_ascii=False).encode()
    offset = tar.add(f"{sample.dataset}/img/{name}", files.image)
    annotation_offset = tar.add(f"{sample.dataset}/ann/{name}.json", annotation_bytes)
    for folder, picture in files.pictures:
        tar.add(f"{sample.dataset}/{folder}/{name.removesuffix(sample.origin.extension)}.png", picture)
    return {
        "key": sample.key.hex(),
        "name": name,
        "dataset": sample.dataset,
        "source": str(sample.origin),
        "width": size[1],
        "height": size[0],
        "tags": [tag.name for tag in sample.tags],
        "classes": [figure.title for figure in sample.figures],
        "areas": [figure.shape.area for figure in sample.figures],
        "offset": offset,
        "image_length": len(files.image),
        "annotation_offset": annotation_offset,
        "annotation_length": len(annotation_bytes),
        "recipe": json.dumps([op.record() for op in sample.image.ops], separators=_COMPACT),
    }
