"""Files of a dataset: which of them are pictures, all that lie below a folder, and names of their own for each."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Iterable, Sequence

from pipelines.formats import storage
from pipelines.formats.text import NotText, decoded
from pipelines.image import Size
from pipelines.sources.base import (
    OTHER_PICTURES,
    PICTURE_EXTENSIONS,
    BadItem,
    SourceError,
    require_readable,
    size_of_picture,
)
from pipelines.sources.passed_over import pass_over_files

_TEXTS = (".txt", ".json", ".xml", ".yaml", ".yml", ".csv", ".md")


def is_picture(name: str) -> bool:
    """Whether the file is a picture, one that can be read or not; what the system hides (`._a.jpg`) is none."""
    return name.lower().endswith((*PICTURE_EXTENSIONS, *OTHER_PICTURES)) and not is_hidden(name)


def is_hidden(name: str) -> bool:
    """Whether a file or folder is one that systems keep to themselves, as macOS does a `._a.jpg` beside each `a.jpg`."""
    return posixpath.basename(name).startswith(".")


def may_be_folder(name: str) -> bool:
    """Whether a name is none that only files have: asking the storage about each of many files takes long."""
    return not is_hidden(name) and not name.lower().endswith((*PICTURE_EXTENSIONS, *OTHER_PICTURES, *_TEXTS))


def shown_size(address: str, hint: str = "") -> Size:
    """(height, width) of a picture. Raises `BadItem` for one that is not there, adding the hint, or that is not read."""
    try:
        require_readable(address)
        return size_of_picture(address)
    except BadItem:
        if storage.exists(address):
            raise
        raise BadItem(f"the image {address} does not exist{hint}") from None


def read_text(address: str) -> str:
    """A text file's content. Raises `BadItem`."""
    try:
        return decoded(storage.read_bytes(address), address)
    except FileNotFoundError:
        raise BadItem(f"{address} does not exist") from None
    except NotText as error:
        raise BadItem(str(error)) from None


def read_lines(address: str) -> list[str]:
    """The lines of a list that describes a project, without spaces around them; empty ones too. Raises `SourceError`."""
    try:
        return [line.strip() for line in decoded(storage.read_bytes(address), address).splitlines()]
    except NotText as error:
        raise SourceError(str(error)) from None


def pictures_in(folder: str) -> list[str]:
    """The names of the pictures directly in a folder, sorted, also of those that are not read; other files are passed over."""
    found = storage.names(folder)
    pass_over_files((name for name in found if not is_picture(name)), posixpath.basename(folder))
    return [name for name in found if is_picture(name)]


def below(folder: str) -> list[str]:
    """The paths of all files below a folder, sorted, hidden ones left out; nothing when there is no such folder."""
    fs, root = storage.file_system(folder)
    if not fs.isdir(root):
        return []
    start = len(root.rstrip("/")) + 1
    paths = (path[start:] for path in fs.find(root))
    return sorted(path for path in paths if not any(part.startswith(".") for part in path.split("/")))


def normal(address: str) -> str:
    """The address without `.` and `..`, with slashes where a Windows machine wrote backslashes."""
    kind, colon, path = address.rpartition("://")
    return f"{kind}{colon}{posixpath.normpath(path.replace(chr(92), '/'))}"


def stem(path: str) -> str:
    """The path without its last extension."""
    return posixpath.splitext(path)[0]


def distinct_names(paths: Sequence[str], where: str) -> list[str]:
    """A name for each path: the file's own, or with its folders before it where two files share one. Raises `SourceError`."""
    names = [posixpath.basename(path) for path in paths]
    if len(set(names)) < len(names):
        start = posixpath.commonprefix([f"{posixpath.dirname(path)}/" for path in paths]).rfind("/") + 1
        names = [path[start:].replace("/", "_") for path in paths]
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        same = [path for path, name in zip(paths, names, strict=True) if name == twice[0]]
        raise SourceError(f"{where}: {' and '.join(same)} would both be the image {twice[0]!r}; rename one of them")
    return names


def counted(problems: Iterable[str], most: int = 3) -> str:
    """The first problems, and how many there are besides."""
    found = list(problems)
    more = f"; and {len(found) - most} more" if len(found) > most else ""
    return "; ".join(found[:most]) + more
