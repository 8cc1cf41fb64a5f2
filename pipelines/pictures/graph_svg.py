"""A graph as an SVG drawing: boxes top down, connections with their names, what is thrown away in grey."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from xml.sax.saxutils import escape

from pipelines.pictures.graph_outline import Box, Outline, Output
from pipelines.pictures.layered_layout import Arrangement, Gaps, Node, Point, arrange

MARGIN, HEADER = 24.0, 58.0
TITLE, SMALL, LABEL = 13.0, 11.0, 10.5
LINE = 15.0
SPACE, SHADOW = 6.0, 4.0
THINNEST, THICKEST = 1.4, 9.0

_INK, _GREY, _PALE, _EDGE, _RED = "#1f2933", "#6b7785", "#aab4bf", "#5b7083", "#b0413e"
# (fill, outline) of a box by what it does.
_FILL = {
    "source": ("#e3effb", "#3f7fbf"),
    "sink": ("#e2f4e5", "#3c9650"),
    "if": ("#fff3d6", "#c8932b"),
    "step": ("#f7f8fa", "#8593a2"),
}
_ANSWERS = {"true": "#3c8a4a", "false": "#b0603a"}

_NARROW, _WIDE = frozenset(" .,:;|!'ijlt()[]fIr-·"), frozenset("mwMWQO@%→↔≥×—")


def text_width(text: str, size: float, bold: bool = False) -> float:
    """About the width of a text in pixels; on the safe side, for it is drawn with whatever font a viewer has."""
    return sum(map(_letter_width, text)) * size * (1.1 if bold else 1.0)


def _letter_width(letter: str) -> float:
    """In units of the font's size; letters from U+2E80 on are those of East Asia, as wide as high."""
    if letter in _NARROW:
        return 0.40
    if letter in _WIDE or ord(letter) >= 0x2E80:
        return 0.92 if letter in _WIDE else 1.0
    return 0.70 if letter.isupper() else 0.62


def svg(outline: Outline) -> str:
    """The whole drawing as the text of an SVG file."""
    return "\n".join(_Drawing(outline).lines()) + "\n"


@dataclass(frozen=True)
class _Edge:
    """A line of the drawing: from the box of `output` to its name, or, with a reader, from the name to that reader."""

    output: Output
    start: str
    end: str

    @property
    def leaves_box(self) -> bool:
        return self.end == _output_id(self.output)


def _box_id(box: Box) -> str:
    return f"layer {box.layer.number}"


def _output_id(output: Output) -> str:
    return f"output {output.layer.number}.{output.port}"


