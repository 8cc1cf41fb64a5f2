"""The mode `bboxes`: the network sees the boxes of a project's objects, one after the other."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from model.inference.lengths import ALL, NAMES_WANTED, Margins, Names, listed_names, pixels
from model.inference.modes.base import Answer, Mode, Question, look_at, rectangle_figure, registered
from model.inference.predictor import Predictor
from model.settings.classes import SpecialClasses
from pipelines.annotation import Annotation
from pipelines.errors import UserError
from pipelines.figures import Figure
from pipelines.image import Rect
from pipelines.meta import ClassSpec, Meta, nearest


@registered
class Bboxes(Mode):
    """The network sees the boxes of source objects, one after the other."""

    WANTED: ClassVar[Mapping[str, str]] = {"from_classes": NAMES_WANTED}

    name: Literal["bboxes"]
    from_classes: Names = ALL
    """Of which objects; points are never taken."""
    padding: Margins = Margins()
    """Added on each side; shares are of the box's width and height. The result is clipped to the image."""
    save: bool = False
    """Whether the padded boxes are added too."""
    add_suffix: str = "_input_bbox"
    """Appended to the object's class for the box's class."""

    def answer(self, predictor: Predictor, question: Question) -> Answer:
        boxes = source_boxes(self, question.annotation, question.classes, question.whole)
        saved = tuple(rectangle_figure(figure.title + self.add_suffix, area) for figure, area in boxes)
        return look_at([area for _, area in boxes], predictor, question, saved if self.save else ())

    def added_classes(self, meta: Meta) -> list[ClassSpec]:
        for title in listed_names(self.from_classes):
            if title not in meta.titles:
                raise UserError(
                    f"mode.from_classes: the project has no class {title!r}{nearest(title, meta.titles)}; "
                    f"its classes are {', '.join(meta.titles)}"
                )
        titles = [spec.title for spec in meta.classes if spec.shape != "point"] if self.save else []
        wanted = titles if self.from_classes == ALL else [title for title in titles if title in self.from_classes]
        return [ClassSpec(title + self.add_suffix, "rectangle") for title in wanted]


def source_boxes(
    mode: Bboxes, annotation: Annotation, classes: SpecialClasses, whole: Rect
) -> list[tuple[Figure, Rect]]:
    """The padded boxes of the objects to look at, each with its object; points and what lies outside are left out, and what
    is neutral unless it is asked for by name."""
    found = []
    for figure in annotation.figures:
        wanted = figure.title != classes.neutral if mode.from_classes == ALL else figure.title in mode.from_classes
        if not wanted or figure.shape.kind == "point":
            continue
        left, top, right, bottom = (round(value) for value in figure.shape.bounds)
        padding = mode.padding
        area = Rect(
            left - pixels(padding.left, right - left),
            top - pixels(padding.top, bottom - top),
            right + pixels(padding.right, right - left),
            bottom + pixels(padding.bottom, bottom - top),
        ).clip((whole.height, whole.width))
        if not area.empty:
            found.append((figure, area))
    return found
