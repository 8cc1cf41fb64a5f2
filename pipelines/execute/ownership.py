"""Whose a dataset's place is: a run claims it, works in a folder of its own beside it, and moves in when it is whole.

OUTPUT/
  NAME/              the finished dataset, an older one until the run is whole
  .NAME.claim        which run owns the place: the one that started last
  .NAME.<run>/       what that run has written so far
  .NAME.<run>.old/   the older dataset while it is replaced

The claim holds the identity of the run, so all attempts of all its workers are one owner, however often a runner retries. On
this machine the file is locked too, as long as the process that started the run lives: a second run is refused at once. A run
whose process was killed, or that goes on by itself on a cluster, or writes to a store without locks, cannot be told from a dead
one: the next run takes the place over, and the former stops at its next shard, at the latest before it moves in.

Moving in is renaming the folder where that can be done: the older or the new dataset is in place at any time, or for the
moment between two renames beside it, from where the next run puts it back. An object store renames nothing. There the older
manifest is deleted first, each file is moved to its published name, the claim is compared once more, and the manifest is
moved last. A reader sees one dataset, or for that minute none, never the manifest of one over the shards of another. What no
such store can rule out is that a run loses its claim while it moves in: the file that is just being copied may still arrive.
"""

from __future__ import annotations

import json
import os
import re
import socket
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pipelines.execute.failures import CannotGoOn
from pipelines.formats import storage
from pipelines.formats.shards import MANIFEST

_MOVES_AT_ONCE = 16

# What a run leaves in a dataset's folder, whole or, before runs had folders of their own, in part.
_OURS = re.compile(
    r"(meta\.json|samples\.parquet|manifest\.json|errors\.jsonl|.+-\d{5}-of-\d{5}\.tar|\.index-\d{5}\.parquet|\..+\.[0-9a-f]{32})"
)


_ATTEMPT = re.compile(r"\.[0-9a-f]{32}$")


class Occupied(ValueError):
    """A place that cannot be had."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run's dataset shall be, and the run's identity."""

    folder: str
    run: str

    @property
    def parent(self) -> str:
        before, slash, _ = self.folder.rstrip("/").rpartition("/")
        return before or slash or "."

    @property
    def parts(self) -> str:
        """The folder that is the run's alone."""
        return self._beside(f".{self.run}")

    @property
    def claim(self) -> str:
        return self._beside(".claim")

    @property
    def set_aside(self) -> str:
        """Where an older dataset is while it is replaced."""
        return f"{self.parts}.old"

    def others(self) -> Iterator[str]:
        """What runs have left beside the dataset."""
        name = re.escape(self.folder.rstrip("/").rpartition("/")[2])
        left = re.compile(rf"\.{name}\.[0-9a-f]{{32}}(\.old)?")
        for found in storage.sizes(self.parent):
            if left.fullmatch(found) and found != self.parts.rpartition("/")[2]:
                yield storage.join(self.parent, found)

    def _beside(self, ending: str) -> str:
        return storage.join(self.parent, f".{self.folder.rstrip('/').rpartition('/')[2]}{ending}")


@dataclass
class Claim:
    """A place that was taken, held by this process."""

    place: Place
    ousted: str = ""
    """Whose it was, in words, if that run has not ended; empty if nobody's."""
    _handle: int | None = None

    def let_go(self) -> None:
        """The run goes on without this process."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def give_back(self) -> None:
        """The run has ended: remove what it has beside the dataset, unless another run owns the place by now."""
        try:
            # How the run ended is what matters; what cannot be removed now, the next run removes.
            with suppress(OSError), storage.locked(self.place.parent):
                if _owner(self.place).get("run") == self.place.run:
                    storage.remove(self.place.parts)
                    storage.remove(self.place.claim)
        finally:
            self.let_go()


def find_room(place: Place, overwrite: bool) -> None:
    """Refuse a place with a finished dataset unless it may be replaced, or with anything that is no dataset's. Deletes nothing.

    An older dataset that a killed run has set aside is put back. Raises `Occupied`.
    """
    if not storage.exists(place.parent):
        return
    with storage.locked(place.parent):
        found = storage.sizes(place.folder)
        aside = next((left for left in place.others() if left.endswith(".old")), None)
        if not found and aside:
            storage.move(aside, place.folder)
            found = storage.sizes(place.folder)
    if MANIFEST in found and not overwrite and _has_samples(place):
        raise Occupied(
            f"{place.folder} holds a finished dataset already; choose another --output, or replace it with --overwrite"
        )
    if foreign := _foreign(found):
        raise Occupied(f"{place.folder} holds files that are no dataset's ({foreign}); choose another --output")


def take(place: Place) -> Claim:
    """Claim a place, remove what former runs have left beside it, and make the run's own folder. Raises `Occupied`."""
    try:
        return _take(place)
    except OSError as error:
        raise Occupied(
            f"{place.folder} cannot be written ({error}); check the address that --output gives, and that it may be written"
        ) from error


