"""The mode `roi`: the network sees a part of the image, the same share of each."""

from typing import Literal

from model.inference.lengths import Margins, pixels
from model.inference.modes.base import Answer, Mode, Question, look_at, rectangle_figure, registered
from model.inference.predictor import Predictor
from pipelines.errors import UserError
from pipelines.image import Rect
from pipelines.meta import ClassSpec, Meta


@registered
class Roi(Mode):
    """The network sees what is left of the image inside of the bounds."""

    name: Literal["roi"]
    bounds: Margins = Margins()
    """Cut off on each side; shares are of the image's width and height."""
    save: bool = False
    """Whether the rectangle is added too."""
    class_name: str = "inference_roi"
    """The rectangle's class."""

    def answer(self, predictor: Predictor, question: Question) -> Answer:
        area = inner_rect(self.bounds, question.whole)
        saved = (rectangle_figure(self.class_name, area),) if self.save else ()
        return look_at([area], predictor, question, saved)

    def added_classes(self, meta: Meta) -> list[ClassSpec]:
        return [ClassSpec(self.class_name, "rectangle")] if self.save else []


def inner_rect(bounds: Margins, whole: Rect) -> Rect:
    """The image without the bounds; UserError where nothing is left."""
    area = Rect(
        pixels(bounds.left, whole.width),
        pixels(bounds.top, whole.height),
        whole.right - pixels(bounds.right, whole.width),
        whole.bottom - pixels(bounds.bottom, whole.height),
    ).clip((whole.height, whole.width))
    if area.empty:
        raise UserError(
            f"mode.bounds leave nothing of an image of {whole.width}×{whole.height} pixels; make them smaller"
        )
    return area
