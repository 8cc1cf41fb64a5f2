"""The folder that an export goes into: nothing leaves it, no file is written twice, and what lies in it is known again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from fnmatch import fnmatchcase
from typing import IO, Any

from pipelines.errors import UserError
from pipelines.exports.notes import Notes
from pipelines.formats import storage

RECORD = "unpacked.json"


class Folder:
    """A folder on any file system; the folders in it are made when the first file needs them."""

    def __init__(self, location: str) -> None:
        self.location = location
        self._fs, self._root = storage.file_system(location)
        self._made: set[tuple[str, ...]] = set()

    def write(self, data: bytes, *path: str) -> None:
        """Write one file. No detour over a temporary name: what was begun is told otherwise, and a million files add up."""
        with self._fs.open("/".join((self._place_for(path), path[-1])), "wb") as file:
            file.write(data)

    @contextmanager
    def appearing(self, *path: str) -> Iterator[IO[bytes]]:
        """Write a file piece by piece; it is there whole when the block ends well, and else not at all."""
        self._place_for(path)
        with storage.appearing(storage.join(self.location, *path)) as file:
            yield file

    def write_last(self, data: bytes, name: str) -> None:
        """Write a file of the folder itself that appears all at once: it tells that the others are there."""
        storage.make_folder(self.location)
        storage.write_bytes(storage.join(self.location, name), data)

    def _place_for(self, path: tuple[str, ...]) -> str:
        """The folder of a file, which is there afterwards."""
        for name in path:
            _require_plain(name)
        inner = path[:-1]
        place = "/".join((self._root.rstrip("/"), *inner))
        if inner not in self._made:
            self._fs.makedirs(place, exist_ok=True)
            self._made.add(inner)
        return place


def _require_plain(name: str) -> None:
    """Raises `UserError` for a name that leaves its folder: an index from elsewhere could point anywhere."""
    if not name or name in (".", "..") or "/" in name or "\\" in name:
        raise UserError(
            f"the index names a file {name!r}, which would lie outside of its folder; nothing more was written"
        )


def exact(name: str) -> str:
    """Names differ when any letter does."""
    return name


def whole_name(name: str) -> str:
    """Names differ when they do where `A.jpg` is `a.jpg`, as on the disks of most Macs and Windows machines."""
    return name.casefold()


def stem(name: str) -> str:
    """Names differ when they do without extension: the labels of `a.jpg` and `a.png` would both be `a.txt`."""
    return whole_name(name.rpartition(".")[0] or name)


class Names:
    """File names of one folder, each given once. `differs_by` maps a name to what has to be its own."""

    def __init__(self, notes: Notes, differs_by: Callable[[str], str] = exact) -> None:
        self._notes, self._differs_by = notes, differs_by
        self._taken: set[str] = set()

    def claim(self, name: str, dataset: str) -> str:
        """The name, or where it is taken the first free one of `name_2.jpg`, `name_3.jpg`, which is put down in the notes."""
        given, number = name, 1
        while self._differs_by(given) in self._taken:
            number += 1
            front, dot, extension = name.rpartition(".")
            given = f"{front}_{number}.{extension}" if dot else f"{name}_{number}"
        self._taken.add(self._differs_by(given))
        if given != name:
            self._notes.renamed.setdefault(f"{dataset}/{name}", []).append(given)
        return given


def read_record(location: str) -> dict[str, Any]:
    """What an export in this folder says of itself; nothing where none does."""
    address = storage.join(location, RECORD)
    if not storage.exists(address):
        return {}
    try:
        record = json.loads(storage.read_bytes(address))
    except ValueError:
        return {}
    return record if isinstance(record, dict) else {}


def write_record(location: str, record: Mapping[str, Any]) -> None:
    storage.make_folder(location)
    text = json.dumps(record, indent=2, ensure_ascii=False) + "\n"
    storage.write_bytes(storage.join(location, RECORD), text.encode())


def strangers(location: str, patterns: tuple[str, ...]) -> list[str]:
    """The names of what lies in a folder that fits no pattern, or has something directly in it that fits none.

    A pattern has one name or two (`meta.json`, `*/img`); where a folder is meant, a slash stands at its end (`images/*/`).
    """
    fs, path = storage.file_system(location)

    def fits(*names: str) -> bool:
        is_folder = fs.isdir("/".join((path.rstrip("/"), *names)))
        name = "/".join(names)
        return any(
            fnmatchcase(name, pattern.rstrip("/")) and (is_folder or not pattern.endswith("/"))
            for pattern in patterns
            if pattern.rstrip("/").count("/") == len(names) - 1
        )

    found = []
    for name in storage.names(location):
        if fs.isdir("/".join((path.rstrip("/"), name))):
            outer = any(fnmatchcase(name, pattern.partition("/")[0]) for pattern in patterns if "/" in pattern)
            own = outer and all(fits(name, inner) for inner in storage.names(storage.join(location, name)))
        else:
            own = fits(name)
        if not own:
            found.append(name)
    return found
