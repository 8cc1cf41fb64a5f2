"""What actions do to photographs, as pictures: before, and after, with the objects drawn and their classes named."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image as PillowImage
from PIL import ImageDraw

from pipelines import render
from pipelines.actions import CATALOGUE, Router, Sink
from pipelines.actions.base import Notes
from pipelines.commands.worked import DATASET, OUTPUTS, meta_of
from pipelines.execute.step import Step
from pipelines.figures import Bitmap, Figure, Line, Point, Polygon, Rectangle, Shape
from pipelines.graph.plan import Layer
from pipelines.image import Image, Pixels, Rect
from pipelines.meta import ClassSpec, Meta
from pipelines.origin import Origin
from pipelines.overlay import class_colors, overlay, rgb
from pipelines.pictures.lettering import font_for, shortened
from pipelines.sample import Sample
from pipelines.tag import Tag

ALL = "all"
"""In place of a photograph's name: every whole photograph, for actions that choose among images."""

SEED = 3
QUALITY = 82
_PAPER, _INK, _GREY, _FRAME = "#ffffff", "#1f2933", "#6b7785", "#c9d0d8"
_MARGIN, _GAP, _LINE, _SWATCH = 10, 14, 17, 9
_WIDTH = 760
_HEIGHTS = {1: 250, 2: 250, 3: 190}
_SMALLEST_TILE = 150


@dataclass(frozen=True)
class Photograph:
    """A photograph with hand-drawn objects: `part` is what is shown of the file (all of it without)."""

    name: str
    file: str
    size: tuple[int, int]
    licence: str
    shown: tuple[str, ...]
    figures: tuple[Figure, ...]
    tags: tuple[str, ...]
    part: Rect | None = None

    def pixels(self) -> Pixels:
        """The picture; the files come with scikit-image."""
        import skimage

        data = (Path(skimage.__file__).parent / "data" / self.file).read_bytes()
        whole = render.decode(data)
        if self.part is None:
            return whole
        return np.ascontiguousarray(whole[self.part.top : self.part.bottom, self.part.left : self.part.right])

    def sample(self, classes: Sequence[str]) -> Sample:
        """The photograph as an action gets it, with its objects of some classes."""
        figures = tuple(figure for figure in self.figures if figure.title in classes)
        origin = Origin("photographs", DATASET, f"{self.name}{Path(self.file).suffix}")
        image = Image(self.file, self.size, self.size)
        return Sample(origin.key(), origin, DATASET, image, figures, tuple(map(Tag, self.tags)))


@dataclass(frozen=True)
class Album:
    """All photographs by name, and the colours of their classes."""

    photographs: Mapping[str, Photograph]
    colors: Mapping[str, str]

    @property
    def whole(self) -> list[Photograph]:
        return [photograph for photograph in self.photographs.values() if photograph.part is None]


@dataclass(frozen=True)
class Shot:
    """What to show: layers (word, settings) on a photograph, with its objects of some classes."""

    photograph: str
    classes: tuple[str, ...] | None
    layers: tuple[tuple[str, Any], ...]
    plain: bool = False
    """Whether objects are left out of the results, so that the picture below them is seen."""


@dataclass(frozen=True)
class Panel:
    """One picture with its caption and the classes on it: (title, shape, colour, number)."""

    pixels: Pixels
    figures: tuple[Figure, ...]
    caption: str
    meta: Meta
    frame: str = _FRAME


def read_album(path: Path) -> Album:
    """The photographs of a JSON file."""
    data = json.loads(path.read_text(encoding="utf-8"))
    photographs = {}
    for name, entry in data["photographs"].items():
        part = Rect(*entry["part"]) if "part" in entry else None
        size = entry["height"], entry["width"]
        figures = tuple(Figure(thing["class"], _drawn(thing, size)) for thing in entry["objects"])
        photographs[name] = Photograph(
            name, entry["file"], size, entry["licence"], tuple(entry["shown"]), figures, tuple(entry["tags"]), part
        )
    return Album(photographs, data["colors"])


