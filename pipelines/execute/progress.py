"""How far a run on this machine is: every worker process adds bytes to small files, the launcher shows their lengths."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

from tqdm import tqdm

READ, KEPT, WRITTEN = "read", "kept", "written"


class Ticks:
    """Where workers count; without a folder, which only runs on one machine have, nothing is counted."""

    def __init__(self, folder: str | None) -> None:
        self._folder = folder
        self._files: dict[tuple[int, str], int] = {}

    @property
    def on_this_machine(self) -> bool:
        """Whether the run's workers share this machine with the launcher."""
        return self._folder is not None

    def add(self, name: str) -> None:
        """One more. Appending a byte is atomic, whatever other processes do."""
        if self._folder is None:
            return
        key = os.getpid(), name
        if key not in self._files:
            self._files[key] = os.open(os.path.join(self._folder, name), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(self._files[key], b".")

    def __getstate__(self) -> dict[str, object]:
        return {"_folder": self._folder, "_files": {}}


class Bars:
    """Two progress bars on stderr while the block runs: images read, samples written."""

    def __init__(self, folder: str, images: int, shown: bool | None = None) -> None:
        self._folder = Path(folder)
        self._images = images
        self._shown = sys.stderr.isatty() if shown is None else shown
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Bars:
        if self._shown:
            self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop.set()
        if self._shown:
            self._thread.join()

    def _watch(self) -> None:
        reading = tqdm(total=self._images, desc="reading images", unit="image", dynamic_ncols=True)
        writing = tqdm(total=0, desc="writing samples", unit="sample", dynamic_ncols=True)
        while not self._stop.wait(0.2):
            self._update(reading, writing)
        self._update(reading, writing)
        reading.close()
        writing.close()

    def _update(self, reading: tqdm, writing: tqdm) -> None:
        reading.update(self._count(READ) - reading.n)
        writing.total = self._count(KEPT)
        writing.update(self._count(WRITTEN) - writing.n)
        writing.refresh()

    def _count(self, name: str) -> int:
        file = self._folder / name
        return file.stat().st_size if file.exists() else 0
