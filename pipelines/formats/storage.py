"""Files on any fsspec file system: whole reads, writes that appear all at once, and joined addresses."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import fsspec

_EXTRAS = {"gs": "gcs", "gcs": "gcs", "s3": "s3", "s3a": "s3"}
"""Which extra has the library for a kind of address."""


class CutOff(ValueError):
    """A file that ends before a part of it does."""


class StorageError(OSError):
    """An address of a kind that is not known, or whose library is not installed."""


def join(location: str, *parts: str) -> str:
    """An address below another one."""
    return "/".join([location.rstrip("/"), *parts])


def file_system(location: str) -> tuple[Any, str]:
    """The fsspec file system of an address and the path on it. Raises `StorageError` for one that nothing here can read."""
    try:
        fs, path = fsspec.core.url_to_fs(location)
    except (ImportError, ValueError) as error:
        extra = _EXTRAS.get(location.partition("://")[0]) if isinstance(error, ImportError) else None
        hint = f"; it comes with the extra {extra!r}, as in pip install smart-tool[{extra}]" if extra else ""
        raise StorageError(f"{location} cannot be reached: {error}{hint}") from None
    return fs, path


def is_local(location: str) -> bool:
    """Whether the address is a plain path of this machine."""
    return "://" not in location or location.startswith(("file://", "local://"))


def byte_range(location: str, start: int, length: int) -> str:
    """The address of a part of a file; `read_bytes` understands it."""
    return f"{location}#bytes={start}+{length}"


def read_bytes(location: str, at_most: int | None = None) -> bytes:
    """A file's content, its first `at_most` bytes, or the part of a file that `byte_range` names, whole: else `CutOff`."""
    location, _, part = location.partition("#bytes=")
    start, length = (int(number) for number in part.split("+")) if part else (0, None)
    if at_most is not None:
        length = at_most if length is None else min(length, at_most)
    data = _read(location, start, length)
    if part and len(data) != length:
        raise CutOff(f"{location} is cut off: of bytes {start} to {start + (length or 0)} there are {len(data)}")
    return data


def _read(location: str, start: int, length: int | None) -> bytes:
    # Local files skip fsspec's layers, which cost more than reading a small file does.
    if "://" not in location:
        with open(location, "rb") as file:
            file.seek(start)
            return file.read(length)
    fs, path = file_system(location)
    return fs.cat_file(path, start=start, end=None if length is None else start + length)


def exists(location: str) -> bool:
    if "://" not in location:
        return os.path.exists(location)
    fs, path = file_system(location)
    return fs.exists(path)


def names(location: str) -> list[str]:
    """The names of what lies directly in a folder, sorted; nothing when there is no such folder."""
    fs, path = file_system(location)
    if not fs.isdir(path):
        return []
    found = (entry["name"] if isinstance(entry, dict) else entry for entry in fs.ls(path, detail=False))
    return sorted(name.rstrip("/").rsplit("/", 1)[-1] for name in found if name.rstrip("/") != path.rstrip("/"))


def make_folder(location: str) -> None:
    fs, path = file_system(location)
    fs.makedirs(path, exist_ok=True)


def remove(location: str) -> None:
    """Delete a file or a folder with all that is in it; nothing happens when it is not there."""
    fs, path = file_system(location)
    if fs.exists(path):
        fs.rm(path, recursive=True)


@contextmanager
def appearing(location: str) -> Iterator[IO[bytes]]:
    """Write a file that is there whole or not at all: under a name of its own first, renamed when the block ends well.

    Two attempts at the same file do not disturb each other; the later one wins.
    """
    fs, path = file_system(location)
    folder, name = path.rsplit("/", 1) if "/" in path else ("", path)
    temporary = f"{folder}/.{name}.{uuid.uuid4().hex}" if folder else f".{name}.{uuid.uuid4().hex}"
    try:
        with _opened(fs, temporary, folder) as file:
            yield file
        if is_local(location):
            os.replace(temporary, path)
        else:
            fs.mv(temporary, path)
    except BaseException:
        if fs.exists(temporary):
            fs.rm(temporary)
        raise


def _opened(fs: Any, temporary: str, folder: str) -> IO[bytes]:
    try:
        return fs.open(temporary, "wb")
    except (FileNotFoundError, NotADirectoryError):
        # The error would speak of the temporary name, which nobody gave.
        raise FileNotFoundError(f"there is no folder {folder or '.'} to write into") from None


def write_bytes(location: str, data: bytes) -> None:
    """Write a whole file that appears all at once."""
    with appearing(location) as file:
        file.write(data)
