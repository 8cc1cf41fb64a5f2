"""The inference request: the tutorial's JSON, typed, with every mistake reported at once."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from model.errors import UserError
from model.training.config import Section, key_path, nearest

ALL: Final = "__all__"
_LENGTH = re.compile(r"(-?[0-9]+)(%|px)")

Names = Literal["__all__"] | tuple[str, ...]
"""`"__all__"`, or a list of class names."""


class InferenceConfigError(UserError):
    """A request that cannot be followed; the text lists every problem with its place."""


def _is_length(text: str) -> str:
    if not _LENGTH.fullmatch(text):
        raise ValueError(f'{text!r} is no length; write whole pixels such as "10px" or a share such as "5%"')
    return text


Length = Annotated[str, AfterValidator(_is_length)]
"""Whole pixels `"10px"`, or a share of a side `"5%"`; may be negative."""


def pixels(length: str, side: int) -> int:
    """A length in pixels, shares taken of `side` and rounded."""
    match = _LENGTH.fullmatch(length)
    if match is None:
        raise ValueError(f"{length!r} is no length")
    number = int(match[1])
    return number if match[2] == "px" else round(side * number / 100)


class Sides(Section):
    """A length on each side of a box."""

    left: Length = "0px"
    top: Length = "0px"
    right: Length = "0px"
    bottom: Length = "0px"


class ModelSection(Section):
    """Where the network runs."""

    gpu_device: Annotated[int, Field(ge=0)] = 0
    """Number of the GPU; without any, the CPU is used."""


class ModelClasses(Section):
    """Which of the network's classes are saved, under which names."""

    save_classes: Names = ALL
    """Also known as `save_names`."""
    add_suffix: str = ""
    """Appended to the name of every saved class."""


class ModelTags(Section):
    """Which of the network's tags are saved. It gives none; the section is there for the sake of existing requests."""

    save_names: Names = ALL
    add_suffix: str = ""


class Mode(Section):
    """What all modes have in common."""

    name: str
    model_classes: ModelClasses = ModelClasses()
    model_tags: ModelTags = ModelTags()
    save_probabilities: bool = False
    """Whether the network's probabilities are saved beside the masks, as grey pictures."""


class FullImage(Mode):
    """The network sees the whole image."""

    name: Literal["full_image"]


class Roi(Mode):
    """The network sees what is left of the image inside of the bounds."""

    name: Literal["roi"]
    bounds: Sides = Sides()
    """Cut off on each side; shares are of the image's width and height."""
    save: bool = False
    """Whether the rectangle is added too."""
    class_name: str = "inference_roi"
    """The rectangle's class."""


class Bboxes(Mode):
    """The network sees the boxes of source objects, one after the other."""

    name: Literal["bboxes"]
    from_classes: Names = ALL
    """Of which objects; points are never taken."""
    padding: Sides = Sides()
    """Added on each side; shares are of the box's width and height. The result is clipped to the image."""
    save: bool = False
    """Whether the padded boxes are added too."""
    add_suffix: str = "_input_bbox"
    """Appended to the object's class for the box's class."""


class Window(Section):
    """Size of a sliding window, pixels."""

    width: Annotated[int, Field(ge=1)] = 128
    height: Annotated[int, Field(ge=1)] = 128


class Overlap(Section):
    """Pixels that neighbouring windows share at least."""

    x: Annotated[int, Field(ge=0)] = 0
    y: Annotated[int, Field(ge=0)] = 0


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


AnyMode = FullImage | Roi | Bboxes | SlidingWindow
MODES: dict[str, type[AnyMode]] = {
    "full_image": FullImage,
    "roi": Roi,
    "bboxes": Bboxes,
    "sliding_window": SlidingWindow,
}
UNSUPPORTED_MODES = {"sliding_window_det": "it collects rectangles, and a smart tool gives masks"}


@dataclass(frozen=True, slots=True)
class InferenceConfig:
    """One request."""

    model: ModelSection
    mode: AnyMode


def read_inference_config(path: str | Path) -> InferenceConfig:
    """The request in a JSON file. Raises InferenceConfigError, which lists all problems."""
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InferenceConfigError(
            f"inference config {path}: cannot be read ({error.strerror}); "
            "give a JSON file such as configs/inference/tutorial.json"
        ) from error
    return parse_inference_config(text, str(path))


