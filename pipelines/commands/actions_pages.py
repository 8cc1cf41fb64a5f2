"""A page for each word of the graph language, made of its file alone: what it does, its settings, numbers and pictures."""

from __future__ import annotations

import inspect
import json
import re
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.actions import ALIASES, CATALOGUE, Action
from pipelines.commands.actions_pictures import ALL, Album, Shot, picture, read_album
from pipelines.commands.actions_words import behaviour, meaning, settings_of
from pipelines.errors import UserError
from pipelines.meta import nearest

FAMILIES = (
    "input and output",
    "flow",
    "space",
    "light and colour",
    "classes and objects",
    "other shapes",
    "masks",
    "lines",
)
"""The groups of the index, in its order. An action's file names its group in the line `Family: ...`."""

PAGES, PICTURES = Path("reference/actions"), Path("pictures/actions")
ALBUM = PAGES / "example" / "photographs.json"
COMMAND = "python -m pipelines actions --pages docs"

_PICTURE = re.compile(r"Picture: (\w+)(?:\(([^)]*)\))?(, plain)? (.+)", re.DOTALL)


@dataclass(frozen=True)
class Notes:
    """What the docstring of an action's module says below its first line."""

    family: str
    prose: tuple[str, ...]
    examples: tuple[str, ...]
    shots: tuple[Shot, ...]


def notes_of(action: type[Action]) -> Notes:
    """The parts of an action's docstring. Raises `UserError` with all that is missing or not written properly."""
    first, *blocks = inspect.cleandoc(sys.modules[action.__module__].__doc__ or "").split("\n\n")
    families: list[str] = []
    prose: list[str] = []
    examples: list[str] = []
    shots: list[Shot] = []
    wrong: list[str] = []
    if not first.startswith(f"`{action.word}`: "):
        wrong.append(f"found {first!r}, the docstring of the file opens with a line '`{action.word}`: what it does.'")
    for block in blocks:
        if block.startswith(">>> "):
            examples.append(block)
        elif block.startswith("Family:"):
            families.append(block.removeprefix("Family:").strip().removesuffix("."))
        elif block.startswith("Picture:"):
            try:
                shots.append(_shot(block, action.word))
            except ValueError as error:
                wrong.append(str(error))
        else:
            prose.append(" ".join(block.split()))
    wrong += _family_problems(families)
    if wrong:
        raise UserError("\n".join(f"{_source(action)}: {problem}" for problem in wrong))
    return Notes(families[0], tuple(prose), tuple(examples), tuple(shots))


def _family_problems(found: Sequence[str]) -> Iterator[str]:
    allowed = f"the families are {', '.join(FAMILIES)}"
    if not found:
        yield (
            f"the docstring of the file names no family; write 'Family: {FAMILIES[2]}.', or another one, below its first line, "
            f"between empty lines; {allowed}"
        )
    elif len(found) > 1:
        yield f"found the families {' and '.join(map(repr, found))}, an action has one; remove the others"
    elif found[0] not in FAMILIES:
        yield f"found the family {found[0]!r}{nearest(found[0], FAMILIES)}; {allowed}"


def notes_of_all() -> dict[str, Notes]:
    """Of every action by its word. Raises `UserError` with all that is wrong in any of them."""
    found: dict[str, Notes] = {}
    wrong: list[str] = []
    for word in sorted(CATALOGUE):
        try:
            found[word] = notes_of(CATALOGUE[word])
        except UserError as error:
            wrong.append(str(error))
    if wrong:
        raise UserError("\n".join(wrong))
    return found


def _shot(block: str, word: str) -> Shot:
    match = _PICTURE.fullmatch(block)
    if match is None:
        raise ValueError(f"found {block!r}, a picture is written as 'Picture: photograph(class, class) settings'")
    name, titles, plain, text = match.groups()
    classes = None if titles is None else tuple(filter(None, titles.split(", ")))
    try:
        value = json.loads(" ".join(text.split()))
        layers = tuple((layer, settings) for layer, settings in value) if isinstance(value, list) else ((word, value),)
    except ValueError as error:
        raise ValueError(
            f"found {block!r}, which does not end in settings, or in a list of [word, settings], as JSON: {error}"
        ) from None
    return Shot(name, classes, layers, plain is not None)


def picture_name(word: str, number: int) -> str:
    return f"{word}-{number}.jpg"


def pages(album: Album) -> Mapping[str, str]:
    """The text of every page by its file name."""
    notes = notes_of_all()
    found = {f"{word}.md": _page(CATALOGUE[word], notes[word], album) for word in notes}
    return {"README.md": _index(notes, album), **found}


