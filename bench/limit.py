"""The least work that one core must do to write the samples of a finished dataset: the yardstick of `pipeline_bench.py`."""

from __future__ import annotations

import argparse
import base64
import io
import json
import sys
import tarfile
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import IO, Any

import cv2
import numpy as np
import PIL.Image
import pyarrow.parquet as pq

JPEG_QUALITY = 95

_FLIP_CODES = {"horizontal": 0, "vertical": 1}
_COMPACT = (",", ":")
_TAR_BLOCK = 512

_EPILOG = """\
example:
  python bench/limit.py out/smtool_dataset data/voc --output limit.tar

Prints JSON: the samples written, CPU and wall seconds of the loop alone, and how many images and masks are those of the
dataset. Reading the index, and finding out which object each sample shows, happens before the clock starts.
"""


@dataclass(frozen=True, slots=True)
class Output:
    """One sample to write. `ops` is its recipe; `label` is the object's value in the instance mask; `points` are its numbers of
    positive and negative points."""

    name: str
    dataset: str
    tag: str
    area: int
    ops: tuple[tuple[Any, ...], ...]
    label: int
    points: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Source:
    """A labelled image with all samples that are made of it."""

    image: Path
    mask: Path
    outputs: tuple[Output, ...]


def read_plan(dataset: Path, voc: Path) -> list[Source]:
    """What a dataset, made by the Pascal graph of the VOC folder, holds. Raises `ValueError` where a sample fits no object."""
    columns = ["name", "dataset", "source", "tags", "classes", "areas", "recipe"]
    rows = pq.read_table(dataset / "samples.parquet", columns=columns, use_threads=False).to_pylist()
    return [_source(voc, name, list(group)) for name, group in groupby(rows, key=lambda row: row["source"])]


def _source(voc: Path, name: str, rows: list[dict[str, Any]]) -> Source:
    file = Path(name).name
    mask = voc / "SegmentationObject" / f"{Path(file).stem}.png"
    labels = read_mask(mask)
    return Source(voc / "JPEGImages" / file, mask, tuple(_output(row, labels) for row in rows))


def _output(row: dict[str, Any], labels: np.ndarray) -> Output:
    ops = tuple(tuple(op) for op in json.loads(row["recipe"]))
    classes = row["classes"]
    area = int(row["areas"][classes.index("obj")])
    # The dataset does not say which object a sample shows: it is the one that has this many pixels left.
    left = np.bincount(_change_mask(labels, ops).ravel())
    fitting = [value for value in np.flatnonzero(left).tolist() if value and left[value] == area]
    if not fitting:
        raise ValueError(
            f"no object of {row['source']} has the {area} pixels of {row['name']}; is this the VOC folder it was made of?"
        )
    points = classes.count("pos"), classes.count("neg")
    return Output(row["name"], row["dataset"], row["tags"][0], area, ops, fitting[0], points)


def read_mask(file: Path) -> np.ndarray:
    """An instance mask's palette indices, uint8, (height, width); OpenCV would give their colours."""
    return np.asarray(PIL.Image.open(io.BytesIO(file.read_bytes())))


def write_all(plan: list[Source], file: IO[bytes]) -> int:
    """The loop that is measured: every sample as a tar's two members; returns their number."""
    rng = np.random.default_rng(0)
    written = 0
    for source in plan:
        pixels = _decode_image(source.image)
        labels = read_mask(source.mask)
        for output in source.outputs:
            image = _encode_image(_change_image(pixels, output.ops))
            annotation = _annotation(_change_mask(labels, output.ops) == output.label, output, rng)
            _append(file, f"{output.dataset}/img/{output.name}", image)
            _append(file, f"{output.dataset}/ann/{output.name}.json", annotation)
            written += 1
    file.write(bytes(2 * _TAR_BLOCK))
    return written


