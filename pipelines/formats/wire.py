"""Samples as bytes between workers: MessagePack of plain values, masks as the deflated bits they will be saved as."""

from __future__ import annotations

from typing import Any

import msgpack

from pipelines.figures import SHAPES, Figure
from pipelines.image import Image, PixelOp
from pipelines.sample import Origin, Sample, Tag


def pack(sample: Sample) -> bytes:
    """The sample as bytes; equal samples give equal bytes."""
    origin, image = sample.origin, sample.image
    return msgpack.packb(
        (
            sample.key,
            (origin.project, origin.dataset, origin.file, origin.name_is_free),
            sample.dataset,
            (image.uri, image.source_size, image.size, [op.record() for op in image.ops]),
            [_pack_figure(figure) for figure in sample.figures],
            _pack_tags(sample.tags),
            sample.description,
            dict(sample.extra),
        )
    )


def unpack(data: bytes) -> Sample:
    """The sample that `pack` wrote."""
    key, origin, dataset, (uri, source_size, size, ops), figures, tags, description, extra = msgpack.unpackb(data)
    image = Image(uri, tuple(source_size), tuple(size), tuple(PixelOp.from_record(record) for record in ops))
    objects = tuple(_unpack_figure(*figure) for figure in figures)
    return Sample(key, Origin(*origin), dataset, image, objects, _unpack_tags(tags), description, extra)


def _pack_figure(figure: Figure) -> tuple[Any, ...]:
    shape = figure.shape
    return figure.title, shape.kind, shape.record(), _pack_tags(figure.tags), figure.description, dict(figure.extra)


def _unpack_figure(title: str, kind: str, record: list[Any], tags: list[Any], description: str, extra: Any) -> Figure:
    return Figure(title, SHAPES[kind].from_record(record), _unpack_tags(tags), description, extra)


def _pack_tags(tags: tuple[Tag, ...]) -> list[tuple[str, str | None]]:
    return [(tag.name, tag.value) for tag in tags]


def _unpack_tags(tags: list[Any]) -> tuple[Tag, ...]:
    return tuple(Tag(*tag) for tag in tags)
