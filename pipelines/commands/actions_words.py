"""What the file of an action says of it, its meaning, its behaviour and each of its settings: in words and as JSON schemas."""

from __future__ import annotations

import ast
import inspect
import json
import sys
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, is_dataclass
from itertools import pairwise
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core.core_schema import DataclassSchema

from pipelines.actions import CATALOGUE, Action, Router, Sink, Source
from pipelines.actions.settings import setting_names
from pipelines.graph.spec import KEYS

_ANYTHING: dict[str, Any] = {"type": "object"}


def meaning(action: type[Action]) -> str:
    """The sentence that the action's file opens with, without the word itself."""
    module = sys.modules[action.__module__]
    first = (module.__doc__ or "").strip().partition("\n")[0]
    return first.removeprefix(f"`{action.word}`: ")


def behaviour(action: type[Action]) -> str:
    """Inputs, outputs and chance, in words."""
    values = [action.from_settings(example) for example in action.examples]
    chance = {bool(value.random) for value in values}
    most = max(value.fan_out for value in values)
    if issubclass(action, Source):
        flow = "starts a graph: its src are projects, as Project/* or Project/dataset"
    elif issubclass(action, Sink):
        flow = "ends a graph: its dst is the name of the result"
    elif issubclass(action, Router):
        flow = "two outputs: dst is [where samples go when the condition holds, where the others go]"
    else:
        flow = "makes several samples of one" if most > 1 else "one sample in, at most one out"
    if chance == {True}:
        return f"{flow}; draws at random, the same numbers for the same seed"
    return f"{flow}; draws at random with some settings" if True in chance else f"{flow}; nothing is left to chance"


# ---------------------------------------------------------------- settings in words


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting, of the action itself or of an object inside of its settings."""

    path: tuple[str, ...]
    """The names that lead to it; of what stands in a list, the list's name ends in `[]`."""
    type: str
    required: bool
    default: Any
    sentence: str

    @property
    def name(self) -> str:
        return ".".join(self.path)


def settings_of(action: type[Action]) -> Iterator[Setting]:
    """Every setting of an action, each followed by those inside of it."""
    schema = settings_schema(action)
    return _settings_in(schema, schema.get("$defs", {}), ())


def _settings_in(
    holder: Mapping[str, Any], definitions: Mapping[str, Any], above: tuple[str, ...]
) -> Iterator[Setting]:
    for name, entry in holder.get("properties", {}).items():
        required = name in holder.get("required", ())
        sentence = entry.get("description", "")
        yield Setting((*above, name), _type_words(entry), required, entry.get("default"), sentence)
        for place, inner in _objects_in(entry, definitions):
            yield from _settings_in(inner, definitions, (*above, name + place))