def write_pages(docs: Path) -> tuple[int, int]:
    """Write pages and pictures below a folder; files of words that are gone are removed. How many of each."""
    album = read_album(docs / ALBUM)
    texts = pages(album)
    pictures = {
        picture_name(word, number): picture(shot, album)
        for word, notes in notes_of_all().items()
        for number, shot in enumerate(notes.shots, 1)
    }
    for folder, suffix, files in (
        (docs / PAGES, "md", {name: text.encode() for name, text in texts.items()}),
        (docs / PICTURES, "jpg", pictures),
    ):
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob(f"*.{suffix}"):
            if old.name not in files:
                old.unlink()
        for name, data in files.items():
            (folder / name).write_bytes(data)
    return len(texts), len(pictures)


def _page(action: type[Action], notes: Notes, album: Album) -> str:
    lines = [f"# `{action.word}`", "", _sentence(meaning(action)), ""]
    for text in (*notes.prose, _details(action)):
        lines += [text, ""] if text else []
    flow, chance = behaviour(action).split("; ", 1)
    lines += ["| | |", "|---|---|", f"| samples | {flow} |", f"| chance | {chance} |"]
    aliases = [alias for alias, word in ALIASES.items() if word == action.word]
    lines += [f"| also called | {', '.join(f'`{alias}`' for alias in aliases)} |"] if aliases else []
    lines += ["", *_settings(action), *_pictures(action.word, notes, album), *_numbers(notes)]
    lines += ["## As a layer's `settings`", "", "```json"]
    lines += [_json(example) for example in action.examples]
    lines += ["```", "", f"[All words](README.md) · [source](../../../{_source(action)})"]
    return "\n".join(lines) + "\n"


def _details(action: type[Action]) -> str:
    return " ".join((getattr(vars(action).get("apply"), "__doc__", None) or "").split())


def _source(action: type[Action]) -> str:
    return action.__module__.replace(".", "/") + ".py"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _settings(action: type[Action]) -> Iterator[str]:
    yield from ("## Settings", "")
    found = list(settings_of(action))
    if not found:
        yield from ("None.", "")
        return
    yield from ("| setting | type | default | |", "|---|---|---|---|")
    for setting in found:
        value = setting.default
        default = "required" if setting.required else "none" if value in (None, [], {}) else f"`{json.dumps(value)}`"
        cells = (f"`{setting.name}`", setting.type, default, setting.sentence)
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
    yield ""


def _pictures(word: str, notes: Notes, album: Album) -> Iterator[str]:
    if not notes.shots:
        return
    yield from ("## On a photograph", "")
    for number, shot in enumerate(notes.shots, 1):
        if shot.layers[0][0] == word and len(shot.layers) == 1:
            told = _json(shot.layers[0][1])
            alone = ""
        else:
            told = "\n".join(_json({"action": layer, "settings": settings}) for layer, settings in shot.layers)
            alone = ", one layer after the other"
        what = "every photograph" if shot.photograph == ALL else f"the photograph {shot.photograph}"
        yield from ("```json", told, "```", "")
        yield from (f"![{word} at work on {what}{alone}](../../{PICTURES.as_posix()}/{picture_name(word, number)})", "")


def _json(value: Any) -> str:
    """A value as JSON, in lines that a page has room for."""
    text = json.dumps(value, ensure_ascii=False)
    # Lines are broken between values, never in a string.
    whole = re.sub(r'"[^"]*"', lambda match: match[0].replace(" ", "\0"), text)
    lines = textwrap.wrap(whole, 108, subsequent_indent=" ", break_long_words=False, break_on_hyphens=False)
    return "\n".join(lines).replace("\0", " ")


def _numbers(notes: Notes) -> Iterator[str]:
    if not notes.examples:
        return
    yield from ("## In numbers", "")
    yield "Sizes are width x height, places (x,y); masks are drawn from their top left pixel, row by row. A test runs this."
    yield ""
    for example in notes.examples:
        yield from ("```python", example, "```", "")


def _index(notes: Mapping[str, Notes], album: Album) -> str:
    lines = ["# The words of the graph language", ""]
    lines += [
        f"Each has a page with its settings, pictures and numbers. How words make a graph: [the language]"
        f"(../../tutorials/graph-language.md). On the command line: `{COMMAND.split(' --')[0]} NAME`. A new one begins with "
        f"`{COMMAND.split(' --')[0]} --new WORD`, which writes its file and its test.",
        "",
    ]
    members: dict[str, list[str]] = {family: [] for family in FAMILIES}
    for word, parts in notes.items():
        members[parts.family].append(word)
    for family, found in members.items():
        lines += [f"## {_sentence(family)}", "", "| | |", "|---|---|"]
        lines += [f"| [`{word}`]({word}.md) | {_sentence(meaning(CATALOGUE[word]))} |" for word in found]
        lines.append("")
    lines += ["## Photographs", ""]
    lines += [
        f"* {photograph.name}: `{photograph.file}` of scikit-image, {photograph.licence}" for photograph in album.whole
    ]
    lines += [
        "",
        f"Objects were drawn by hand: [`example/photographs.json`](example/photographs.json). "
        f"All pages and pictures are made by `{COMMAND}` from the files of the actions.",
    ]
    return "\n".join(lines) + "\n"
