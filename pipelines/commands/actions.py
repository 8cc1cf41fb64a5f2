"""`actions`: the words of the graph language, explained from their own source."""

from __future__ import annotations

import argparse
import ast
import inspect
import json
import sys
import textwrap
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from pipelines.actions import CATALOGUE, Action, Router, Sink, Source
from pipelines.actions.settings import setting_names
from pipelines.errors import UserError
from pipelines.graph.spec import KEYS
from pipelines.meta import nearest

if TYPE_CHECKING:
    from pipelines.commands.actions_pages import Words

EPILOG = """\
examples:
  python -m pipelines actions                          all words of the graph language
  python -m pipelines actions crop                     the settings of one, with examples
  python -m pipelines actions --schema > graph.schema.json
  python -m pipelines actions --pages docs             renew docs/actions and docs/pictures/actions, a page for each

An editor that is given the schema (VS Code: "json.schemas" in its settings) completes and checks graphs while they are written.
"""

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_ANYTHING: dict[str, Any] = {"type": "object"}

DESCRIPTION = "List the actions a graph can use, or explain one: its settings, what it draws at random, examples."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("name", nargs="?", metavar="NAME", help="an action")
    parser.add_argument(
        "--schema", action="store_true", help="print the JSON schema of a graph, or of the settings of NAME"
    )
    parser.add_argument(
        "--pages", metavar="DIR", help="write a page with pictures for each action below DIR, which has actions/example"
    )


def run(arguments: argparse.Namespace) -> int:
    if arguments.pages:
        return _write_pages(Path(arguments.pages))
    name = arguments.name
    if name is not None and name not in CATALOGUE:
        known = ", ".join(sorted(CATALOGUE))
        raise UserError(f"there is no action {name!r}{nearest(name, CATALOGUE)}; the actions are {known}")
    if arguments.schema:
        schema = settings_schema(CATALOGUE[name]) if name else graph_schema()
        text = json.dumps({"$schema": _DIALECT, **schema}, indent=2, ensure_ascii=False)
    else:
        text = explanation(CATALOGUE[name]) if name else overview()
    sys.stdout.write(text + "\n")
    return 0


def _write_pages(docs: Path) -> int:
    from pipelines.commands.actions_pages import ALBUM, write_pages

    if not (docs / ALBUM).is_file():
        raise UserError(f"--pages {docs}: there is no {docs / ALBUM}, which has the photographs to draw on; give docs")
    texts, pictures = write_pages(docs, words_for_pages())
    print(f"{texts} pages and {pictures} pictures: {docs}")
    return 0


def words_for_pages() -> Words:
    """What the pages say of each action, in the words of this command."""
    from pipelines.commands.actions_pages import Words, setting_rows

    def settings(action: type[Action]) -> Iterator[tuple[str, str, str, str]]:
        schema = settings_schema(action)
        return setting_rows(schema, schema.get("$defs", {}), _type)

    return Words(meaning, _behaviour, settings)


def overview() -> str:
    """Every word with its meaning, a line each."""
    width = max(map(len, CATALOGUE))
    lines = [f"{word:<{width}}  {meaning(CATALOGUE[word])}" for word in sorted(CATALOGUE)]
    return "\n".join([*lines, "", "one of them in full: python -m pipelines actions NAME"])


def meaning(action: type[Action]) -> str:
    """The sentence that the action's file opens with, without the word itself."""
    module = sys.modules[action.__module__]
    first = (module.__doc__ or "").strip().splitlines()[0]
    return first.removeprefix(f"`{action.word}`: ")


def explanation(action: type[Action]) -> str:
    """One action in full."""
    lines = [f"{action.word}: {meaning(action)}", "", f"  {_behaviour(action)}"]
    details = getattr(vars(action).get("apply"), "__doc__", None) or ""
    lines += textwrap.wrap(details, 100, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)
    schema = settings_schema(action)
    settings = list(_setting_lines(schema, schema.get("$defs", {}), "  "))
    lines += ["", "settings" if settings else "settings: none", *settings]
    lines += ["", "examples"]
    layers = [{"action": action.word, "settings": example} for example in action.examples]
    lines += [f"  {json.dumps(layer, ensure_ascii=False)}" for layer in layers]
    return "\n".join([*lines, "", f"with pictures: docs/actions/{action.word}.md"])


def _behaviour(action: type[Action]) -> str:
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


def field_docs(cls: type) -> dict[str, str]:
    """The sentence under each field of a class, by the field's name in graphs."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(cls)))
    body = next(node for node in tree.body if isinstance(node, ast.ClassDef)).body
    docs = {}
    for field, below in pairwise(body):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(sentence))):
                docs[name.rstrip("_")] = inspect.cleandoc(sentence)
    return docs


def settings_schema(action: type[Action]) -> dict[str, Any]:
    """The JSON schema of an action's settings."""
    if _takes_anything(action):
        return dict(_ANYTHING)
    schema = _as_written(TypeAdapter(action).json_schema())
    known = setting_names(action, ())
    schema["properties"] = {name: entry for name, entry in schema.get("properties", {}).items() if name in known}
    for name, sentence in field_docs(action).items():
        schema["properties"][name]["description"] = " ".join(sentence.split())
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


def _setting_lines(holder: dict[str, Any], definitions: dict[str, Any], indent: str) -> Iterator[str]:
    """A line for each setting of an object, the sentence about it, and the same for what is inside of it."""
    for name, entry in holder.get("properties", {}).items():
        optional = "" if name in holder.get("required", ()) else _default(entry)
        yield f"{indent}{name}: {_type(entry, definitions)}{optional}"
        deeper = indent + "    "
        sentence = entry.get("description", "")
        yield from textwrap.wrap(
            sentence, 100 - len(indent), initial_indent=deeper, subsequent_indent=deeper, break_on_hyphens=False
        )
        for form in entry.get("anyOf", [entry]):
            if "$ref" in form:
                yield from _setting_lines(_definition(form, definitions), definitions, deeper)


def _default(entry: dict[str, Any]) -> str:
    value = entry.get("default")
    return ", optional" if value in (None, []) else f", default {json.dumps(value)}"


def _definition(entry: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = definitions[entry["$ref"].rsplit("/", 1)[-1]]
    return found


def _type(entry: dict[str, Any], definitions: dict[str, Any]) -> str:
    """A type of a JSON schema in words."""
    if "$ref" in entry:
        return "object"
    if "anyOf" in entry:
        forms = [_type(form, definitions) for form in entry["anyOf"] if form.get("type") != "null"]
        return " or ".join(dict.fromkeys(forms))
    if "const" in entry or "enum" in entry:
        return " or ".join(json.dumps(value) for value in entry.get("enum", [entry.get("const")]))
    match entry.get("type"):
        case "array":
            items: dict[str, Any] = entry.get("items") or next(iter(entry.get("prefixItems", ())), {})
            least = entry.get("minItems", 0)
            number = f"{least} " if least == entry.get("maxItems") else "at least one " if least == 1 else ""
            return f"list of {number}{_type(items, definitions)}{'s' * (least != 1)}"
        case "object":
            inner = entry.get("additionalProperties")
            return f"object of name → {_type(inner, definitions)}" if isinstance(inner, dict) else "object"
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
