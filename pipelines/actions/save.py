"""`save`: save the samples like `supervisely`, if wanted with a picture of the objects beside each image.

Family: input and output.

>>> worked("save", {"visualize": True}, "20x10", "car rectangle (15,2) (25,6)", tags="train")
20x10
  tags: train
  car rectangle (15,2) (20,6)

Picture: coffee(cup, spoon, box, centre) {"visualize": true}
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np

from pipelines.actions.base import Finding, Sink, action
from pipelines.figures import Figure, Line, Point, Rectangle, Shape
from pipelines.figures.shape import half_up, pixel_vertices
from pipelines.image import Pixels, Size
from pipelines.meta import Meta
from pipelines.overlay import Color, class_colors
from pipelines.sample import Sample

GREEN: Color = (0, 255, 0)


@action("save", "export_archive")
@dataclass(frozen=True)
class Save(Sink):
    visualize: bool = False
    """With true, `<dataset>/visualize/<name>.png` shows the image, a green line, and the image with its objects on it."""
    images: bool | None = None
    """Without effect, accepted from old graphs: images are always saved."""
    annotations: bool | None = None
    """Without effect, accepted from old graphs: annotations are always saved."""

    examples: ClassVar[tuple[Any, ...]] = ({}, {"visualize": True})

    def problems(self) -> Iterator[Finding]:
        yield from without_effect(images=self.images, annotations=self.annotations)

    @property
    def makes_pictures(self) -> bool:
        return self.visualize

    def pictures(self, sample: Sample, pixels: Pixels, meta: Meta) -> Iterable[tuple[str, Pixels]]:
        """Class colours; areas filled, rectangles and lines stroked, points as discs, at a thickness that fits the image."""
        if self.visualize:
            size = sample.image.size
            drawing = draw_figures(sample.figures, visible(class_colors(meta)), size, stroke_width(size))
            yield "visualize", side_by_side(pixels, drawing)


def without_effect(**flags: bool | None) -> Iterator[Finding]:
    """A warning for each flag of old graphs that is given."""
    for name, value in flags.items():
        if value is not None:
            yield Finding((name,), "this setting has no effect: images and annotations are always saved", "warning")


def stroke_width(size: Size) -> int:
    """The thickness of lines in a picture of an image of this (height, width), in pixels: a 300th of the longer side."""
    return max(1, (max(size) + 1) // 300)


def visible(colors: Mapping[str, Color]) -> dict[str, Color]:
    """The colours by class, black replaced by the darkest grey: black means that nothing is drawn."""
    return {title: (1, 1, 1) if color == (0, 0, 0) else color for title, color in colors.items()}


def draw_figures(
    figures: Iterable[Figure], colors: Mapping[str, Color], size: Size, width: int | None = None
) -> Pixels:
    """Figures in their order on black, uint8 RGB (height, width, 3); classes without a colour are left out.

    With a `width` in pixels, rectangles and lines are stroked and points are discs; without, every shape is filled.
    """
    numbers = np.zeros(size, np.int32)
    palette: list[Color] = [(0, 0, 0)]
    for figure in figures:
        if figure.title in colors:
            if width is None:
                figure.shape.draw(numbers, len(palette))
            else:
                _outline(figure.shape, numbers, len(palette), width)
            palette.append(colors[figure.title])
    return np.array(palette, np.uint8)[numbers]


def side_by_side(pixels: Pixels, drawing: Pixels) -> Pixels:
    """The image, a green column, and the image half covered by what is not black in the drawing: 2 * width + 1 columns."""
    drawn = drawing.any(axis=2, keepdims=True)
    mixed = ((pixels.astype(np.uint16) + drawing) // 2).astype(np.uint8)
    line = np.full((pixels.shape[0], 1, 3), GREEN, np.uint8)
    return np.concatenate([pixels, line, np.where(drawn, mixed, pixels)], axis=1)


def _outline(shape: Shape, canvas: np.ndarray, value: int, width: int) -> None:
    match shape:
        case Rectangle():
            left, top, right, bottom = (half_up(side) for side in shape.bounds)
            ring = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
            stroke(canvas, np.array(ring), width, value)
        case Line():
            stroke(canvas, pixel_vertices(shape.points), width, value)
        case Point():
            centre = (round(shape.x), round(shape.y))
            stroke(canvas, np.array([centre, centre]), 2 * ((width + 1) // 2), value)
        case _:
            shape.draw(canvas, value)


def stroke(canvas: np.ndarray, vertices: np.ndarray, width: int, value: int) -> None:
    """Write `value` into the pixels of a 2-D array whose centres are at most width / 2 away from a polyline.

    `vertices` are (n, 2) xy, n >= 2, whole numbers: indices of pixels.
    """
    reach = width // 2
    inside = np.array(canvas.shape[::-1])
    for start, end in pairwise(vertices.astype(np.int64)):
        low = np.maximum(np.minimum(start, end) - reach, 0)
        high = np.minimum(np.maximum(start, end) + reach + 1, inside)
        if (high <= low).any():
            continue
        x = np.arange(low[0], high[0]) - start[0]
        y = (np.arange(low[1], high[1]) - start[1])[:, None]
        dx, dy = (end - start).tolist()
        along = np.clip((x * dx + y * dy) / max(dx * dx + dy * dy, 1), 0, 1)
        distance = (x - along * dx) ** 2 + (y - along * dy) ** 2
        # What lies exactly at half the width belongs to the stroke, whatever the division lost.
        canvas[low[1] : high[1], low[0] : high[0]][distance <= width * width / 4 + 1e-9] = value