class _Drawing:
    def __init__(self, outline: Outline) -> None:
        self._outline = outline
        self._boxes = {_box_id(box): box for box in outline.boxes}
        self._outputs = {_output_id(output): output for box in outline.boxes for output in box.outputs}
        self._edges = list(self._make_edges())
        self._nodes = self._make_nodes()
        ends = [(edge.start, edge.end) for edge in self._edges]
        self._layout: Arrangement = arrange(
            self._nodes, ends, [self._shift(edge) for edge in self._edges], Gaps(row=20)
        )
        title = max(text_width(outline.title, 16, True), text_width(self._subtitle, SMALL))
        self._width = max(self._layout.width, title, 240) + 2 * MARGIN
        self._height = self._layout.height + HEADER + MARGIN
        self._left = (self._width - self._layout.width) / 2

    @property
    def _subtitle(self) -> str:
        parts = [self._outline.caption] if self._outline.caption else []
        if self._outline.most:
            parts.append("a line is as thick as its samples are many")
        return "; ".join(parts)

    def _make_edges(self) -> Iterator[_Edge]:
        for box in self._outline.boxes:
            # What goes on stands first, so that what is thrown away is drawn at the right.
            for output in sorted(box.outputs, key=lambda output: output.discarded):
                yield _Edge(output, _box_id(box), _output_id(output))
        for identity, output in self._outputs.items():
            for reader in output.readers:
                yield _Edge(output, identity, f"layer {reader.number}")

    def _make_nodes(self) -> dict[str, Node]:
        nodes = {}
        for identity, box in self._boxes.items():
            nodes[identity] = Node(*_box_size(box))
            for output in sorted(box.outputs, key=lambda output: output.discarded):
                height = 2 * LINE if output.discarded else LINE + 3
                nodes[_output_id(output)] = Node(_label_width(output), height, pull=0.001 if output.discarded else 1.0)
        return nodes

    def lines(self) -> Iterator[str]:
        width, height = round(self._width), round(self._height)
        yield (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
            'font-family="Helvetica, Arial, \'DejaVu Sans\', sans-serif" text-anchor="middle">'
        )
        yield f"<title>{escape(self._outline.title)}</title>"
        yield f'<rect width="{width}" height="{height}" rx="10" fill="#ffffff"/>'
        yield _text(MARGIN, 31, self._outline.title, 16, _INK, bold=True, anchor="start")
        if self._subtitle:
            yield _text(MARGIN, 48, self._subtitle, SMALL, _GREY, anchor="start")
        for number, edge in enumerate(self._edges):
            yield from self._edge(edge, self._layout.routes[number])
        for identity, output in self._outputs.items():
            yield from self._label(output, self._centre(identity))
        for identity, box in self._boxes.items():
            yield from self._box(box, self._centre(identity))
        yield "</svg>"

    def _centre(self, identity: str) -> Point:
        x, y = self._layout.centres[identity]
        return x + self._left, y + HEADER

    def _edge(self, edge: _Edge, route: list[Point]) -> Iterator[str]:
        end_x, end_y = self._end(edge)
        samples = edge.output.samples
        thickness = self._thickness(samples)
        color = _PALE if edge.output.discarded or samples == 0 else _EDGE
        tip = 0.0 if edge.leaves_box else 5 + thickness
        points = [self._start(edge), *((x + self._left, y + HEADER) for x, y in route), (end_x, end_y - tip)]
        bottom = self._layout.row_spans[self._layout.row_of[edge.start]][1] + HEADER
        dashes = ' stroke-dasharray="4 3"' if color == _PALE and not samples else ""
        yield f'<path d="{_curve(points, bottom)}" fill="none" stroke="{color}" stroke-width="{thickness:.1f}"{dashes}/>'
        if tip:
            half = 3 + 0.6 * thickness
            corners = [(end_x - half, end_y - tip - 0.5), (end_x + half, end_y - tip - 0.5), (end_x, end_y)]
            yield f'<polygon points="{_corners(corners)}" fill="{color}"/>'

    def _thickness(self, samples: int | None) -> float:
        if not samples or not self._outline.most:
            return THINNEST
        return THINNEST + (THICKEST - THINNEST) * samples / self._outline.most

    def _start(self, edge: _Edge) -> Point:
        x, y = self._centre(edge.start)
        shift = self._shift(edge)
        return x + shift, y + self._nodes[edge.start].height / (4 if shift else 2)

    def _shift(self, edge: _Edge) -> float:
        """How far right of the middle a line leaves: both answers of a decision have a side, unless one is thrown away."""
        if not edge.leaves_box or not self._boxes[edge.start].asks:
            return 0.0
        alive = [output for output in self._boxes[edge.start].outputs if not output.discarded]
        if alive == [edge.output]:
            return 0.0
        side = 1 if edge.output.port or len(alive) == 1 else -1
        return side * self._nodes[edge.start].width / 4

    def _end(self, edge: _Edge) -> Point:
        x, y = self._centre(edge.end)
        node = self._nodes[edge.end]
        if edge.leaves_box:
            return x, y - node.height / 2
        arriving = [other for other in self._edges if other.end == edge.end]
        places = sorted(arriving, key=lambda other: self._comes_from(other))
        step = min(30.0, node.width / 2 / len(arriving))
        offset = (places.index(edge) - (len(arriving) - 1) / 2) * step
        slope = node.height / node.width if self._boxes[edge.end].asks else 0.0
        above = SHADOW if self._boxes[edge.end].several else 0.0
        return x + offset, y - node.height / 2 + abs(offset) * slope - above - 1

    def _comes_from(self, edge: _Edge) -> float:
        route = self._layout.routes[self._edges.index(edge)]
        return route[-1][0] if route else self._layout.centres[edge.start][0]

    def _label(self, output: Output, centre: Point) -> Iterator[str]:
        x, y = centre
        width, height = _label_width(output), LINE + 3
        color = _GREY if output.discarded else _INK
        top = y - LINE if output.discarded else y - height / 2
        outline = _PALE if output.discarded else "#d5dce3"
        yield (
            f'<rect x="{x - width / 2:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:g}" rx="9" '
            f'fill="#ffffff" stroke="{outline}"/>'
        )
        yield (
            f'<text x="{x:.1f}" y="{top + 12.7:.1f}" font-size="{LABEL}" fill="{color}">'
            + "".join(
                f'<tspan dx="{SPACE if number else 0:g}" fill="{fill or color}"{weight}>{escape(part)}</tspan>'
                for number, (part, fill, weight) in enumerate(_label_parts(output))
            )
            + "</text>"
        )
        if output.discarded:
            yield _text(x, top + height + 11, "discarded", 9.5, _GREY, italic=True)

    def _box(self, box: Box, centre: Point) -> Iterator[str]:
        x, y = centre
        width, height = _box_size(box)
        fill, outline = _FILL[box.kind]
        yield "<g>"
        yield f"<title>{escape(_tooltip(box))}</title>"
        if box.asks:
            corners = [(x, y - height / 2), (x + width / 2, y), (x, y + height / 2), (x - width / 2, y)]
            style = f'fill="{fill}" stroke="{outline}" stroke-width="1.4" stroke-linejoin="round"'
            yield f'<polygon points="{_corners(corners)}" {style}/>'
        else:
            shadow = [SHADOW, 0.0] if box.several else [0.0]
            for offset in shadow:
                yield (
                    f'<rect x="{x - width / 2 + offset:.1f}" y="{y - height / 2 - offset:.1f}" width="{width:.1f}" '
                    f'height="{height:.1f}" rx="7" fill="{fill}" stroke="{outline}" stroke-width="1.4"/>'
                )
        written = _written(box)
        top = y - LINE * len(written) / 2 + 11.5
        for number, (text, size, color, bold) in enumerate(written):
            yield _text(x, top + number * LINE, text, size, color, bold=bold)
        yield "</g>"


