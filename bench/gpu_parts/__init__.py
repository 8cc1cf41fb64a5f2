"""What `bench/gpu.py` can do on a GPU machine: parts that register themselves, one or a few in a file of this folder.

A part is a value: a name, a time limit, and a function that takes a `Task` and notes figures in it as soon as it has them.
Nothing here imports anything but the standard library before a part runs: the machine may lack the rest.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PACK = ROOT / "gpu-pack"


@dataclass(frozen=True)
class Settings:
    """What the command line says to all parts."""

    out: Path
    """Where results go."""
    check: bool = False
    """Whether to do everything in a tiny form, on the processor, only to see that it runs."""
    data: tuple[str, ...] = ()
    """Finished datasets of whole photographs."""
    lacking: str = ""
    """What of the pack's datasets has not come."""
    without: tuple[str, ...] = ()
    """Names of pools that the permissive training leaves out."""
    refuse: tuple[str, ...] = ()
    """Parts of the names of licences that the permissive training refuses."""
    config: Path = ROOT / "configs" / "train" / "lite.json"
    seconds: float = 60.0
    """How long to measure a rate."""
    minutes: float = 15.0
    """How long a training should take."""
    epochs: int | None = None
    """Of a training; None: as many as the measured rate allows in `minutes`."""
    weights: str | None = None
    """What a training begins with, in place of what it would."""
    sibling: str = "base"
    """The larger network."""
    runs: Path = ROOT / "runs" / "gpu"
    """Where trainings are; it has to outlast the command."""
    reference: Path | None = None
    """A program to compare the rate with."""
    reference_pack: tuple[str, ...] = ()
    """Its `--pack`."""

    def datasets(self) -> tuple[str, ...]:
        """`data`, for parts that cannot do without. SystemExit where there are none, or not all."""
        if self.lacking:
            raise SystemExit(
                f"parts of the data have not come: {self.lacking}; carry the other folders of gpu-pack/data, too"
            )
        if not self.data:
            raise SystemExit("no data: give --data, or `make gpu-pack POOLS=…` and carry gpu-pack/data")
        return self.data

    def to_json(self) -> str:
        """Text that `from_json` reads."""
        return json.dumps(
            {name: str(value) if isinstance(value, Path) else value for name, value in vars(self).items()}
        )

    @classmethod
    def from_json(cls, text: str) -> Settings:
        """The reverse of `to_json`."""
        known = json.loads(text)
        for name in ("out", "config", "runs", "reference"):
            known[name] = None if known[name] is None else Path(known[name])
        for name in ("data", "without", "refuse", "reference_pack"):
            known[name] = tuple(known[name])
        return cls(**known)


@dataclass
class Task:
    """One part at work: its settings, and the file in which its figures stand from the moment they are known."""

    name: str
    settings: Settings
    figures: dict[str, Any] = field(default_factory=dict)

    @property
    def file(self) -> Path:
        return self.settings.out / f"{self.name}.json"

    def note(self, **figures: Any) -> None:
        """Add figures, and write all of them at once."""
        self.figures |= figures
        write(self.file, self.figures)


@dataclass(frozen=True)
class Part:
    """Something to do on a GPU machine."""

    name: str
    limit_s: float
    """It is ended after so many seconds; what it has noted by then stays."""
    help: str
    """One line."""
    work: Callable[[Task], None]


PARTS: dict[str, Part] = {}
"""All parts by name, in the order of the files' names; filled by `known`."""


def part(name: str, limit_s: float, help: str) -> Callable[[Callable[[Task], None]], Callable[[Task], None]]:
    """Registers the function below it as a part."""

    def registered(work: Callable[[Task], None]) -> Callable[[Task], None]:
        PARTS[name] = Part(name, limit_s, help, work)
        return work

    return registered


def known() -> dict[str, Part]:
    """All parts, from every file of this folder."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return PARTS


def write(file: Path, content: Any) -> None:
    """JSON, beside its place and swapped in: whoever cuts the run off leaves a whole file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_name(file.name + ".part")
    beside.write_text(json.dumps(content, indent=2, default=str) + "\n", encoding="utf-8")
    os.replace(beside, file)


def read(file: Path) -> dict[str, Any]:
    """What `write` wrote; nothing where there is no such file."""
    return dict(json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else {}
