"""Worked examples: an action at work on a tiny sample, as text that a reader can check by hand and a test can run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from pipelines import render
from pipelines.actions import Router, find_action
from pipelines.actions.base import Notes
from pipelines.execute.step import Step
from pipelines.figures import Bitmap, Figure, Line, Point, Polygon, Rectangle, Shape
from pipelines.graph.plan import Layer
from pipelines.image import Image, Pixels
from pipelines.meta import ClassSpec, Meta, TagSpec
from pipelines.origin import Origin
from pipelines.sample import Sample
from pipelines.tag import Tag

OUTPUTS = ("first output", "second output")
DATASET = "ds"

_FIGURE = re.compile(
    r"(?P<title>.+?) (?P<kind>bitmap|polygon|rectangle|line|point) (?P<places>.+?)(?: \[(?P<tags>.*)\])?"
)
_PLACE = re.compile(r"\(([^,()]+), ?([^,()]+)\)")


def worked(
    word: str,
    settings: Any,
    size: str,
    *figures: str,
    tags: str = "",
    name: str = "a",
    pixels: Sequence[Sequence[int | tuple[int, int, int]]] | None = None,
    then: tuple[str, Any] | None = None,
    seed: int = 0,
    colors: bool = False,
) -> None:
    """Print what an action makes of one sample.

    `size` is `"20x10"` (width x height). A figure is `"car rectangle (1,2) (5,6)"`, `"road polygon (0,0) (8,0) (8,8)"` with
    ` / ` before the vertices of each hole, `"lane line (1,1) (4,2)"`, `"pos point (4,3)"` or `"car bitmap (3,4) #.# .#."`, the
    place of the top left pixel and then the rows; tags may follow in brackets. `tags` are the image's: `"night, weather=rain"`.
    `pixels` are rows of grey levels or (red, green, blue); without them the image is black and not shown. `then` is one more
    layer, its word and settings. Printed is the size of each result, its tags and its dataset (if one was chosen), its figures
    and pixels, and with `colors` the classes' colours.
    """
    width, height = map(int, size.split("x"))
    origin = Origin("project", DATASET, f"{name}.png")
    image = Image("memory://a.png", (height, width), (height, width))
    before = Sample(origin.key(), origin, DATASET, image, tuple(map(read_figure, figures)), tuple(_tags(tags)))
    meta = meta_of([before])
    results: list[tuple[str, Sample]] = [("", before)]
    for layer_word, layer_settings in [(word, settings), *([then] if then else [])]:
        action = find_action(layer_word)
        if action is None:
            raise ValueError(f"there is no action {layer_word!r}")
        value = action.from_settings(layer_settings).bind([origin])
        outputs = ("$first", "$second") if isinstance(value, Router) else ("$out",)
        step = Step(Layer(f"{layer_word} {' '.join(outputs)}", 2, value, ("$in",), outputs), seed)
        results = [
            (OUTPUTS[port] if len(outputs) > 1 else label, made)
            for label, sample in results
            for port, made in step(sample)
        ]
        meta = value.map_meta(meta, Notes())
    source = _picture(pixels, before)
    for label, made in results:
        print("\n".join(_lines(label, before, made, source)))
    if not results:
        print("nothing")
    for spec in meta.classes if colors else ():
        print(f"class {spec.title}: {spec.color}")


def _lines(label: str, before: Sample, made: Sample, source: Pixels | None) -> Iterator[str]:
    height, width = made.image.size
    yield f"{label}: {width}x{height}" if label else f"{width}x{height}"
    if made.tags or before.tags:
        yield f"  tags: {', '.join(map(_tag_text, made.tags)) or 'none'}"
    if made.dataset != DATASET:
        yield f"  dataset: {made.dataset}"
    yield from (f"  {figure_text(figure)}" for figure in made.figures)
    if source is not None:
        for row in render.evaluate(made.image, source).tolist():
            yield "  " + " ".join(str(pixel[0]) if len(set(pixel)) == 1 else str(tuple(pixel)) for pixel in row)


def _picture(rows: Sequence[Sequence[int | tuple[int, int, int]]] | None, sample: Sample) -> Pixels | None:
    if rows is None:
        return None
    full = [[(value,) * 3 if isinstance(value, int) else value for value in row] for row in rows]
    pixels = np.array(full, np.uint8)
    if pixels.shape[:2] != sample.image.size:
        raise ValueError(f"the pixels are {pixels.shape[1]}x{pixels.shape[0]}, the size says otherwise")
    return pixels


def meta_of(samples: Iterable[Sample]) -> Meta:
    """The smallest meta with the classes and tags of some samples."""
    meta = Meta()
    for sample in samples:
        for figure in sample.figures:
            meta = meta.with_class(ClassSpec(figure.title, figure.shape.kind))
        for tag in (*sample.tags, *(tag for figure in sample.figures for tag in figure.tags)):
            meta = meta.with_tag(TagSpec(tag.name, "none" if tag.value is None else "any_string"))
    return meta


def read_figure(text: str) -> Figure:
    """A figure from the text that `figure_text` writes. Raises `ValueError` for anything else."""
    found = _FIGURE.fullmatch(text)
    if found is None:
        raise ValueError(f"found {text!r}, a figure is written like 'car rectangle (1,2) (5,6)'")
    return Figure(found["title"], _shape(found["kind"], found["places"]), tuple(_tags(found["tags"] or "")))


def _shape(kind: str, text: str) -> Shape:
    rings = [np.array([[float(x), float(y)] for x, y in _PLACE.findall(ring)]) for ring in text.split("/")]
    (x, y), points = rings[0][0].tolist(), rings[0]
    match kind:
        case "bitmap":
            rows = re.findall(r"[#.]+", text[text.index(")") + 1 :])
            return Bitmap(int(x), int(y), np.array([[letter == "#" for letter in row] for row in rows]))
        case "polygon":
            return Polygon(rings[0], tuple(rings[1:]))
        case "rectangle":
            return Rectangle(*points.ravel().tolist())
        case "line":
            return Line(points)
        case _:
            return Point(x, y)


def figure_text(figure: Figure) -> str:
    """A figure in one line: class, shape, places, tags."""
    match figure.shape:
        case Bitmap() as shape:
            rows = ("".join(".#"[pixel] for pixel in row) for row in shape.pixels.astype(int).tolist())
            places = f"({shape.x},{shape.y}) {' '.join(rows)}"
        case Polygon() as shape:
            places = " / ".join(map(_places, (shape.exterior, *shape.holes)))
        case Line() as shape:
            places = _places(shape.points)
        case shape:
            left, top, right, bottom = shape.bounds
            places = _places([(left, top)] if isinstance(shape, Point) else [(left, top), (right, bottom)])
    tags = f" [{', '.join(map(_tag_text, figure.tags))}]" if figure.tags else ""
    return f"{figure.title} {figure.shape.kind} {places}{tags}"


def _places(points: Iterable[Sequence[float]]) -> str:
    return " ".join(f"({x:.6g},{y:.6g})" for x, y in points)


def _tags(text: str) -> Iterator[Tag]:
    for part in filter(None, text.split(", ")):
        name, _, value = part.partition("=")
        yield Tag(name, value or None)


def _tag_text(tag: Tag) -> str:
    return tag.name if tag.value is None else f"{tag.name}={tag.value}"
