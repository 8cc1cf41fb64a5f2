"""What the tests share: where the real data lies, small samples and projects, and a graph run like a function call."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Self

import cv2
import numpy as np
import PIL.Image
import pytest

from pipelines import render
from pipelines.annotation import Annotation
from pipelines.execute import in_memory
from pipelines.execute.in_memory import Result
from pipelines.execute.reading import list_images
from pipelines.figures import Bitmap, Figure, Line, Point, Polygon, Rectangle, Shape
from pipelines.formats import wire
from pipelines.formats.supervisely import annotation_json, meta_json
from pipelines.graph.check import compile_graph
from pipelines.graph.plan import Plan
from pipelines.graph.spec import parse_graph
from pipelines.image import Image, Pixels, Size
from pipelines.meta import ClassSpec, Meta, TagSpec
from pipelines.origin import Origin
from pipelines.sample import Sample
from pipelines.sources import Item, Project
from pipelines.sources.voc import CLASSES, voc_color
from pipelines.tag import Tag

SHARED = Path(__file__).resolve().parents[2] / "shared"


def shared(path: str) -> Path:
    """The real file or folder `path` beside the checkout; the test is skipped where it is not present."""
    found = SHARED / path
    if not found.exists():
        pytest.skip(f"{path} does not lie beside this checkout")
    return found


# ---------------------------------------------------------------- pictures


def coordinates(size: Size) -> Pixels:
    """A picture of this (height, width), at most 256 each, whose every pixel says where it lies: red is x, green is y."""
    height, width = size
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, :, 0] = np.arange(width)
    pixels[:, :, 1] = np.arange(height)[:, None]
    return pixels


def png(pixels: np.ndarray) -> bytes:
    """RGB or grey pixels as a PNG file."""
    colors = pixels if pixels.ndim == 2 else pixels[:, :, ::-1]
    return cv2.imencode(".png", colors)[1].tobytes()


def jpeg(pixels: np.ndarray) -> bytes:
    """RGB pixels as a JPEG file."""
    return cv2.imencode(".jpg", pixels[:, :, ::-1])[1].tobytes()


def palette_png(indices: np.ndarray) -> bytes:
    """A label image as VOC has them: an indexed PNG with VOC's colour map."""
    image = PIL.Image.fromarray(indices.astype(np.uint8), "P")
    image.putpalette([value for index in range(256) for value in voc_color(index)])
    return _saved(image)


def grey16_png(values: np.ndarray) -> bytes:
    """A 16-bit label image as Mapillary Vistas has them."""
    return cv2.imencode(".png", values.astype(np.uint16))[1].tobytes()


def _saved(image: PIL.Image.Image) -> bytes:
    import io

    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def drawn(shape: Shape, size: Size) -> np.ndarray:
    """The shape's pixels on an empty canvas of this (height, width), bool."""
    canvas = np.zeros(size, bool)
    shape.draw(canvas, 1)
    return canvas


def mask_of(*rows: str) -> np.ndarray:
    """A mask written as text: `#` is set, anything else is not."""
    return np.array([[letter == "#" for letter in row] for row in rows], bool)


# ---------------------------------------------------------------- samples

SHAPES_OF_TINY: dict[str, Shape] = {
    "bitmap": Bitmap(30, 12, mask_of("#.#....", ".#####.", "..#####", "...##..")),
    "polygon": Polygon([(5, 5), (25, 6), (22, 24), (4, 20)], ([(10, 10), (14, 10), (14, 14), (10, 14)],)),
    "rectangle": Rectangle(35, 20, 52, 33),
    "line": Line([(3, 30), (20, 34), (44, 28)]),
    "point": Point(12.5, 8.0),
}
"""One shape of each kind inside an image of 60x40 (width x height)."""


def tiny_sample(
    figures: Iterable[Figure] | None = None, tags: Iterable[Tag] = (), size: Size = (40, 60), name: str = "tiny.png"
) -> Sample:
    """A sample of one figure a shape (the class is the shape's name), or of the given figures; the picture need not exist."""
    if figures is None:
        figures = (Figure(kind, shape) for kind, shape in SHAPES_OF_TINY.items())
    origin = Origin("P", "ds", name)
    return Sample(origin.key(), origin, "ds", Image(f"memory://{name}", size, size), tuple(figures), tuple(tags))


