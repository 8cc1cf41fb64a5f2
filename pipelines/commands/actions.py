"""`actions`: the words of the graph language, explained from their own source."""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

from pipelines.actions import CATALOGUE, Action
from pipelines.commands.actions_words import Setting, behaviour, graph_schema, meaning, settings_of, settings_schema
from pipelines.errors import UserError
from pipelines.meta import nearest

EPILOG = """\
examples:
  python -m pipelines actions                          all words of the graph language
  python -m pipelines actions crop                     the settings of one, with examples
  python -m pipelines actions --schema > graph.schema.json
  python -m pipelines actions --pages docs             renew docs/reference/actions and their pictures
  python -m pipelines actions --new soften_edges       write the file and the test of a new one, which work as they are

An editor that is given the schema (VS Code: "json.schemas" in its settings) completes and checks graphs while they are written.
"""

_DIALECT = "https://json-schema.org/draft/2020-12/schema"

DESCRIPTION = "List the actions a graph can use, or explain one: its settings, what it draws at random, examples."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("name", nargs="?", metavar="NAME", help="an action")
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument(
        "--schema", action="store_true", help="print the JSON schema of a graph, or of the settings of NAME"
    )
    instead.add_argument(
        "--pages",
        metavar="DIR",
        help="write a page with pictures for each action below DIR, which has reference/actions/example",
    )
    instead.add_argument(
        "--new", metavar="WORD", help="write a new action and its test into this checkout, to be changed into yours"
    )


def run(arguments: argparse.Namespace) -> int:
    name = arguments.name
    for option, value in (("--pages", arguments.pages), ("--new", arguments.new)):
        if value is not None and name is not None:
            raise UserError(f"found NAME {name!r} beside {option} {value}, which takes no NAME; leave one of them out")
    if arguments.pages is not None:
        return _write_pages(Path(arguments.pages))
    if arguments.new is not None:
        return _write_new(arguments.new)
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
    texts, pictures = write_pages(docs)
    print(f"{texts} pages and {pictures} pictures: {docs}")
    return 0


def _write_new(word: str) -> int:
    from pipelines.commands.actions_new import checkout, write_action

    file, test = write_action(word, checkout())
    print(
        f"written: {file} and {test}, an action that keeps the objects of some classes\n"
        "Make it yours: its docstring is its page, a field is a setting, examples are what the tests of all actions try. What\n"
        f"else an action can say, such as that it draws at random or that it changes sizes, is in {file.parent}/base.py\n"
        f"  python -m pytest tests/pipelines tests/docs -k {word}\n"
        "  python -m pipelines actions --pages docs"
    )
    return 0


def overview() -> str:
    """Every word with its meaning, a line each."""
    width = max(map(len, CATALOGUE))
    lines = [f"{word:<{width}}  {meaning(CATALOGUE[word])}" for word in sorted(CATALOGUE)]
    return "\n".join([*lines, "", "one of them in full: python -m pipelines actions NAME"])


def explanation(action: type[Action]) -> str:
    """One action in full."""
    lines = [f"{action.word}: {meaning(action)}", "", f"  {behaviour(action)}"]
    details = getattr(vars(action).get("apply"), "__doc__", None) or ""
    lines += textwrap.wrap(details, 100, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)
    settings = [line for setting in settings_of(action) for line in _setting_lines(setting)]
    lines += ["", "settings" if settings else "settings: none", *settings]
    lines += ["", "examples"]
    layers = [{"action": action.word, "settings": example} for example in action.examples]
    lines += [f"  {json.dumps(layer, ensure_ascii=False)}" for layer in layers]
    return "\n".join([*lines, "", f"with pictures: docs/reference/actions/{action.word}.md"])


def _setting_lines(setting: Setting) -> Iterator[str]:
    """A line for a setting, indented by what it is inside of, and the sentence about it."""
    indent = "  " + "    " * (len(setting.path) - 1)
    value = setting.default
    default = ", optional" if value in (None, []) else f", default {json.dumps(value)}"
    yield f"{indent}{setting.path[-1]}: {setting.type}{'' if setting.required else default}"
    deeper = indent + "    "
    yield from textwrap.wrap(
        setting.sentence, 100 - len(indent), initial_indent=deeper, subsequent_indent=deeper, break_on_hyphens=False
    )