def _take(place: Place) -> Claim:
    storage.make_folder(place.parent)
    with storage.locked(place.parent):
        before = _owner(place)
        about = {"run": place.run, "host": socket.gethostname(), "process": os.getpid(), "started": _now()}
        try:
            handle = storage.hold(place.claim, json.dumps(about).encode())
        except storage.Held:
            raise Occupied(
                f"{place.folder} is being written by {_named(before)}; wait for it, stop it, or choose another --output"
            ) from None
        for left in place.others():
            storage.remove(left)
        storage.make_folder(place.parts)
    return Claim(place, _named(before) if before else "", handle)


def require(place: Place) -> None:
    """Raises `CannotGoOn` when the place is not the run's, or not any more."""
    owner = _owner(place)
    if owner.get("run") == place.run:
        return
    taken = (
        f"{_named(owner)} has taken over {place.folder}" if owner else f"{place.folder} is not claimed by it any more"
    )
    raise CannotGoOn(
        f"{taken}, so this run stops and leaves it alone: "
        "let one run at a time write a dataset, or choose another --output"
    )


def is_in(place: Place, manifest: bytes) -> bool:
    """Whether the dataset of this manifest is in place already, as an attempt before leaves it; if so, tidies up after it."""
    location = storage.join(place.folder, MANIFEST)
    if not storage.exists(location) or storage.read_bytes(location) != manifest:
        return False
    with storage.locked(place.parent):
        _sweep(place.folder, [name for name in storage.sizes(place.folder) if not _ATTEMPT.search(name)])
        storage.remove(place.parts)
        storage.remove(place.set_aside)
    return True


def move_in(place: Place, files: Mapping[str, str], expected: Mapping[str, int]) -> None:
    """Put a whole dataset in place, instead of what is there, and sweep away all else that the run has written.

    files: the run's files by the names they have, with those they get; MANIFEST is one of them.
    expected: sizes in bytes, by those names, where they are known. Done again after an interruption, it goes on where it was.
    """
    with storage.locked(place.parent):
        require(place)
        if foreign := _foreign(storage.sizes(place.folder)):
            raise CannotGoOn(
                f"{place.folder} holds files by now that are no dataset's ({foreign}), so the run does not replace it: "
                "move them elsewhere, and run it again"
            )
        (_by_renaming if storage.is_local(place.folder) else _file_by_file)(place, files, expected)


def _by_renaming(place: Place, files: Mapping[str, str], expected: Mapping[str, int]) -> None:
    for part in storage.sizes(place.parts):
        if files.get(part, part) != part:
            storage.move(storage.join(place.parts, part), storage.join(place.parts, files[part]))
    _require_whole(place.parts, files, expected)
    if storage.exists(place.folder):
        storage.remove(place.set_aside)
        storage.move(place.folder, place.set_aside)
    storage.move(place.parts, place.folder)
    _sweep(place.folder, files.values())
    storage.remove(place.set_aside)


def _file_by_file(place: Place, files: Mapping[str, str], expected: Mapping[str, int]) -> None:
    storage.remove(storage.join(place.folder, MANIFEST))
    storage.make_folder(place.folder)
    there = storage.sizes(place.parts)

    def move(part: str) -> None:
        storage.move(storage.join(place.parts, part), storage.join(place.folder, files[part]))

    with ThreadPoolExecutor(_MOVES_AT_ONCE) as pool:
        list(pool.map(move, [part for part in files if part in there and part != MANIFEST]))
    _require_whole(place.folder, {part: name for part, name in files.items() if part != MANIFEST}, expected)
    _sweep(place.folder, files.values())
    require(place)
    move(MANIFEST)
    storage.remove(place.parts)


def _sweep(folder: str, own: Iterable[str]) -> None:
    for name in storage.sizes(folder).keys() - set(own):
        storage.remove(storage.join(folder, name))


def _require_whole(folder: str, files: Mapping[str, str], expected: Mapping[str, int]) -> None:
    found = storage.sizes(folder)
    for name in files.values():
        size = expected.get(name)
        if name not in found or size not in (None, found[name]):
            there = f"has {found[name]:,} bytes there" if name in found else "is not there"
            raise CannotGoOn(
                f"{storage.join(folder, name)} was written by this run ({'a file' if size is None else f'{size:,} bytes'}) and "
                f"{there}: something else deletes or writes files in {folder}; see what it is, and run it again"
            )


def _foreign(names: Mapping[str, int]) -> str:
    return ", ".join([name for name in sorted(names) if not _OURS.fullmatch(name)][:3])


def _has_samples(place: Place) -> bool:
    try:
        return bool(json.loads(storage.read_bytes(storage.join(place.folder, MANIFEST)))["samples"])
    except (ValueError, KeyError, TypeError):
        # A damaged manifest: whatever it was, it is not for this run to delete unasked.
        return True


def _owner(place: Place) -> dict[str, Any]:
    try:
        found = json.loads(storage.read_bytes(place.claim))
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _named(owner: Mapping[str, Any]) -> str:
    if not owner:
        return "another run"
    return f"another run (process {owner.get('process')} on {owner.get('host')}, started {owner.get('started')})"


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