def parse_inference_config(text: str, name: str) -> InferenceConfig:
    """The request in a JSON text; `name` stands for it in messages."""
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise InferenceConfigError(
            f"{name}, line {error.lineno}, column {error.colno}: not JSON: {error.msg}"
        ) from error
    if not isinstance(data, dict):
        raise InferenceConfigError(
            f'{name}: found {_shown(data)}; an object with the keys "model" and "mode" is needed'
        )
    data = _of_today(data)
    problems = [
        f"{key}: unknown key{nearest(key, ('model', 'mode'))}; known here: model, mode"
        for key in data
        if key not in ("model", "mode")
    ]
    model, found = _section(ModelSection, data.get("model", {}), "model")
    problems += found
    mode, found = _mode(data.get("mode"))
    problems += found
    if problems or model is None or mode is None:
        head = f"{name}: {len(problems)} problem{'s' if len(problems) > 1 else ''}"
        raise InferenceConfigError("\n".join([head, *(f"  {problem}" for problem in problems)]))
    return InferenceConfig(model, mode)


def _of_today(data: dict[str, Any]) -> dict[str, Any]:
    """A request of the oldest form in today's: the mode's name was called `source`, `model_classes` stood beside the mode,
    and what is now in `model` stood at the top."""
    mode = data.get("mode")
    if "model" in data or not isinstance(mode, dict) or ("source" not in mode and "model_classes" not in data):
        return data
    mode = {("name" if key == "source" else key): value for key, value in mode.items()}
    if "model_classes" in data:
        mode.setdefault("model_classes", data["model_classes"])
    return {
        "model": {key: value for key, value in data.items() if key not in ("mode", "model_classes")},
        "mode": mode,
    }


def _mode(data: Any) -> tuple[Any, list[str]]:
    """The mode, or the problems with it."""
    if not isinstance(data, dict):
        return None, [
            f'mode: found {_shown(data)}; an object with a "name" is needed, such as {{"name": "full_image"}}'
        ]
    name = data.get("name")
    if name in UNSUPPORTED_MODES:
        return None, [
            f"mode.name: {name} is not available here: {UNSUPPORTED_MODES[name]}; use one of {', '.join(MODES)}"
        ]
    if not isinstance(name, str) or name not in MODES:
        return None, [f"mode.name: found {_shown(name)}; allowed are {', '.join(MODES)}{nearest(str(name), MODES)}"]
    classes = data.get("model_classes")
    if isinstance(classes, dict) and "save_names" in classes and "save_classes" not in classes:
        renamed = {("save_classes" if key == "save_names" else key): value for key, value in classes.items()}
        data = {**data, "model_classes": renamed}
    return _section(MODES[name], data, "mode")


def _section(section: type[BaseModel], data: Any, place: str) -> tuple[Any, list[str]]:
    """The checked section, or None and its problems."""
    try:
        return section.model_validate_json(json.dumps(data)), []
    except ValidationError as error:
        # A value that fits none of two forms is reported once for each; once is enough.
        return None, list(dict.fromkeys(_describe(detail, section, place) for detail in error.errors()))


def _describe(detail: ErrorDetails, section: type[BaseModel], place: str) -> str:
    """One problem in one line: the key's path, what was found, what is allowed."""
    path = _own_path(detail["loc"], section)
    where = key_path([place, *path])
    if detail["type"] == "extra_forbidden":
        known = list(_section_at(section, path[:-1]).model_fields)
        return f"{where}: unknown key{nearest(str(path[-1]), known)}; known here: {', '.join(known)}"
    if detail["type"] == "value_error":
        return f"{where}: {detail['ctx']['error']}"
    if path and path[-1] in ("save_classes", "save_names", "from_classes"):
        return f'{where}: found {_shown(detail["input"])}; give a list of class names, or "{ALL}"'
    return f"{where}: found {_shown(detail['input'])}; it {detail['msg'].removeprefix('Input ')}"


def _own_path(location: Sequence[str | int], section: type[BaseModel]) -> list[str | int]:
    """The part of an error's place that names keys; pydantic adds which form of a value it tried."""
    path: list[str | int] = []
    current: Any = section
    for part in location:
        if isinstance(current, type) and issubclass(current, BaseModel):
            path.append(part)
            field = current.model_fields.get(str(part))
            current = field.annotation if field else None
    return path


def _section_at(section: type[BaseModel], path: Sequence[str | int]) -> type[BaseModel]:
    for part in path:
        inner = section.model_fields[str(part)].annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            section = inner
    return section


def _shown(value: Any) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= 60 else text[:57] + "..."
