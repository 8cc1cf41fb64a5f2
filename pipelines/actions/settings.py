"""What pydantic found wrong with a layer's settings, said in the language's own words and by the names that graphs use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_type_hints

from pydantic import ValidationError

from pipelines.actions.base import Action, Finding
from pipelines.meta import nearest

# Marks an expectation that is a whole sentence: what was found would add nothing to it.
_WHOLE_SENTENCE = "\0"


def findings_of(cls: type[Action], error: ValidationError, settings: Any) -> list[Finding]:
    """Pydantic's report in the language's own words, one finding a wrong place."""
    expected: dict[tuple[str | int, ...], list[str]] = {}
    found: dict[tuple[str | int, ...], Any] = {}
    for entry in error.errors(include_url=False):
        path = _path_in(settings, entry["loc"], entry["type"])
        found[path] = entry.get("input")
        expected.setdefault(path, []).append(_expectation(entry, cls, path))
    # Of a value with several allowed forms every form reports; where one of them got further inside, it was the one meant.
    inner = [
        path
        for path in expected
        if not any(len(other) > len(path) and other[: len(path)] == path for other in expected)
    ]
    return [Finding(path, _sentence(found[path], expected[path])) for path in inner]


def _path_in(settings: Any, loc: tuple[str | int, ...], kind: str) -> tuple[str | int, ...]:
    """Pydantic's location without its names for the allowed forms of a value: only what leads through the settings."""
    path: list[str | int] = []
    value = settings
    for part in loc:
        is_key = isinstance(value, dict) and part in value
        is_place = isinstance(value, list) and isinstance(part, int) and part < len(value)
        if is_key or is_place:
            path.append(part)
            value = value[part]
    if kind == "missing":
        path.append(loc[-1])
    return tuple(path)


def _sentence(found: Any, expected: list[str]) -> str:
    if expected[0].startswith(_WHOLE_SENTENCE):
        return expected[0].removeprefix(_WHOLE_SENTENCE)
    return f"found {found!r}, " + ", or ".join(dict.fromkeys(expected))


def _expectation(entry: Any, cls: type[Action], path: tuple[str | int, ...]) -> str:
    context = entry.get("ctx", {})
    match entry["type"]:
        case "missing":
            return f"{_WHOLE_SENTENCE}this setting is missing"
        case "unexpected_keyword_argument":
            known = setting_names(cls, path[:-1])
            return f"{_WHOLE_SENTENCE}there is no such setting{nearest(str(path[-1]), known)}; " + (
                f"allowed: {', '.join(known)}" if known else "there are none here"
            )
        case "value_error":
            return f"{_WHOLE_SENTENCE}{context['error']}"
        case "literal_error":
            allowed = [word.strip(" '") for word in context["expected"].replace(" or ", ", ").split(",")]
            return f"{' or '.join(repr(word) for word in allowed)} is expected{nearest(str(entry['input']), allowed)}"
        case "dataclass_type" | "dict_type":
            return "an object {...} is expected"
        case "tuple_type":
            return "a list [...] is expected"
        case "string_type":
            return "a string is expected"
        case "int_type" | "int_from_float":
            return "a whole number is expected"
        case "float_type":
            return "a number is expected"
        case "bool_type":
            return "true or false is expected"
        case "greater_than_equal":
            return f"at least {context['ge']:g} is expected"
        case "less_than_equal":
            return f"at most {context['le']:g} is expected"
        case "greater_than":
            return f"more than {context['gt']:g} is expected"
        case "too_short":
            return (
                "at least one entry is expected"
                if context["min_length"] == 1
                else f"{context['min_length']} entries are expected"
            )
        case _:
            return str(entry["msg"])


def setting_names(cls: type, path: Sequence[str | int]) -> list[str]:
    """The settings allowed at a place below a dataclass of settings, in their order; nothing where names are free."""
    holder: Any = cls
    for part in path:
        hint = next((hint for name, hint in _settings(holder).items() if name == part), None)
        holder = next((form for form in _forms(hint) if is_dataclass(form)), None)
    return list(_settings(holder))


def _settings(holder: Any) -> dict[str, Any]:
    """The type of each setting of a dataclass, by the name that graphs use."""
    if not is_dataclass(holder):
        return {}
    hints = get_type_hints(holder, include_extras=True)
    names = {}
    for item in fields(holder):
        notes = getattr(hints[item.name], "__metadata__", ())
        alias = next((note.alias for note in notes if getattr(note, "alias", None)), item.name)
        if item.init:
            names[alias] = hints[item.name]
    return names


def _forms(hint: Any) -> list[Any]:
    """The alternatives of a type: the members of a union, the type behind an annotation."""
    inside = get_args(hint)
    return [hint] if isinstance(hint, type) or not inside else [form for part in inside for form in _forms(part)]