def _drawn(thing: Mapping[str, Any], size: tuple[int, int]) -> Shape:
    """An object as it was drawn: for bitmaps the outline of each part, for polygons the outline and then the holes."""
    rings = [np.array(ring, float) for ring in thing["points"]]
    match thing["shape"]:
        case "bitmap":
            canvas = np.zeros(size, bool)
            for ring in rings:
                Polygon(ring).draw(canvas, True)
            return Bitmap.trimmed(0, 0, canvas)[0]
        case "polygon":
            return Polygon(rings[0], tuple(rings[1:]))
        case "rectangle":
            return Rectangle(*rings[0].ravel().tolist())
        case "line":
            return Line(rings[0])
        case _:
            return Point(*rings[0][0].tolist())


def picture(shot: Shot, album: Album) -> bytes:
    """The picture of a shot as a JPEG file; the same bytes every time for given versions of the libraries."""
    if shot.photograph == ALL:
        panels = [_chosen(shot, photograph, album) for photograph in album.whole]
        image = _sheet(panels, len(panels), 150, own_scale=True)
    else:
        panels = list(_panels(shot, album.photographs[shot.photograph], album))
        saves = issubclass(CATALOGUE[shot.layers[-1][0]], Sink)
        columns = 1 if saves else len(panels) if len(panels) <= 3 else 4 if len(panels) in (4, 7, 8) else 3
        height = 170 if saves else _HEIGHTS.get(len(panels), _SMALLEST_TILE)
        image = _sheet(panels, columns, height, own_scale=saves)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=QUALITY, optimize=True)
    return file.getvalue()


def _panels(shot: Shot, photograph: Photograph, album: Album) -> Iterable[Panel]:
    source = photograph.pixels()
    before = photograph.sample(photograph.shown if shot.classes is None else shot.classes)
    meta = _meta(before, album)
    yield _panel("before", before, source, meta)
    samples = [before]
    for number, (word, settings) in enumerate(shot.layers, 1):
        step, meta = _step(word, settings, meta)
        samples = [made for sample in samples for _, made in step(sample)]
        if len(samples) > 1 and number < len(shot.layers):
            continue
        caption = "after" if len(shot.layers) == 1 else f"after {word}"
        shown = [replace(made, figures=()) if shot.plain else made for made in samples]
        action = step.layer.action
        if isinstance(action, Sink):
            for folder, extra in action.pictures(samples[0], render.evaluate(samples[0].image, source), meta):
                yield Panel(extra, (), folder, meta)
            continue
        for place, made in enumerate(shown, 1):
            yield _panel(_caption(caption, place, len(shown)), made, source, meta)


def _caption(text: str, place: int, count: int) -> str:
    """The caption of one of so many results, short where there are many."""
    return text if count == 1 else f"{text}, {place}" if count == 2 else str(place)


def _chosen(shot: Shot, photograph: Photograph, album: Album) -> Panel:
    """One of several photographs, and where it goes."""
    (word, settings), *_ = shot.layers
    sample = photograph.sample(photograph.shown)
    step, _ = _step(word, settings, _meta(sample, album))
    ((port, made),) = step(sample)
    if isinstance(step.layer.action, Router):
        caption, frame = OUTPUTS[port], ("#2ca02c", "#d62728")[port]
    else:
        caption = f"dataset {made.dataset}"
        frame = "#2ca02c" if made.dataset == "train" else "#1f6fb4"
    tags = f" ({', '.join(photograph.tags)})" if "tags" in settings else ""
    return Panel(photograph.pixels(), sample.figures, caption + tags, _meta(sample, album), frame)


def _step(word: str, settings: Any, meta: Meta) -> tuple[Step, Meta]:
    action = CATALOGUE[word].from_settings(settings)
    outputs = ("$first", "$second") if isinstance(action, Router) else ("$out",)
    step = Step(Layer(f"{word} {' '.join(outputs)}", 2, action, ("$in",), outputs), SEED)
    return step, action.map_meta(meta, Notes())


def _meta(sample: Sample, album: Album) -> Meta:
    found = meta_of([sample])
    classes = tuple(ClassSpec(spec.title, spec.shape, album.colors.get(spec.title, "")) for spec in found.classes)
    return Meta(classes, found.tags)