def _objects_in(entry: Mapping[str, Any], definitions: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The objects with settings of their own that a value can be or hold, each with how its place is written."""
    if "$ref" in entry:
        yield "", _definition(entry, definitions)
    for form in entry.get("anyOf", ()):
        yield from _objects_in(form, definitions)
    held = (("[]", [entry.get("items"), *entry.get("prefixItems", ())]), (".*", [entry.get("additionalProperties")]))
    for place, parts in held:
        for part in parts:
            if isinstance(part, dict):
                yield from ((place + deeper, inner) for deeper, inner in _objects_in(part, definitions))


def _definition(entry: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = definitions[entry["$ref"].rsplit("/", 1)[-1]]
    return found


def _type_words(entry: Mapping[str, Any]) -> str:
    """A type of a JSON schema in words."""
    if "$ref" in entry:
        return "object"
    if "anyOf" in entry:
        forms = [_type_words(form) for form in entry["anyOf"] if form.get("type") != "null"]
        return " or ".join(dict.fromkeys(forms))
    if "const" in entry or "enum" in entry:
        return " or ".join(json.dumps(value) for value in entry.get("enum", [entry.get("const")]))
    match entry.get("type"):
        case "array":
            items: dict[str, Any] = entry.get("items") or next(iter(entry.get("prefixItems", ())), {})
            least = entry.get("minItems", 0)
            number = f"{least} " if least == entry.get("maxItems") else "at least one " if least == 1 else ""
            return f"list of {number}{_type_words(items)}{'s' * (least != 1)}"
        case "object":
            inner = entry.get("additionalProperties")
            return f"object of name → {_type_words(inner)}" if isinstance(inner, dict) else "object"
        case "integer" | "number" as kind:
            low, high = entry.get("minimum"), entry.get("maximum")
            word = "whole number" if kind == "integer" else "number"
            if low is not None and high is not None:
                return f"{word} from {low:g} to {high:g}"
            return word + (
                f" of at least {low:g}" if low is not None else f" of at most {high:g}" if high is not None else ""
            )
        case "boolean":
            return "true or false"
        case other:
            return str(other or "any value")


# ---------------------------------------------------------------- settings as JSON schemas


def field_docs(cls: type) -> dict[str, str]:
    """The sentence under each field of a dataclass, or of one that it inherits from, by the field's name in graphs."""
    docs: dict[str, str] = {}
    for holder in reversed(cls.__mro__):
        if is_dataclass(holder):
            docs.update(_own_field_docs(holder))
    return docs


def _own_field_docs(cls: type) -> Iterator[tuple[str, str]]:
    tree = ast.parse(textwrap.dedent(inspect.getsource(cls)))
    body = next(node for node in tree.body if isinstance(node, ast.ClassDef)).body
    for field, below in pairwise(body):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(sentence))):
                yield name.rstrip("_"), " ".join(sentence.split())


class _Explained(GenerateJsonSchema):
    """Schemas in which each setting, however deep, is described by the sentence under its field."""

    def dataclass_schema(self, schema: DataclassSchema) -> JsonSchemaValue:
        found = super().dataclass_schema(schema)
        docs = field_docs(schema["cls"])
        for name, entry in found.get("properties", {}).items():
            if name in docs:
                entry["description"] = docs[name]
        return found


def settings_schema(action: type[Action]) -> dict[str, Any]:
    """The JSON schema of an action's settings."""
    if _takes_anything(action):
        return dict(_ANYTHING)
    schema = _as_written(TypeAdapter(action).json_schema(schema_generator=_Explained))
    known = setting_names(action, ())
    schema["properties"] = {name: entry for name, entry in schema.get("properties", {}).items() if name in known}
    schema["description"] = meaning(action)
    return schema


def _as_written(schema: Any) -> Any:
    """The schema with the form values have in graphs where a field says so (`"10px"`), not the form they are read into."""
    if isinstance(schema, list):
        return [_as_written(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    hidden = {"$ref", "default"} if {"$ref", "type"} <= schema.keys() else set()
    return {key: _as_written(part) for key, part in schema.items() if key not in hidden}


def graph_schema() -> dict[str, Any]:
    """The JSON schema of a whole graph: a list of layers, each with the settings of its action."""
    definitions: dict[str, Any] = {}
    cases = []
    for word in sorted(CATALOGUE):
        schema = settings_schema(CATALOGUE[word])
        inner = schema.pop("$defs", {})
        # Two actions may name a part of their settings alike.
        text = json.dumps(schema | {"$defs": inner}).replace('"#/$defs/', f'"#/$defs/{word}.')
        renamed = json.loads(text)
        definitions |= {f"{word}.{name}": part for name, part in renamed.pop("$defs").items()}
        definitions[word] = renamed
        cases.append(
            {
                "if": {"properties": {"action": {"const": word}}, "required": ["action"]},
                "then": {"properties": {"settings": {"$ref": f"#/$defs/{word}"}}},
            }
        )
    names = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
    words = [{"const": word, "description": meaning(CATALOGUE[word])} for word in sorted(CATALOGUE)]
    layer = {
        "type": "object",
        "required": list(KEYS),
        "additionalProperties": False,
        "properties": {"action": {"oneOf": words}, "src": names, "dst": names, "settings": _ANYTHING},
        "allOf": cases,
    }
    return {"title": "graph", "type": "array", "items": layer, "$defs": definitions}


def _takes_anything(action: type[Action]) -> bool:
    """Whether an action reads its settings in its own way instead of by its fields."""
    return "from_settings" in vars(action)