def _decode_image(file: Path) -> np.ndarray:
    pixels = cv2.imdecode(np.frombuffer(file.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    if pixels is None:
        raise ValueError(f"{file} cannot be decoded")
    return pixels


def _change(pixels: np.ndarray, ops: tuple[tuple[Any, ...], ...], interpolation: int) -> np.ndarray:
    for word, *values in ops:
        if word == "crop":
            left, top, right, bottom = values
            pixels = pixels[top:bottom, left:right]
        elif word == "flip":
            pixels = cv2.flip(pixels, _FLIP_CODES[values[0]])
        else:
            pixels = cv2.resize(pixels, (values[0], values[1]), interpolation=interpolation)
    return pixels


def _change_image(pixels: np.ndarray, ops: tuple[tuple[Any, ...], ...]) -> np.ndarray:
    return _change(pixels, ops, cv2.INTER_LINEAR)


def _change_mask(labels: np.ndarray, ops: tuple[tuple[Any, ...], ...]) -> np.ndarray:
    # For sides that are powers of 2, as in the Pascal graph, OpenCV reads the same pixels as the exact formula.
    return _change(labels, ops, cv2.INTER_NEAREST_EXACT)


def _encode_image(pixels: np.ndarray) -> bytes:
    return cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()


def _annotation(mask: np.ndarray, output: Output, rng: np.random.Generator) -> bytes:
    left, top, width, height = cv2.boundingRect(mask.view(np.uint8))
    bitmap = _encode_mask(mask[top : top + height, left : left + width])
    objects: list[dict[str, Any]] = [
        {
            "classTitle": "obj",
            "geometryType": "bitmap",
            "description": "",
            "tags": [],
            "bitmap": {"origin": [left, top], "data": bitmap},
        }
    ]
    for title, inside, count in (("pos", mask, output.points[0]), ("neg", ~mask, output.points[1])):
        objects.extend(_point(title, x, y) for x, y in _draw_points(inside, count, rng))
    annotation = {
        "description": "",
        "tags": [{"name": output.tag, "value": None}],
        "size": {"height": mask.shape[0], "width": mask.shape[1]},
        "objects": objects,
    }
    return json.dumps(annotation, separators=_COMPACT, ensure_ascii=False).encode()


def _encode_mask(mask: np.ndarray) -> str:
    png = cv2.imencode(".png", mask.view(np.uint8) * np.uint8(255), [cv2.IMWRITE_PNG_BILEVEL, 1])[1]
    return base64.b64encode(zlib.compress(png.tobytes())).decode("ascii")


def _draw_points(mask: np.ndarray, count: int, rng: np.random.Generator) -> Iterator[tuple[float, float]]:
    for place in rng.choice(np.flatnonzero(mask), count, replace=False).tolist() if count else ():
        y, x = divmod(place, mask.shape[1])
        yield float(x), float(y)


def _point(title: str, x: float, y: float) -> dict[str, Any]:
    points = {"exterior": [[x, y]], "interior": []}
    return {"classTitle": title, "geometryType": "point", "description": "", "tags": [], "points": points}


def _append(file: IO[bytes], name: str, data: bytes) -> None:
    header = tarfile.TarInfo(name)
    header.size, header.mode = len(data), 0o644
    file.write(header.tobuf(tarfile.PAX_FORMAT))
    file.write(data)
    file.write(bytes(-len(data) % _TAR_BLOCK))


def count_equal(dataset: Path, written: Path) -> int:
    """How many samples have the same image bytes and the same mask in the dataset as in the limit's tar."""
    equal = 0
    with tarfile.open(written) as own:
        for shard in sorted(dataset.glob("*.tar")):
            with tarfile.open(shard) as tar:
                same = [_content(tar, member) == _content(own, own.next()) for member in tar]
            # Images and annotations take turns.
            equal += sum(image and annotation for image, annotation in zip(same[0::2], same[1::2], strict=True))
    return equal


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo | None) -> Any:
    """Image bytes as they are; of an annotation what chance and encoder have no influence on: the mask."""
    if member is None or (stream := tar.extractfile(member)) is None:
        return None
    data = stream.read()
    if "/img/" in member.name:
        return member.name, data
    bitmap = next(entry["bitmap"] for entry in json.loads(data)["objects"] if "bitmap" in entry)
    with PIL.Image.open(io.BytesIO(zlib.decompress(base64.b64decode(bitmap["data"])))) as png:
        return member.name, bitmap["origin"], png.size, png.convert("1").tobytes()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=_EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("dataset", type=Path, help="a finished dataset, made with configs/graphs/pascal_voc.json")
    parser.add_argument("voc", type=Path, help="the VOC folder it was made of")
    parser.add_argument("--output", type=Path, required=True, help="the tar to write")
    parser.add_argument(
        "--compare", action="store_true", help="count the samples that equal those of the dataset, which takes a while"
    )
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    plan = read_plan(arguments.dataset, arguments.voc)
    cpu, wall = time.process_time(), time.monotonic()
    with open(arguments.output, "wb") as file:
        written = write_all(plan, file)
    result: dict[str, float] = {
        "samples": written,
        "cpu_s": time.process_time() - cpu,
        "wall_s": time.monotonic() - wall,
    }
    if arguments.compare:
        result["equal"] = count_equal(arguments.dataset, arguments.output)
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
