"""Samples as bytes between workers: MessagePack of plain values, masks as the deflated bits they will be saved as.

A runner keeps several copies of what waits to be grouped, so bytes count: whole numbers are packed as such, shapes by number,
and what is empty is left out.
"""

from __future__ import annotations

from typing import Any

import msgpack

from pipelines.figures import SHAPES, Figure
from pipelines.image import Image, PixelOp
from pipelines.origin import Origin
from pipelines.sample import Sample
from pipelines.tag import Tag

# A quarter of a megabyte, MessagePack's own choice, would be taken from the system and given back for each sample.
_BUFFER = 4096

_KINDS = tuple(sorted(SHAPES))
_NUMBER_OF = {kind: number for number, kind in enumerate(_KINDS)}


def pack(sample: Sample) -> bytes:
    """The sample as bytes; equal samples give equal bytes."""
    origin, image = sample.origin, sample.image
    folder = image.uri.removesuffix(origin.file)
    values: list[Any] = [
        sample.key,
        (origin.project, origin.dataset, origin.file, origin.name_is_free),
        None if sample.dataset == origin.dataset else sample.dataset,
        (folder, len(folder) < len(image.uri)),
        image.source_size,
        image.size,
        [op.record() for op in image.ops],
        [_pack_figure(figure) for figure in sample.figures],
    ]
    if sample.tags or sample.description or sample.extra:
        values += (_pack_tags(sample.tags), sample.description, dict(sample.extra))
    return msgpack.packb(values, buf_size=_BUFFER)


def unpack(data: bytes) -> Sample:
    """The sample that `pack` wrote."""
    key, (project, source, file, free), dataset, (folder, with_file), source_size, size, ops, figures, *rest = (
        msgpack.unpackb(data)
    )
    tags, description, extra = rest or ((), "", {})
    uri = folder + file if with_file else folder
    image = Image(uri, tuple(source_size), tuple(size), tuple(PixelOp.from_record(record) for record in ops))
    origin = Origin(project, source, file, free)
    objects = tuple(_unpack_figure(*figure) for figure in figures)
    return Sample(key, origin, dataset or source, image, objects, _unpack_tags(tags), description, extra)


def _pack_figure(figure: Figure) -> list[Any]:
    shape = figure.shape
    values = [figure.title, _NUMBER_OF[shape.kind], [_short(value) for value in shape.record()]]
    if figure.tags or figure.description or figure.extra:
        values += (_pack_tags(figure.tags), figure.description, dict(figure.extra))
    return values


def _unpack_figure(
    title: str, kind: int, record: list[Any], tags: Any = (), description: str = "", extra: Any = None
) -> Figure:
    return Figure(title, SHAPES[_KINDS[kind]].from_record(record), _unpack_tags(tags), description, extra or {})


def _short(value: Any) -> Any:
    """Coordinates are mostly whole: as integers they take one to three bytes, not nine."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _pack_tags(tags: tuple[Tag, ...]) -> list[tuple[str, str | float | None]]:
    return [(tag.name, tag.value) for tag in tags]


def _unpack_tags(tags: Any) -> tuple[Tag, ...]:
    return tuple(Tag(*tag) for tag in tags)
