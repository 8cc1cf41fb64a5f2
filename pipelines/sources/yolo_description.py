"""The `data.yaml` of a YOLO dataset: names of its classes, and where on which machine its pictures were."""

from __future__ import annotations

import posixpath
import reprlib
from collections.abc import Iterator, Mapping
from typing import Any

from pipelines.formats import storage
from pipelines.formats.licences import different
from pipelines.formats.text import NotText, decoded
from pipelines.sources.base import BadItem, SourceError
from pipelines.sources.files import is_hidden, normal, read_text, stem

SPLITS = ("train", "val", "valid", "test", "minival")

# A description is small; what is larger is another YAML.
_MOST_BYTES = 1 << 20
# What YAML writes for nothing, where text is not meant.
_NULL = ("", "~", "null", "Null", "NULL")
_TRIED = 20
# Of `/their/data/images` alone one could not tell whose images they are.
_NO_TAIL = "images"


class Description:
    """A `data.yaml`: names of the classes, and where the pictures lie."""

    def __init__(self, address: str) -> None:
        """Raises `SourceError` with all problems at once."""
        self.address = address
        content = _yaml(address) or {}
        problems: list[str] = []
        self.names = _names(content, problems)
        if "kpt_shape" in content:
            problems.append('"kpt_shape" makes it a pose dataset, whose lines are boxes and key points and no outlines')
        path = content.get("path")
        self._path = path if isinstance(path, str) and path not in _NULL else ""
        self._splits: dict[str, tuple[str, ...]] = {}
        for split in SPLITS:
            given = content.get(split)
            listed = [given] if isinstance(given, str) else given
            if not listed or given in _NULL:
                continue
            if isinstance(listed, list) and all(isinstance(place, str) for place in listed):
                self._splits[split] = tuple(listed)
            else:
                problems.append(f'"{split}" is a folder, a text file or a list of these; found {_short(given)}')
        if problems:
            raise SourceError("\n".join(f"{address}: {problem}" for problem in problems))
        roboflow = content.get("roboflow")
        stated = [content.get("license"), roboflow.get("license") if isinstance(roboflow, dict) else None]
        self.licences = different(text.strip() for text in stated if isinstance(text, str) and text.strip())

    def places(self, location: str) -> dict[str, tuple[str, ...]]:
        """Dataset → its places; one that only repeats the places of an earlier one is left out."""
        places: dict[str, tuple[str, ...]] = {}
        for split, listed in self._splits.items():
            found = tuple(self._place(location, text) for text in listed)
            if found not in places.values():
                places[split] = found
        return places

    def _place(self, location: str, text: str) -> str:
        """Where a path leads: from `path`, from the description's folder; the last parts of one of another machine."""
        roots = [location]
        if self._path and not _is_absolute(self._path):
            roots.insert(0, normal(storage.join(location, self._path)))
        elif self._path:
            roots.insert(0, self._path)
        tries = [text] if _is_absolute(text) else [normal(storage.join(root, text)) for root in roots]
        # Roboflow counts its paths from a folder that is not there.
        plain = normal(text).removeprefix("../")
        tries += [storage.join(root, plain) for root in roots if not _is_absolute(text)]
        expected = storage.join(location, plain) if text.startswith("../") else tries[0]
        tries += [storage.join(location, tail) for tail in _tails(text) if _is_absolute(text) and tail != _NO_TAIL]
        return next((place for place in tries if storage.exists(place)), expected)


def _names(content: Mapping[str, Any], problems: list[str]) -> dict[int, str]:
    """Class number → title; a class without name is left out, and said where an object has it."""
    listed = content.get("names") or []
    if isinstance(listed, str) or not isinstance(listed, list | dict):
        problems.append(f'"names" is a list of names, or a name for each number; found {_short(listed)}')
        return {}
    pairs = list(listed.items()) if isinstance(listed, dict) else [(str(n), name) for n, name in enumerate(listed)]
    names: dict[int, str] = {}
    for key, title in pairs:
        if not (key.strip().isdecimal() and isinstance(title, str)):
            problems.append(f'"names" has {key!r}: {_short(title)}; each is a number from 0 and a name')
        elif title.strip():
            names[int(key)] = title.strip()
    count = content.get("nc")
    if names and isinstance(count, str) and count.strip() != str(len(pairs)):
        problems.append(f'"nc" is {count}, but "names" has {len(pairs)}: which is right decides what the numbers mean')
    if not names and isinstance(count, str) and count.strip().isdecimal() and len(count) < 6 and not problems:
        return {number: f"class_{number}" for number in range(int(count))}
    return names


