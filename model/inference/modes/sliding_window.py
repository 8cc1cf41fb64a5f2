"""The mode `sliding_window`: the network sees one part of the image after the other."""

from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from model.clicks.promises import obey
from model.clicks.threshold import binarise
from model.inference.modes.base import Answer, Mode, Question, clicks_inside, rectangle_figure, registered
from model.inference.predictor import Predictor
from model.settings.section import Section
from pipelines.errors import UserError
from pipelines.image import Rect
from pipelines.meta import ClassSpec, Meta


class Window(Section):
    """Size of a sliding window, pixels."""

    width: Annotated[int, Field(ge=1)] = 128
    height: Annotated[int, Field(ge=1)] = 128


class Overlap(Section):
    """Pixels that neighbouring windows share at least."""

    x: Annotated[int, Field(ge=0)] = 0
    y: Annotated[int, Field(ge=0)] = 0


@registered
class SlidingWindow(Mode):
    """The network sees one window after the other; where they overlap, probabilities are averaged."""

    name: Literal["sliding_window"]
    window: Window = Window()
    min_overlap: Overlap = Overlap()
    save: bool = False
    """Whether the windows are added too."""
    class_name: str = "sliding_window"
    """The windows' class."""

    @model_validator(mode="after")
    def moves_on(self) -> Self:
        window, overlap = self.window, self.min_overlap
        if overlap.x >= window.width or overlap.y >= window.height:
            raise ValueError(
                f"min_overlap {overlap.x}, {overlap.y} leaves no step in a window of {window.width}×{window.height}; "
                "make it smaller than the window"
            )
        return self

    def answer(self, predictor: Predictor, question: Question) -> Answer:
        return slide(self, predictor, question)

    def added_classes(self, meta: Meta) -> list[ClassSpec]:
        return [ClassSpec(self.class_name, "rectangle")] if self.save else []


def slide(mode: SlidingWindow, predictor: Predictor, question: Question) -> Answer:
    """One mask from the mean probability of all windows; windows without a positive click say nothing."""
    image, clicks = question.image, question.clicks
    height, width = image.shape[:2]
    total = np.zeros((height, width), np.float32)
    counted = np.zeros((height, width), np.float32)
    areas = windows(mode, height, width)
    empty = 0
    for area in areas:
        inside = clicks_inside(clicks, area)
        if not any(click.positive for click in inside):
            empty += 1
            continue
        rows, columns = slice(area.top, area.bottom), slice(area.left, area.right)
        total[rows, columns] += predictor.set_image(image[rows, columns]).add(inside).probability
        counted[rows, columns] += 1
    saved = tuple(rectangle_figure(mode.class_name, area) for area in areas) if mode.save else ()
    if empty == len(areas):
        return Answer((), saved, None, empty)
    mean: NDArray[np.float32] = np.divide(total, counted, out=total, where=counted > 0)
    mask = binarise(mean, predictor.threshold)
    return Answer((obey(mask, clicks) if predictor.guarantee else mask,), saved, mean, empty)


def windows(mode: SlidingWindow, height: int, width: int) -> list[Rect]:
    """The windows, row by row; the last ones of a row and of a column are moved back to end at the border."""
    size, overlap = mode.window, mode.min_overlap
    if size.width > width or size.height > height:
        raise UserError(
            f"the window of {size.width}×{size.height} pixels is larger than the image of {width}×{height}; "
            "make mode.window smaller"
        )
    lefts = _starts(width, size.width, size.width - overlap.x)
    tops = _starts(height, size.height, size.height - overlap.y)
    return [Rect(left, top, left + size.width, top + size.height) for top in tops for left in lefts]


def _starts(length: int, window: int, step: int) -> list[int]:
    return [*range(0, length - window, step), length - window]
