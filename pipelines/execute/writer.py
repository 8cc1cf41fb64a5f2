"""A shard's samples become files: rendered source by source, each source decoded once, and given to a writer of some format."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import groupby
from operator import itemgetter
from typing import Any, Protocol
from uuid import uuid4

from pipelines import render
from pipelines.actions import Sink
from pipelines.actions.supervisely import Supervisely
from pipelines.execute.failures import Failure
from pipelines.execute.ownership import Place
from pipelines.formats import storage
from pipelines.formats.shards import shard_name
from pipelines.image import Pixels
from pipelines.meta import Meta
from pipelines.origin import Origin
from pipelines.sample import Sample


@dataclass(frozen=True)
class Target:
    """Where and how a run saves: the folder of the dataset, its name, its number of shards.

    `keeps_names` says that the plan makes at most one sample of an image, so a sample may keep its image's name. `action` is
    the layer that saves, `meta` the result's. `run` is the run's identity, the same for all its workers and their attempts.
    """

    folder: str
    dataset: str
    shards: int
    layer: str
    keeps_names: bool
    action: Sink = field(default_factory=Supervisely)
    meta: Meta = field(default_factory=Meta)
    run: str = field(default_factory=lambda: uuid4().hex)

    @property
    def place(self) -> Place:
        return Place(self.folder, self.run)

    def part(self, name: str) -> str:
        """The address of a file that the run writes, before the dataset is whole."""
        return storage.join(self.place.parts, name)

    def writer(self) -> Writer:
        """A writer of the form that datasets are saved in."""
        from pipelines.execute.tar_shards import TarShards  # which imports this module

        return TarShards(self)

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


@dataclass(frozen=True, slots=True)
class Shard:
    """A written shard. `attempt` names the attempt that wrote it: what others wrote of it is not part of the dataset."""

    number: int
    file: str
    sha256: str
    bytes: int
    samples: int
    attempt: str = field(compare=False)

    def record(self) -> dict[str, Any]:
        return {"file": self.file, "sha256": self.sha256, "bytes": self.bytes, "samples": self.samples}


@dataclass(frozen=True, slots=True)
class Files:
    """What is saved of a sample besides its annotation: the image, and more pictures by the folder they belong into."""

    image: bytes
    pictures: tuple[tuple[str, bytes], ...] = ()


class Writer(Protocol):
    """A form in which datasets are saved, made from a `Target`: one on each worker for its shards, and one for the end.

    It writes to `Target.part` alone, under names that hold the attempt. That these files are the run's own, and that they
    become the dataset all together or not at all, is not its matter.
    """

    def open_shard(self, number: int) -> None:
        """Begin a shard, as a new attempt."""

    def add(self, sample: Sample, files: Files) -> None:
        """Write a sample into the open shard."""

    def close(self) -> Shard:
        """End the open shard."""

    def abandon(self) -> None:
        """Leave the open shard, of which nothing shall stay."""

    def finish(self, shards: Sequence[Shard]) -> Mapping[str, str]:
        """Write what spans all shards; returns the names of all files of the dataset as written, with those they get."""


def write_shard(
    target: Target, number: int, samples: Iterable[Sample], tick: Callable[[], None] = lambda: None
) -> tuple[Shard, list[Failure]]:
    """Write a shard. Samples of an image that cannot be rendered are left out, with one failure.

    The order inside is that of (image, key), so that nothing depends on how the samples arrived.
    """
    ordered = sorted(samples, key=lambda sample: (str(sample.origin), sample.key))
    failures: list[Failure] = []
    storage.make_folder(target.place.parts)
    writer = target.writer()
    writer.open_shard(number)
    try:
        for sample, files in _rendered(ordered, target, failures):
            writer.add(sample, files)
            tick()
        return writer.close(), failures
    except BaseException:
        writer.abandon()
        raise


def _rendered(ordered: list[Sample], target: Target, failures: list[Failure]) -> Iterator[tuple[Sample, Files]]:
    """Each sample with its files; one decoded source is held at a time."""
    for origin, group in groupby(ordered, key=lambda sample: sample.origin):
        of_image = list(group)
        try:
            files = _files_of_source(of_image, target)
        except Exception as error:
            failures.append(Failure.of(origin, target.layer, error))
            continue
        yield from zip(of_image, files, strict=True)


def _files_of_source(samples: list[Sample], target: Target) -> list[Files]:
    """The files of samples that all come from one source. An image that nothing changed is copied byte for byte."""
    images = [sample.image for sample in samples]
    try:
        data = storage.read_bytes(images[0].uri)
    except FileNotFoundError:
        raise render.BadPicture(f"the image {images[0].uri} does not exist") from None
    render.require_whole(data)
    if not target.action.makes_pictures and not any(image.ops for image in images):
        return [Files(data)] * len(images)
    source = render.decode(data, images[0].source_size)
    files = [
        (number, _files(samples[number], pixels, data, target))
        for number, pixels in render.evaluate_all(images, source)
    ]
    return [made for _, made in sorted(files, key=itemgetter(0))]


def _files(sample: Sample, pixels: Pixels, source_file: bytes, target: Target) -> Files:
    pictures = target.action.pictures(sample, pixels, target.meta) if target.action.makes_pictures else ()
    return Files(
        render.encode(pixels, sample.origin.extension) if sample.image.ops else source_file,
        tuple((folder, render.encode(picture, ".png")) for folder, picture in pictures),
    )