def _yaml(address: str) -> dict[str, Any] | None:
    """A YAML file of keys and values as text, lists and dictionaries; nothing for any other file. Raises `SourceError`."""
    # Imported here: most projects have none.
    import yaml

    data = storage.read_bytes(address, at_most=_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        return None
    try:
        text = decoded(data, address)
    except NotText as error:
        raise SourceError(str(error)) from None
    try:
        # Every value stays the text that it is: to YAML itself, the names `no` and `1e3` are a truth value and a number.
        node = yaml.compose(text, yaml.BaseLoader)
        if node is not None:
            _require_own_keys(node, address)
        content = yaml.load(text, yaml.BaseLoader)
    except (yaml.YAMLError, RecursionError) as error:
        raise SourceError(f"{address} is not valid YAML: {' '.join(str(error).split())}") from None
    return content if isinstance(content, dict) else None


def _require_own_keys(node: Any, address: str) -> None:
    """Raises `SourceError` where a key stands twice in a dictionary of the first two levels: of two names one would be lost."""
    for mapping in (node, *(value for _, value in node.value)) if node.id == "mapping" else ():
        keys = [key.value for key, _ in mapping.value] if mapping.id == "mapping" else []
        if twice := [key for number, key in enumerate(keys) if key in keys[:number]]:
            raise SourceError(f"{address}: the key {twice[0]!r} is there twice; keep the one that is right")


def description_file(location: str) -> str | None:
    """The name of the YAML file that describes a dataset."""
    files = [
        file for file in storage.names(location) if file.lower().endswith((".yaml", ".yml")) and not is_hidden(file)
    ]
    for file in sorted(files, key=lambda file: (stem(file).lower() != "data", file)):
        address = storage.join(location, file)
        try:
            content = _yaml(address)
        except SourceError:
            # A YAML of this name is meant to describe the dataset: opening it says what is wrong with it.
            if stem(file).lower() == "data":
                return file
            continue
        if content and ("names" in content or "nc" in content) and set(SPLITS) & set(content):
            return file
    return None


def listed_pictures(address: str, location: str) -> list[str]:
    """The pictures that a text file lists: from its folder or the project's; the last parts of paths of another machine."""
    folder = posixpath.dirname(address)
    try:
        lines = [line.strip() for line in read_text(address).splitlines() if line.strip()]
    except BadItem as error:
        raise SourceError(str(error)) from None
    for line in lines[:_TRIED]:
        candidates = [("", line)] if _is_absolute(line) else [(f"{root}/", line) for root in (folder, location)]
        path = line.replace("\\", "/")
        candidates += [(f"{location}/", tail) for tail in _tails(line)]
        for start, rest in candidates:
            if storage.exists(normal(start + rest)):
                # What stands before the part that counts is the same in all lines.
                lead = path[: len(path) - len(rest)]
                return [normal(start + one.replace("\\", "/").removeprefix(lead)) for one in lines]
    return [line if _is_absolute(line) else normal(f"{folder}/{line}") for line in lines]


def _short(value: Any) -> str:
    """A value in a message; aliases of YAML can unfold without end."""
    shortened = reprlib.Repr()
    shortened.maxlevel = 2
    return shortened.repr(value)[:80]


def _is_absolute(path: str) -> bool:
    return path.startswith(("/", "\\")) or "://" in path or path[1:3] in (":\\", ":/")


def _tails(path: str) -> Iterator[str]:
    """The path without its first part, without its first two, and so on."""
    parts = [part for part in path.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    for start in range(1, len(parts)):
        yield "/".join(parts[start:])
