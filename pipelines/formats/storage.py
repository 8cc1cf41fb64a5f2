"""Files on any fsspec file system: whole reads, writes that appear all at once, moves, locks where there are any."""

from __future__ import annotations

import errno
import os
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import fsspec

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_EXTRAS = {"gs": "gcs", "gcs": "gcs", "s3": "s3", "s3a": "s3"}
"""Which extra has the library for a kind of address."""


_BUCKETS = {*_EXTRAS, "abfs", "abfss", "az"}


_PATTERN = re.compile(r"[*?\[]")
"""What fsspec takes for a pattern where several files may be meant."""


class CutOff(ValueError):
    """A file that ends before a part of it does."""


class StorageError(OSError):
    """An address of a kind that is not known, or whose library is not installed."""


class Held(Exception):
    """A file that somebody else holds."""


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


def is_of_the_system(name: str) -> bool:
    """Whether a name is one that macOS or Windows gives to files of their own, such as the `._a.jpg` beside an `a.jpg`."""
    return name.startswith("._") or name.lower() in (".ds_store", "__macosx", "thumbs.db", "desktop.ini")


def names(location: str) -> list[str]:
    """The names of what lies directly in a folder, sorted, without the system's own files; nothing where there is none."""
    fs, path = file_system(location)
    if not fs.isdir(path):
        return []
    found = (entry["name"] if isinstance(entry, dict) else entry for entry in fs.ls(path, detail=False))
    inside = (name.rstrip("/").rsplit("/", 1)[-1] for name in found if name.rstrip("/") != path.rstrip("/"))
    return sorted(name for name in inside if not is_of_the_system(name))


def sizes(location: str) -> dict[str, int]:
    """What lies directly in a folder as it is now, by name, with the sizes of files in bytes; of anything else it is 0."""
    fs, path = file_system(location)
    # Others write too: what this process has seen before says nothing of now.
    fs.invalidate_cache()
    if not fs.isdir(path):
        return {}
    return {
        entry["name"].rstrip("/").rsplit("/", 1)[-1]: int(entry.get("size") or 0) if entry.get("type") == "file" else 0
        for entry in fs.ls(path, detail=True)
        if entry["name"].rstrip("/") != path.rstrip("/")
    }


def make_folder(location: str) -> None:
    """Make a folder and those above it. Object stores need none, and would make a bucket that was only mistyped."""
    if location.partition("://")[0] in _BUCKETS:
        return
    fs, path = file_system(location)
    fs.makedirs(path, exist_ok=True)


def remove(location: str) -> None:
    """Delete a file or a folder with all that is in it; nothing happens when it is not there."""
    fs, path = file_system(location)
    if not fs.exists(path):
        return
    if is_local(location) or not _PATTERN.search(path):
        fs.rm(path, recursive=True)
        return
    for file in fs.find(path):
        fs.rm_file(file)


def move(source: str, destination: str) -> None:
    """Give a file another address, in place of the one there. On this machine at once, a folder too if there is none."""
    fs, old = file_system(source)
    _move(fs, old, file_system(destination)[1], is_local(source))


def _move(fs: Any, old: str, new: str, is_local: bool) -> None:
    if is_local:
        os.replace(old, new)
        return
    # Not `mv`, to which brackets and question marks in a name are patterns.
    fs.cp_file(old, new)
    fs.rm_file(old)


@contextmanager
def locked(folder: str) -> Iterator[None]:
    """Let one process at a time be in such a block over a folder that is there. Only folders of this machine have locks."""
    if not is_local(folder) or fcntl is None:
        yield
        return
    handle = os.open(file_system(folder)[1], os.O_RDONLY)
    try:
        _lock(handle, wait=True)
        yield
    finally:
        os.close(handle)


def hold(location: str, content: bytes) -> int | None:
    """Write a file and hold it for as long as the handle is open, which ends with the process. Raises `Held`.

    On stores without locks it is only written, and there is no handle.
    """
    fs, path = file_system(location)
    if not is_local(location) or fcntl is None:
        fs.pipe_file(path, content)
        return None
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _lock(handle, wait=False)
        os.ftruncate(handle, 0)
        os.pwrite(handle, content, 0)
    except BlockingIOError:
        os.close(handle)
        raise Held(location) from None
    except BaseException:
        os.close(handle)
        raise
    return handle


def _lock(handle: int, wait: bool) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        raise
    except OSError as error:
        # Some network file systems have no locks, or none on folders.
        if error.errno not in (errno.ENOLCK, errno.EBADF, errno.EINVAL, errno.ENOTSUP, errno.ENOSYS):
            raise


@contextmanager
def writing(location: str) -> Iterator[IO[bytes]]:
    """Write a file in place; of one whose block fails nothing is left."""
    fs, path = file_system(location)
    try:
        with _opened(fs, path, path.rpartition("/")[0]) as file:
            yield file
    except BaseException:
        if fs.exists(path):
            fs.rm_file(path)
        raise


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
        _move(fs, temporary, path, is_local(location))
    except BaseException:
        if fs.exists(temporary):
            fs.rm_file(temporary)
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