def _written(box: Box) -> list[tuple[str, float, str, bool]]:
    """(text, size, colour, bold) of each line in a box."""
    lines = [(box.title, TITLE, _INK, True), *((line, SMALL, "#46525f", False) for line in box.lines)]
    if box.saved is not None:
        lines.append((f"{box.saved:,} samples", SMALL, "#2c7a3f", True))
    if box.losses:
        lines.append((", ".join(box.losses), SMALL, _RED, False))
    return lines


def _box_size(box: Box) -> tuple[float, float]:
    written = _written(box)
    width = max(text_width(text, size, bold) for text, size, _, bold in written)
    height = LINE * len(written)
    if box.asks:
        # A text block of w x h fits a diamond of W x H when w / W + h / H <= 1; corners of letters need not.
        return 1.75 * width + 24, 2.05 * height + 8
    return max(width + 28, 120.0), height + 14


def _label_parts(output: Output) -> list[tuple[str, str, str]]:
    """(text, colour or nothing, attributes) of each part of a connection's label."""
    parts = [(output.answer, "" if output.discarded else _ANSWERS[output.answer], "")] if output.answer else []
    parts.append((output.name, "", ""))
    if output.samples is not None:
        parts.append((f"{output.samples:,}", "", ' font-weight="bold"'))
    return parts


def _label_width(output: Output) -> float:
    parts = _label_parts(output)
    return sum(text_width(text, LABEL, bool(weight)) for text, _, weight in parts) + SPACE * (len(parts) - 1) + 16


def _tooltip(box: Box) -> str:
    classes = ", ".join(spec.title for spec in box.layer.meta.classes)
    settings = json.dumps(box.settings, indent=2, ensure_ascii=False)
    return f"layer {box.layer.number}: {box.title}\n{settings}" + (
        f"\nclasses that come out: {classes}" if classes else ""
    )


def _corners(points: Sequence[Point]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _curve(points: list[Point], bottom: float) -> str:
    """A path that leaves and reaches every point vertically; inside the row that ends at `bottom` it goes straight down."""
    (x, y), path = points[0], [f"M{points[0][0]:.1f} {points[0][1]:.1f}"]
    if bottom > y + 0.5 and len(points) > 1 and abs(points[1][0] - x) > 0.5:
        path.append(f"V{bottom:.1f}")
        points = [(x, bottom), *points[1:]]
    for (x0, y0), (x1, y1) in pairwise(points):
        if abs(x0 - x1) < 0.5:
            path.append(f"L{x1:.1f} {y1:.1f}")
        else:
            middle = (y0 + y1) / 2
            path.append(f"C{x0:.1f} {middle:.1f} {x1:.1f} {middle:.1f} {x1:.1f} {y1:.1f}")
    return " ".join(path)


def _text(
    x: float,
    y: float,
    text: str,
    size: float,
    color: str,
    *,
    bold: bool = False,
    italic: bool = False,
    anchor: str = "",
) -> str:
    style = (' font-weight="bold"' if bold else "") + (' font-style="italic"' if italic else "")
    style += f' text-anchor="{anchor}"' if anchor else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" fill="{color}"{style}>{escape(text)}</text>'
