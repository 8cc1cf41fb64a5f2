"""The inference request: the tutorial's JSON, typed, with every mistake reported at once."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field, ValidationError

from model.inference.modes import MODES, Mode
from model.settings.section import Section, listed, problems_of, value_text
from pipelines.errors import UserError
from pipelines.formats.text import NotText, decoded
from pipelines.meta import nearest


class InferenceConfigError(UserError):
    """A request that cannot be followed; the text lists every problem with its place."""


class ModelSection(Section):
    """Where the network runs."""

    gpu_device: Annotated[int, Field(ge=0)] = 0
    """Number of the GPU; without any, the CPU is used."""


UNSUPPORTED_MODES = {"sliding_window_det": "it collects rectangles, and a smart tool gives masks"}


@dataclass(frozen=True, slots=True)
class InferenceConfig:
    """One request."""

    model: ModelSection
    mode: Mode


def read_inference_config(path: str | Path) -> InferenceConfig:
    """The request in a JSON file. Raises InferenceConfigError, which lists all problems."""
    path = Path(path)
    try:
        text = decoded(path.read_bytes(), f"inference config {path}")
    except NotText as error:
        raise InferenceConfigError(str(error)) from None
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
            f'{name}: found {value_text(data)}; an object with the keys "model" and "mode" is needed'
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
        raise InferenceConfigError(listed(name, problems))
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
            f'mode: found {value_text(data)}; an object with a "name" is needed, such as {{"name": "full_image"}}'
        ]
    name = data.get("name")
    if name in UNSUPPORTED_MODES:
        return None, [
            f"mode.name: {name} is not available here: {UNSUPPORTED_MODES[name]}; use one of {', '.join(MODES)}"
        ]
    if not isinstance(name, str) or name not in MODES:
        return None, [f"mode.name: found {value_text(name)}; allowed are {', '.join(MODES)}{nearest(str(name), MODES)}"]
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
        return None, problems_of(error, section, place, place)
