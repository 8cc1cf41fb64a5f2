"""Parts of configs: strict values, and one way to tell every mistake in them."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, ClassVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from pipelines.meta import nearest

Fraction = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
PositiveCount = Annotated[int, Field(ge=1)]
Positive = Annotated[float, Field(gt=0)]


class Section(BaseModel):
    """What all parts of the config share: no unknown keys, no converted types, no changes afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    WANTED: ClassVar[Mapping[str, str]] = {}
    """By key what a value of it may be, in words, where pydantic's own would not help."""


def problems_of(error: ValidationError, section: type[BaseModel], whole: str, place: str = "") -> list[str]:
    """One line a problem: the key's path, what was found, what is allowed.

    section: what was to be read.  whole: what stands for it in messages where no key does.  place: the path to it.
    """
    # A value that fits none of two forms is reported once for each; once is enough.
    return list(dict.fromkeys(_problem(detail, section, whole, place) for detail in error.errors()))


def listed(name: str, problems: Sequence[str]) -> str:
    """The problems of the file `name` as one message."""
    head = f"{name}: {len(problems)} problem{'s' if len(problems) > 1 else ''}"
    return "\n".join([head, *(f"  {problem}" for problem in problems)])


def key_path(location: Iterable[str | int]) -> str:
    """`("gpu_devices", 1)` → `gpu_devices[1]`."""
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path


def value_text(value: Any) -> str:
    """A found value as JSON, cut off where it is long."""
    text = json.dumps(value, default=str)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."


_LONGEST = 60


def _problem(detail: ErrorDetails, section: type[BaseModel], whole: str, place: str) -> str:
    path, owner, wanted = _followed(detail["loc"], section)
    where = key_path([*([place] if place else []), *path])
    found = value_text(detail["input"])
    match detail["type"]:
        case "extra_forbidden":
            known = list(owner.model_fields)
            return f"{where}: unknown key{nearest(str(path[-1]), known)}; known here: {', '.join(known)}"
        case "missing":
            return f"{where}: missing; it has no default"
        case "value_error":
            return f"{where}: {detail['ctx']['error']}" if where else str(detail["ctx"]["error"])
        case "model_type":
            known = list((section_in(wanted) or section).model_fields)
            return f"{where or whole}: found {found}; an object with the keys {', '.join(known)} is needed"
    if issubclass(owner, Section) and (wants := owner.WANTED.get(str(path[-1]) if path else "")):
        return f"{where}: found {found}; {wants}"
    if detail["type"] == "literal_error":
        allowed = detail["ctx"]["expected"]
        names = [word.strip("' ") for word in allowed.replace(" or ", ",").split(",")]
        return f"{where}: found {found}; allowed are {allowed}{nearest(str(detail['input']), names)}"
    return f"{where}: found {found}; it {detail['msg'].removeprefix('Input ')}"


def _followed(location: Iterable[str | int], section: type[BaseModel]) -> tuple[list[str | int], type[BaseModel], Any]:
    """The part of an error's place that names keys, since pydantic adds which form of a value it tried; the section in which
    the last key is looked for; and what is wanted there."""
    path: list[str | int] = []
    owner = section
    wanted: Any = section
    inside: type[BaseModel] | None = section
    tried_forms = False
    for part in location:
        if isinstance(part, int):
            # A place in a list, whose sections the key before it has named.
            path += [] if tried_forms else [part]
        elif inside is None and holds_names(wanted) and "[" not in part:
            path.append(part)
        elif inside is None:
            tried_forms = True
        else:
            path.append(part)
            owner = inside
            field = owner.model_fields.get(part)
            wanted = field.annotation if field else None
            inside = section_in(wanted)
    return path, owner, wanted


def holds_names(annotation: Any) -> bool:
    """Whether the values of a key have names of their own, as in a dictionary."""
    return get_origin(annotation) is dict or any(map(holds_names, get_args(annotation)))


def section_in(annotation: Any) -> type[BaseModel] | None:
    """The section that a key holds, also where it may be null or a list of them; None where it holds something else."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (section_in(part) for part in get_args(annotation))
    return next((section for section in found if section is not None), None)