def meta_of(samples: Iterable[Sample]) -> Meta:
    """The smallest meta that holds the samples' classes and tags."""
    meta = Meta()
    for sample in samples:
        for figure in sample.figures:
            meta = meta.with_class(ClassSpec(figure.title, figure.shape.kind))
        for tag in (*sample.tags, *(tag for figure in sample.figures for tag in figure.tags)):
            meta = meta.with_tag(TagSpec(tag.name, "none" if tag.value is None else "any_string"))
    return meta


def pixels_of(sample: Sample, source: Pixels) -> Pixels:
    """The sample's picture, given its decoded source."""
    return render.evaluate(sample.image, source)


def assert_same(found: Any, expected: Any, ignore_key: bool = False) -> None:
    """Two samples, or two lists of them, are equal; a difference is shown field by field."""
    if isinstance(found, Sample):
        found, expected = [found], [expected]
    assert len(found) == len(expected), f"{len(found)} samples, expected {len(expected)}"
    for number, (one, other) in enumerate(zip(found, expected, strict=True)):
        names = ("origin", "dataset", "image", "figures", "tags", "description", "extra") + (
            () if ignore_key else ("key",)
        )
        for name in names:
            assert getattr(one, name) == getattr(other, name), f"sample {number}, {name}"


def by_key(samples: Iterable[Sample]) -> dict[bytes, bytes]:
    """Samples as their bytes on the wire, by key: what two executions must agree on, whatever their order."""
    packed = [(sample.key, wire.pack(sample)) for sample in samples]
    assert len({key for key, _ in packed}) == len(packed), "a key was given twice"
    return dict(packed)


# ---------------------------------------------------------------- graphs


def layer(action: str, src: Any, dst: Any, settings: Any = None) -> dict[str, Any]:
    """One layer as a graph file has it."""
    return {"action": action, "src": src, "dst": dst, "settings": {} if settings is None else settings}


def chain(*steps: tuple[str, Any], source: str = "P/*", mapping: Any = "default") -> list[dict[str, Any]]:
    """A graph of layers in a row: `data`, the (action, settings) steps, `supervisely`."""
    layers = [layer("data", [source], "$0", {"classes_mapping": mapping})]
    for number, (action, settings) in enumerate(steps):
        layers.append(layer(action, [f"${number}"], f"${number + 1}", settings))
    return [*layers, layer("supervisely", [f"${len(steps)}"], "out")]


def compiled(graph: Any, projects: Mapping[str, Project] | None = None) -> Plan:
    """The plan of a graph given as layers or as text."""
    return compile_graph(parse_graph(graph if isinstance(graph, str) else json.dumps(graph, indent=1)), projects)


@dataclass(frozen=True)
class Held(Project):
    """A project whose images are samples in memory."""

    layout: ClassVar[str] = "held"
    samples: tuple[Sample, ...] = ()

    @classmethod
    def matches(cls, location: str) -> bool:
        return False

    @classmethod
    def open(cls, name: str, location: str) -> Self:
        raise NotImplementedError

    @classmethod
    def of(cls, samples: Sequence[Sample]) -> dict[str, Project]:
        """The projects that the samples come from, by name."""
        projects: dict[str, Project] = {}
        for name in dict.fromkeys(sample.origin.project for sample in samples):
            own = tuple(sample for sample in samples if sample.origin.project == name)
            datasets = tuple(dict.fromkeys(sample.origin.dataset for sample in own))
            projects[name] = cls(name, f"memory://{name}", meta_of(own), datasets, own)
        return projects

    def items(self, dataset: str) -> Iterator[Item]:
        for sample in self.samples:
            if sample.origin.dataset == dataset:
                yield Item(sample.origin.file, sample.image.uri, (str(sample.origin),))

    def read(self, item: Item) -> Annotation:
        sample = next(sample for sample in self.samples if str(sample.origin) == item.labels[0])
        return Annotation(sample.image.size, sample.figures, sample.tags, sample.description, sample.extra)


def run(graph: Any, inputs: Sequence[Sample] | Mapping[str, Project], seed: int = 0) -> Result:
    """Run a graph (layers or text) in memory, on samples or on projects."""
    projects = inputs if isinstance(inputs, Mapping) else Held.of(inputs)
    plan = compiled(graph, projects)
    return in_memory.run(plan, list_images(plan, projects), projects, seed)


# ---------------------------------------------------------------- projects on disk


