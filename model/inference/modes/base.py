"""What all modes share: a mode is the `mode` section of a request, and what it makes of one image.

Adding one is one file beside this one, with its class, and a test.
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, get_args

import numpy as np
from numpy.typing import NDArray

from model.drawing import Picture
from model.inference.lengths import ALL, NAMES_WANTED, Names
from model.inference.predictor import Predictor
from model.projects.images import clicks_of
from model.settings.classes import SpecialClasses
from model.settings.section import Section
from pipelines.annotation import Annotation
from pipelines.clicks import Click, Mask
from pipelines.figures import Figure, Rectangle
from pipelines.image import Rect
from pipelines.meta import ClassSpec, Meta
from pipelines.registry import require_free

MODES: dict[str, type["Mode"]] = {}
"""All modes by their names; each registers itself."""


@dataclass(frozen=True)
class Answer:
    """What one mode makes of one image."""

    masks: tuple[Mask, ...] = ()
    """Full-size (H, W) masks."""
    areas: tuple[Figure, ...] = ()
    """The looked-at rectangles, where the request wants them saved."""
    probability: NDArray[np.float32] | None = None
    """(H, W) in 0..1, the network's own, the highest where areas overlap, in windows the mean; None without any mask."""
    without_clicks: int = 0
    """Looked-at areas without any positive click: there is nothing to segment in them."""


class ModelClasses(Section):
    """Which of the network's classes are saved, under which names."""

    WANTED: ClassVar[Mapping[str, str]] = {"save_classes": NAMES_WANTED, "save_names": NAMES_WANTED}

    save_classes: Names = ALL
    """Also known as `save_names`."""
    add_suffix: str = ""
    """Appended to the name of every saved class."""


class ModelTags(Section):
    """Which of the network's tags are saved. It gives none; the section is there for the sake of existing requests."""

    WANTED: ClassVar[Mapping[str, str]] = {"save_names": NAMES_WANTED}

    save_names: Names = ALL
    add_suffix: str = ""


@dataclass(frozen=True)
class Question:
    """One image of a project, as modes get it."""

    image: Picture
    """(H, W, 3)."""
    annotation: Annotation
    classes: SpecialClasses
    """What the annotation's classes mean."""

    @property
    def clicks(self) -> list[Click]:
        """The annotation's points."""
        return clicks_of(self.annotation, self.classes.pos, self.classes.neg)

    @property
    def whole(self) -> Rect:
        """The whole image."""
        return Rect(0, 0, self.image.shape[1], self.image.shape[0])


class Mode(Section):
    """What all modes have in common."""

    name: str
    model_classes: ModelClasses = ModelClasses()
    model_tags: ModelTags = ModelTags()
    save_probabilities: bool = False
    """Whether the network's probabilities are saved beside the masks, as grey pictures."""

    @abstractmethod
    def answer(self, predictor: Predictor, question: Question) -> Answer:
        """The masks that this mode gives for an image."""

    def added_classes(self, meta: Meta) -> list[ClassSpec]:
        """The classes of what it adds besides masks. UserError for a project that it cannot work on."""
        return []


def registered(mode: type[Mode]) -> type[Mode]:
    """Make a mode known by the one value that its `name` may have. Raises `ValueError` for a name that is taken."""
    (name,) = get_args(mode.model_fields["name"].annotation)
    require_free([name], MODES, mode, "mode")
    MODES[name] = mode
    return mode


def look_at(areas: Sequence[Rect], predictor: Predictor, question: Question, saved: tuple[Figure, ...] = ()) -> Answer:
    """One mask for each area that has a positive click in it."""
    image, clicks = question.image, question.clicks
    masks = []
    probability = np.zeros(image.shape[:2], np.float32)
    for area in areas:
        inside = clicks_inside(clicks, area)
        if any(click.positive for click in inside):
            place = np.s_[area.top : area.bottom, area.left : area.right]
            session = predictor.set_image(image[place]).add(inside)
            mask = np.zeros(image.shape[:2], bool)
            mask[place] = session.mask
            masks.append(mask)
            np.maximum(probability[place], session.probability, out=probability[place])
    return Answer(tuple(masks), saved, probability if masks else None, len(areas) - len(masks))


def clicks_inside(clicks: Sequence[Click], area: Rect) -> list[Click]:
    """The clicks in the area, in its own coordinates."""
    return [
        Click(click.x - area.left, click.y - area.top, click.positive)
        for click in clicks
        if area.left <= click.x < area.right and area.top <= click.y < area.bottom
    ]


def rectangle_figure(title: str, area: Rect) -> Figure:
    """The area as an object; a rectangle's right and bottom name its last pixels."""
    return Figure(title, Rectangle(area.left, area.top, area.right - 1, area.bottom - 1))