def _panel(caption: str, sample: Sample, source: Pixels, meta: Meta) -> Panel:
    height, width = sample.image.size
    pixels = render.evaluate(sample.image, source)
    # The name of a layer leaves no room for more.
    size = "" if caption.startswith("after ") else f": {width} x {height}"
    return Panel(pixels, sample.figures, caption + size, meta)


# ---------------------------------------------------------------- layout


def _sheet(panels: Sequence[Panel], columns: int, height: int, own_scale: bool) -> PillowImage.Image:
    """Panels in rows. With one scale for all, a part of a picture looks like a part."""
    width = (_WIDTH - 2 * _MARGIN - (columns - 1) * _GAP) // columns
    scales = [min(height / panel.pixels.shape[0], width / panel.pixels.shape[1]) for panel in panels]
    if not own_scale:
        scales = [min(scales)] * len(panels)
    sizes = [
        (max(1, round(panel.pixels.shape[0] * scale)), max(1, round(panel.pixels.shape[1] * scale)))
        for panel, scale in zip(panels, scales, strict=True)
    ]
    legends = [list(_legend(panel)) for panel in panels]
    rows = [range(start, min(start + columns, len(panels))) for start in range(0, len(panels), columns)]
    heights = [
        max(sizes[number][0] for number in row) + 4 + _LINE * (1 + max(len(legends[number]) for number in row))
        for row in rows
    ]
    used = min(width, max(width for _, width in sizes)) if not own_scale else width
    used = max(used, _SMALLEST_TILE)
    total = 2 * _MARGIN + sum(heights) + _GAP * (len(rows) - 1)
    image = PillowImage.new("RGB", (2 * _MARGIN + columns * used + (columns - 1) * _GAP, total), _PAPER)
    draw = ImageDraw.Draw(image)
    y = _MARGIN
    for row, row_height in zip(rows, heights, strict=True):
        tallest = max(sizes[number][0] for number in row)
        for column, number in enumerate(row):
            x = _MARGIN + column * (used + _GAP)
            panel, size = panels[number], sizes[number]
            drawn = overlay(panel.pixels, panel.figures, class_colors(panel.meta), size)
            image.paste(PillowImage.fromarray(drawn), (x, y))
            thick = 1 if panel.frame == _FRAME else 3
            draw.rectangle((x - 1, y - 1, x + size[1], y + size[0]), outline=panel.frame, width=thick)
            _words(draw, panel, legends[number], (x, y + tallest + 4), used)
        y += row_height + _GAP
    return image


def _legend(panel: Panel) -> Iterable[tuple[str, tuple[int, int, int]]]:
    colors = class_colors(panel.meta)
    kinds: dict[str, list[str]] = {}
    for figure in panel.figures:
        kinds.setdefault(figure.title, []).append(figure.shape.kind)
    for title, found in kinds.items():
        number = f"{len(found)} x " if len(found) > 1 else ""
        yield f"{number}{title}, {found[0]}", colors.get(title, rgb("#888888"))


def _words(
    draw: ImageDraw.ImageDraw,
    panel: Panel,
    legend: Sequence[tuple[str, tuple[int, int, int]]],
    place: tuple[int, int],
    width: int,
) -> None:
    x, y = place
    color = _INK if panel.frame == _FRAME else panel.frame
    draw.text((x, y), shortened(panel.caption, 13, width), fill=color, font=font_for(panel.caption, 13))
    for number, (text, swatch) in enumerate(legend, 1):
        top = y + _LINE * number
        draw.rectangle((x, top + 3, x + _SWATCH, top + 3 + _SWATCH), fill=swatch, outline=_GREY)
        inside = shortened(text, 12, width - _SWATCH - 6)
        draw.text((x + _SWATCH + 6, top), inside, fill=_GREY, font=font_for(text, 12))


def same_picture(one: bytes, two: bytes, tolerance: float = 2.0) -> bool:
    """Whether two JPEG files show the same, up to what other versions of the libraries round differently."""
    first, second = (cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) for data in (one, two))
    if first is None or second is None or first.shape != second.shape:
        return False
    return float(np.abs(first.astype(np.int16) - second.astype(np.int16)).mean()) <= tolerance
