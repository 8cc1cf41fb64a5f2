"""Small finished datasets for the tests of training: discs and boxes on a coloured ground, with hints."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.clicks import uniform_hints
from pipelines.figures import Bitmap, Figure, Point
from pipelines.formats.index import INDEX_SCHEMA
from pipelines.formats.shards import INDEX, MANIFEST, META, TarWriter, shard_name
from pipelines.formats.supervisely import annotation_json, meta_json
from pipelines.meta import ClassSpec, Meta
from pipelines.tag import Tag

META_OF_TUTORIAL = Meta(
    (ClassSpec("obj", "bitmap"), ClassSpec("pos", "point"), ClassSpec("neg", "point"), ClassSpec("neutral", "bitmap"))
)


@dataclass(frozen=True)
class Stored:
    """One sample to be written; `image` is PNG or JPEG bytes."""

    image: bytes
    size: tuple[int, int]
    figures: tuple[Figure, ...]
    tags: tuple[str, ...]
    annotation: bytes | None = None
    """Written in place of the figures' own JSON."""


def scene(number: int, side: int, tags: Sequence[str]) -> Stored:
    """A textured image (side, side) with two shapes of different colours, one of which is the object."""
    rng = np.random.default_rng([number, side])
    ground, other, own = rng.integers(0, 256, (3, 3)).tolist()
    image = np.full((side, side, 3), ground, np.uint8)
    mask = np.zeros((side, side), np.uint8)
    for colour, canvas in ((other, None), (own, mask)):
        x, y = rng.integers(side // 4, 3 * side // 4, 2).tolist()
        reach = int(rng.integers(side // 6, side // 3))
        if rng.random() < 0.5:
            cv2.circle(image, (x, y), reach, colour, -1)
            if canvas is not None:
                cv2.circle(canvas, (x, y), reach, 1, -1)
        else:
            corners = (x - reach, y - reach // 2), (x + reach, y + reach // 2)
            cv2.rectangle(image, *corners, colour, -1)
            if canvas is not None:
                cv2.rectangle(canvas, *corners, 1, -1)
    noisy = np.clip(image + rng.normal(0, 12, image.shape), 0, 255).astype(np.uint8)
    positive, negative = uniform_hints(mask.astype(bool), 1, rng)
    points = [Figure("pos", Point(float(x), float(y))) for x, y in positive]
    points += [Figure("neg", Point(float(x), float(y))) for x, y in negative]
    figures = (*(Figure("obj", shape) for shape in Bitmap.trimmed(0, 0, mask.astype(bool))), *points)
    return Stored(cv2.imencode(".png", noisy[:, :, ::-1])[1].tobytes(), (side, side), figures, tuple(tags))


def write_dataset(folder: Path, samples: Sequence[Stored], meta: Meta = META_OF_TUTORIAL) -> Path:
    """A finished dataset of one shard in `folder`."""
    folder.mkdir(parents=True)
    rows: list[dict[str, Any]] = []
    name = shard_name(folder.name, 0, 1)
    with open(folder / name, "wb") as file:
        tar = TarWriter(file)
        for number, sample in enumerate(samples):
            image_name = f"{number:06d}.png"
            annotation = sample.annotation
            if annotation is None:
                content = annotation_json(sample.size, sample.figures, [Tag(tag) for tag in sample.tags])
                annotation = json.dumps(content).encode()
            offset = tar.add(f"ds/img/{image_name}", sample.image)
            annotation_offset = tar.add(f"ds/ann/{image_name}.json", annotation)
            rows.append(
                {
                    "key": f"{number:032x}",
                    "name": image_name,
                    "dataset": "ds",
                    "source": f"made/ds/{image_name}",
                    "width": sample.size[1],
                    "height": sample.size[0],
                    "tags": list(sample.tags),
                    "classes": [figure.title for figure in sample.figures],
                    "areas": [float(figure.shape.area) for figure in sample.figures],
                    "shard": 0,
                    "offset": offset,
                    "image_length": len(sample.image),
                    "annotation_offset": annotation_offset,
                    "annotation_length": len(annotation),
                    "recipe": "[]",
                }
            )
        shard = {"file": name, "sha256": tar.close(), "bytes": tar.position, "samples": len(rows)}
    (folder / META).write_text(json.dumps(meta_json(meta)))
    pq.write_table(pa.Table.from_pylist(rows, INDEX_SCHEMA), folder / INDEX)
    (folder / MANIFEST).write_text(json.dumps({"samples": len(rows), "shards": [shard]}))
    return folder


def tiny_dataset(folder: Path, train: int, val: int, side: int = 32) -> Path:
    """A dataset of `train` + `val` scenes."""
    tags = [("train",)] * train + [("val",)] * val
    return write_dataset(folder, [scene(number, side, tag) for number, tag in enumerate(tags)])