def write_voc(
    root: Path, images: Mapping[str, tuple[np.ndarray, np.ndarray]], splits: Mapping[str, Sequence[str]] | None = None
) -> Path:
    """A VOC project: stem → (class indices, object indices), uint8 (height, width). One list `train` unless told otherwise."""
    for folder in ("JPEGImages", "SegmentationClass", "SegmentationObject", "ImageSets/Segmentation"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    for stem, (classes, objects) in images.items():
        (root / "JPEGImages" / f"{stem}.jpg").write_bytes(jpeg(coordinates(classes.shape)))
        (root / "SegmentationClass" / f"{stem}.png").write_bytes(palette_png(classes))
        (root / "SegmentationObject" / f"{stem}.png").write_bytes(palette_png(objects))
    for name, stems in (splits or {"train": list(images)}).items():
        (root / "ImageSets" / "Segmentation" / f"{name}.txt").write_text("".join(f"{stem}\n" for stem in stems))
    return root


def voc_masks(size: Size = (60, 80), *boxes: tuple[str, int, int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Class and object indices of boxes (class, left, top, right, bottom), each with a border of void around it."""
    classes, objects = np.zeros(size, np.uint8), np.zeros(size, np.uint8)
    for number, (title, left, top, right, bottom) in enumerate(boxes, 1):
        around = slice(max(top - 1, 0), bottom + 1), slice(max(left - 1, 0), right + 1)
        classes[around] = objects[around] = 255
        classes[top:bottom, left:right] = CLASSES.index(title) + 1
        objects[top:bottom, left:right] = number
    return classes, objects


def write_tiny_voc(root: Path, images: int = 2) -> Path:
    """A VOC project of a few images with two or three boxes each, big enough for the Pascal graph to keep samples."""
    content = {}
    for number in range(images):
        boxes = [("person", 20 + 3 * number, 20, 90, 100), ("car", 110, 30 + 5 * number, 180, 120)]
        boxes += [("dog", 30, 110, 80, 140)] if number % 2 else []
        content[f"2007_{number:06d}"] = voc_masks((150, 200), *boxes)
    return write_voc(root, content)


VISTAS_LABELS = [
    {"name": "object--person", "readable": "Person", "instances": True, "color": [220, 20, 60]},
    {"name": "nature--sky", "readable": "Sky", "instances": False, "color": [70, 130, 180]},
    {"name": "object--car", "readable": "Car", "instances": True, "color": [0, 0, 142]},
]


def write_mapillary(root: Path, images: Mapping[str, np.ndarray], split: str = "training", version: str = "") -> Path:
    """A Vistas project: stem → instance image (label * 256 + instance), uint16. `version` puts it in a folder of its own."""
    base = root / split
    instances = base / version / "instances" if version else base / "instances"
    for folder in (base / "images", instances):
        folder.mkdir(parents=True, exist_ok=True)
    for stem, values in images.items():
        (base / "images" / f"{stem}.jpg").write_bytes(jpeg(coordinates(values.shape)))
        (instances / f"{stem}.png").write_bytes(grey16_png(values))
    (root / (f"config_{version}.json" if version else "config.json")).write_text(json.dumps({"labels": VISTAS_LABELS}))
    return root


def write_supervisely(root: Path, samples: Sequence[Sample], pictures: Mapping[str, bytes] | None = None) -> Path:
    """A Supervisely project of samples; pictures (by file name) say their coordinates unless given."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "meta.json").write_text(json.dumps(meta_json(meta_of(samples))))
    for sample in samples:
        folder = root / sample.origin.dataset
        for part in ("img", "ann"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        file = sample.origin.file
        encode = jpeg if file.endswith(".jpg") else png
        (folder / "img" / file).write_bytes((pictures or {}).get(file) or encode(coordinates(sample.image.size)))
        annotation = annotation_json(sample.image.size, sample.figures, sample.tags, sample.description)
        (folder / "ann" / f"{file}.json").write_text(json.dumps(annotation))
    return root


def tiny_project(root: Path, images: int = 3) -> Path:
    """A Supervisely project of a few PNG images with one figure a shape and a tag on every second image."""
    samples = [
        tiny_sample(name=f"image{number}.png", tags=(Tag("night"),) if number % 2 else ()) for number in range(images)
    ]
    return write_supervisely(root, [replace(sample, origin=replace(sample.origin, project="P")) for sample in samples])


def tree(root: Path) -> dict[str, bytes]:
    """Every file below a folder with its content."""
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def png_chunk(kind: bytes, data: bytes) -> bytes:
    """One chunk of a PNG file, for tests that need an unusual one."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
