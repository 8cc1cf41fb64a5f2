"""Writes commands.md, configs.md, python.md and the table of layouts in datasets.md from the code.

    python docs/reference/generate.py

A test holds that they are up to date. Sentences come from the code, and are changed there: the help of options, the
docstrings of config keys, of functions and of classes.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import inspect
import json
import re
import sys
import textwrap
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import model
import pipelines
from model.inference.config import ModelSection
from model.inference.modes import MODES
from model.settings.section import Section, section_in
from model.training.config import TrainConfig
from pipelines.command_line import CommandLine
from pipelines.commands.layouts import layout_table

FOLDER = Path(__file__).resolve().parent

_PARAMETER = re.compile(r"(?:\n|  +)(?=[a-z_]+(?:, [a-z_]+)*: )")
"""Where a docstring begins to speak of another parameter."""

NOTEBOOKS = (
    "[from data to samples](../tutorials/data-to-samples.ipynb)",
    "[clicks in Python](../tutorials/clicks-in-python.ipynb)",
)

MADE_BY = "Made by `python docs/reference/generate.py`"


def pages() -> dict[str, str]:
    """The text of every page by its file name."""
    return {
        "commands.md": commands_page(),
        "configs.md": configs_page(),
        "datasets.md": datasets_page(),
        "python.md": python_page(),
    }


def cell(text: str) -> str:
    """A text as a cell of a table: one line, and nothing that Markdown takes for its own."""
    parts = re.split(r"(`[^`]*`)", " ".join(text.split()))
    return "".join(part if part.startswith("`") else part.replace("<", "\\<") for part in parts).replace("|", "\\|")


def table(*rows: tuple[str, ...]) -> Iterator[str]:
    """Lines of a table; the first row is its head."""
    head, *others = ("| " + " | ".join(map(cell, row)) + " |" for row in rows)
    yield from (re.sub(r" +", " ", head), "|" + "---|" * len(rows[0]), *others, "")


def datasets_page() -> str:
    """The page as it is, with the table of the layouts that there are."""
    text = (FOLDER / "datasets.md").read_text(encoding="utf-8")
    return re.sub(r"^\| layout \|(.*\n\|)*.*$", lambda _: layout_table(), text, count=1, flags=re.MULTILINE)


# ---------------------------------------------------------------- commands


def commands_page() -> str:
    lines = [
        "# Commands",
        "",
        "`smart-tool-data` is short for `python -m pipelines`, and `smart-tool` for `python -m model`; both know `--version`",
        f"and `--help`, which also stands after a command. {MADE_BY} from the parsers of the commands.",
        "",
    ]
    for package in (pipelines, model):
        front: CommandLine = importlib.import_module(f"{package.__name__}.__main__").COMMAND_LINE
        lines += [f"## {front.program}", "", front.description, ""]
        for name in front.commands:
            lines += _command(front, name)
    return "\n".join(lines).rstrip() + "\n"


def command_parser(front: CommandLine, name: str) -> argparse.ArgumentParser:
    """The parser of one command, as the command line makes it."""
    module = importlib.import_module(f"{front.package}.{name}")
    # Every Python shows help in its own way, but all fold it to the terminal's width.
    formatter = partial(argparse.RawDescriptionHelpFormatter, width=120)
    parser = argparse.ArgumentParser(prog=f"{front.program} {name}", formatter_class=formatter, add_help=False)
    module.add_arguments(parser)
    return parser


def _command(front: CommandLine, name: str) -> Iterator[str]:
    module = importlib.import_module(f"{front.package}.{name}")
    yield from (f"### {name}", "", module.DESCRIPTION, "")
    parser = command_parser(front, name)
    rows = [(_written(action), _explained(parser, action)) for action in parser._actions]
    if rows:
        yield from table((f"`{front.program} {name}`", ""), *rows)
    yield from ("```text", module.EPILOG.strip(), "```", "")


def _written(action: argparse.Action) -> str:
    """An argument as it is typed."""
    value = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
    if action.choices is not None and action.metavar is None:
        value = ",".join(map(str, action.choices))
        value = f"{{{value}}}"
    if not action.option_strings:
        return f"`{value}`" + {"?": ", optional", "*": ", any number"}.get(str(action.nargs), "")
    if action.nargs == 0:
        return ", ".join(f"`{option}`" for option in action.option_strings)
    return ", ".join(f"`{option} {value}`" for option in action.option_strings)


def _explained(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    said = parser._get_formatter()._expand_help(action) if action.help else ""
    return f"{said} (required)" if action.required and action.option_strings else said


# ---------------------------------------------------------------- configs


def configs_page() -> str:
    lines = [
        "# Configs",
        "",
        f"Every key of the JSON files that `train` and `predict` take. {MADE_BY} from the classes",
        "that read them.",
        "",
        "## Training configs",
        "",
        "`python -m model train CONFIG`; see [the guide](../guides/training.md).",
        "",
        *_section(TrainConfig, links=True),
    ]
    for name, section in _inner(TrainConfig):
        lines += [f"### {name}", "", _paragraph(section), "", *_section(section)]
    lines += [
        "## Inference configs",
        "",
        "`python -m model predict CONFIG`: an object with the keys `mode`, one of the below, and `model`; see",
        "[the guide](../guides/using.md#all-images-of-a-project).",
        "",
    ]
    shown: dict[str, type[Section]] = {"model": ModelSection, **{f"mode {name}": mode for name, mode in MODES.items()}}
    for name, part in shown.items():
        lines += [f"### {name}", "", _paragraph(part), "", *_section(part)]
    shared: dict[str, type[Section]] = {}
    for mode in MODES.values():
        shared |= dict(_inner(mode))
    for name, section in shared.items():
        lines += [f"### {name}", "", _paragraph(section), "", *_section(section)]
    return "\n".join(lines).rstrip() + "\n"


def _inner(section: type[Section], above: str = "") -> Iterator[tuple[str, type[Section]]]:
    """Sections in a section by the path to them, each followed by those in it."""
    for name, field in section.model_fields.items():
        inner = section_in(field.annotation)
        if inner is not None and issubclass(inner, Section):
            yield above + name, inner
            yield from _inner(inner, f"{above}{name}.")


def _section(section: type[Section], links: bool = False) -> Iterator[str]:
    """A row a key; links: whether those with keys of their own have a heading of the same name below."""
    docs = attribute_docs(section)
    schema = section.model_json_schema()
    rows = [("key", "value", "default", "")]
    for name, field in section.model_fields.items():
        inner = section_in(field.annotation)
        sentence = docs.get(name) or (_paragraph(inner) if inner else "")
        key = f"[`{name}`](#{name})" if links and inner else f"`{name}`"
        rows.append((key, in_words(schema["properties"][name]), _default(field), sentence))
    yield from table(*rows)


def _default(field: Any) -> str:
    if field.is_required():
        return "–"
    value = field.get_default(call_default_factory=True)
    inner = section_in(field.annotation)
    if inner is not None and value is not None:
        return "its defaults" if not isinstance(value, tuple) else f"`{_json([_plain(entry) for entry in value])}`"
    return f"`{_json(value)}`"


def _plain(section: Section) -> dict[str, Any]:
    return section.model_dump(mode="json")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _paragraph(cls: type) -> str:
    return " ".join((inspect.getdoc(cls) or "").split())


def attribute_docs(cls: type) -> dict[str, str]:
    """The sentence under each field of a class, or of one that it inherits from."""
    docs: dict[str, str] = {}
    for holder in reversed(cls.__mro__):
        if holder.__module__.split(".")[0] in ("model", "pipelines"):
            docs.update(_own_docs(holder))
    return docs


def _own_docs(cls: type) -> Iterator[tuple[str, str]]:
    for field, below in pairwise(_body(cls)):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(sentence))):
                yield name, " ".join(sentence.split())


def _body(cls: type) -> list[ast.stmt]:
    tree = ast.parse(textwrap.dedent(inspect.getsource(cls)))
    return next(node for node in tree.body if isinstance(node, ast.ClassDef)).body


def in_words(entry: Mapping[str, Any]) -> str:
    """A type of a JSON schema in words."""
    if "$ref" in entry:
        return "object"
    if "anyOf" in entry:
        return " or ".join(dict.fromkeys(in_words(form) for form in entry["anyOf"]))
    if "enum" in entry or "const" in entry:
        return " or ".join(f"`{_json(value)}`" for value in entry.get("enum", [entry.get("const")]))
    kind = entry.get("type")
    if kind in ("integer", "number"):
        return _number(entry)
    if kind == "array":
        inner: Mapping[str, Any] = entry.get("items") or next(iter(entry.get("prefixItems", ())), {})
        exactly = entry.get("maxItems")
        return f"list of {exactly} {in_words(inner)}" if exactly else f"list of {in_words(inner)}"
    if kind == "object" and isinstance(entry.get("additionalProperties"), Mapping):
        return f"object of name → {in_words(entry['additionalProperties'])}"
    return {"boolean": "`true` or `false`", "null": "`null`", "string": "text"}.get(str(kind), "object")


def _number(entry: Mapping[str, Any]) -> str:
    if "minimum" in entry and "maximum" in entry:
        return f"number from {entry['minimum']:g} to {entry['maximum']:g}"
    bounds = [
        f"{word} {entry[key]:g}"
        for key, word in (
            ("minimum", "at least"),
            ("exclusiveMinimum", "above"),
            ("maximum", "at most"),
            ("exclusiveMaximum", "below"),
        )
        if key in entry
    ]
    if "multipleOf" in entry:
        bounds.append(f"a multiple of {entry['multipleOf']:g}")
    return ", ".join(["whole number" if entry["type"] == "integer" else "number", *bounds])


# ---------------------------------------------------------------- names for Python


def python_page() -> str:
    lines = [
        "# From Python",
        "",
        "The names that `import pipelines` and `import model` offer; all else may change. Each is loaded when it is used, and",
        "has types that checkers read (`py.typed`).",
        f"To try them: {', '.join(NOTEBOOKS)}.",
        f"{MADE_BY} from the docstrings.",
        "",
    ]
    for package in (pipelines, model):
        lines += [f"## {package.__name__}", "", *_package(package)]
    return "\n".join(lines).rstrip() + "\n"


def _package(package: ModuleType) -> Iterator[str]:
    for name in package.__all__:
        value = getattr(package, name)
        if value in (getattr(pipelines, other) for other in pipelines.__all__) and package is model:
            continue
        yield from (f"### {package.__name__}.{name}", "")
        if inspect.isclass(value):
            yield from (*_prose(value), *_members(value))
        else:
            yield from ("```python", _signature(_function(value), name), "```", "", *_prose(value))


def _prose(value: Any) -> Iterator[str]:
    """A docstring: what it says at first, a list of what it says of parameters, and of errors."""
    first, *others = re.split(_PARAMETER, inspect.getdoc(value) or "")
    last, raises, errors = others[-1].rpartition("Raises ") if others else ("", "", "")
    if raises:
        others[-1] = last
    yield from (first.strip().replace("<", "\\<"), "")
    if others:
        yield from (*(f"* {' '.join(text.split())}" for text in others), "")
    if raises:
        yield from (" ".join(f"{raises}{errors}".split()), "")


def _members(cls: type) -> Iterator[str]:
    rows = [("", "")]
    if issubclass(cls, Section):
        yield from ("Its keys: [configs](configs.md#training-configs).", "")
    else:
        rows += [(f"`{name}`", sentence) for name, sentence in attribute_docs(cls).items() if not name.startswith("_")]
    for node in _body(cls):
        if not isinstance(node, ast.FunctionDef) or node.name.startswith("_"):
            continue
        sentence = ast.get_docstring(node)
        if sentence is None:
            continue
        kinds = {decorator.id for decorator in node.decorator_list if isinstance(decorator, ast.Name)}
        typed = node.name if kinds & {"property", "cached_property"} else _signature(node, node.name)
        rows.append((f"`{typed}`", sentence))
    if len(rows) > 1:
        yield from table(*rows)


def _function(value: Any) -> ast.FunctionDef:
    (node,) = ast.parse(textwrap.dedent(inspect.getsource(value))).body
    assert isinstance(node, ast.FunctionDef)
    return node


def _signature(node: ast.FunctionDef, name: str) -> str:
    """As it is called: without `self`, with defaults, without types where they fill more than a line."""
    arguments = node.args
    arguments.args = [argument for argument in arguments.args if argument.arg not in ("self", "cls")]
    for argument in (*arguments.args, *arguments.kwonlyargs):
        argument.annotation = None
    return f"{name}({ast.unparse(arguments)})"


def main() -> None:
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
        print(FOLDER / name)


if __name__ == "__main__":
    main()
