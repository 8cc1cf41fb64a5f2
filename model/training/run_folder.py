"""Where a training run puts its results, and how an earlier run is kept safe.

RUN/
  config.json                   the config as it was used, defaults filled in; may be trained with again
  run.json                      which data (addresses, sha256, licences), which weights it began with, which versions
  checkpoints/best.ckpt         highest mean IoU in validation
  checkpoints/last.ckpt         the latest; `--resume` goes on from it. While one is written it is called last.ckpt.part
  logs/version_0/metrics.csv    one file for each time that the run was started or resumed
  tensorboard/                  the same for `tensorboard --logdir RUN/tensorboard`
  pictures/step_00001200.png    what the network answered at each validation
"""

import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model.training.config import TrainConfig
from pipelines.errors import UserError

AUTO = "auto"
"""In place of what to resume: the run that the same command line began, where there is one."""
RUNS = Path("runs")
"""Runs without a folder of their own are numbered below this one."""


class RunFolderError(UserError):
    """A folder that cannot take a run."""


@dataclass(frozen=True)
class RunFolder:
    """The paths of a run."""

    root: Path

    @property
    def config(self) -> Path:
        return self.root / "config.json"

    @property
    def origin(self) -> Path:
        return self.root / "run.json"

    @property
    def checkpoints(self) -> Path:
        return self.root / "checkpoints"

    @property
    def best(self) -> Path:
        return self.checkpoints / "best.ckpt"

    @property
    def last(self) -> Path:
        return self.checkpoints / "last.ckpt"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def tensorboard(self) -> Path:
        return self.root / "tensorboard"

    @property
    def pictures(self) -> Path:
        return self.root / "pictures"

    def begun_with(self) -> str | None:
        """The weights that the run began with, as `run.json` says; None where it is not known, as in runs of version 0.1."""
        try:
            found = json.loads(self.origin.read_text(encoding="utf-8")).get("weights")
        except (OSError, ValueError):
            return None
        return str(found) if found else None

    def holds_a_run(self) -> bool:
        """Whether an earlier run left something here."""
        return any(path.exists() for path in (self.config, self.checkpoints, self.logs))

    def holds_a_mere_start(self) -> bool:
        """Whether a run began here, by its config, and was ended before its first checkpoint."""
        return self.config.is_file() and not any(self.checkpoints.glob("*.ckpt"))

    def clear(self) -> None:
        """Delete what a run leaves, and nothing else."""
        self.config.unlink(missing_ok=True)
        self.origin.unlink(missing_ok=True)
        for folder in (self.checkpoints, self.logs, self.tensorboard, self.pictures):
            if folder.exists():
                shutil.rmtree(folder)

    def describe(self, config: TrainConfig, origin: Mapping[str, Any]) -> None:
        """Write the config down, and where the run comes from, in plain data."""
        self.root.mkdir(parents=True, exist_ok=True)
        for path, content in ((self.config, config.to_dict()), (self.origin, origin)):
            path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def new_run(output: str | Path | None, name: str, overwrite: bool = False) -> RunFolder:
    """A folder for a new run: `output`, or the next free number below `runs/` followed by `name`.

    Raises RunFolderError where `output` holds a run already; `overwrite` deletes that one instead.
    """
    if output is None:
        return RunFolder(RUNS / f"{next_number(RUNS):03d}_{name}")
    folder = RunFolder(Path(output))
    if folder.root.exists() and not folder.root.is_dir():
        raise RunFolderError(f"--output {output} is a file; name a folder for the results")
    if not folder.holds_a_run():
        return folder
    if not overwrite:
        raise RunFolderError(
            f"--output {output} holds a run already; go on with it by --resume, delete it by --overwrite, "
            f"or name another folder (without --output a new one is made in {RUNS}/)"
        )
    folder.clear()
    return folder


def next_number(runs: Path) -> int:
    """One above the highest number that a folder in `runs` begins with."""
    return max((int(path.name.partition("_")[0]) for path in numbered(runs)), default=-1) + 1


def begun_run(output: str | Path | None, name: str) -> tuple[RunFolder, Path] | None:
    """The run that a command line with this `output` and config `name` has begun, and the checkpoint to go on from; None
    where it has not come as far as a checkpoint.

    Without `output` that is the one of the highest number among those of this name below `runs/`.
    """
    if output is None:
        same = [path for path in numbered(RUNS) if path.name.partition("_")[2] == name]
        if not same:
            return None
        output = same[-1]
    folder = RunFolder(Path(output))
    # A run that is killed at its first validation may have written the best one only.
    checkpoint = next((path for path in (folder.last, folder.best) if path.is_file()), None)
    return None if checkpoint is None else (folder, checkpoint)


def numbered(runs: Path) -> list[Path]:
    """The numbered folders in `runs`, the highest number last."""
    found = [(int(match[1]), path) for path in folders_in(runs) if (match := re.match(r"(\d+)_", path.name))]
    return [path for _, path in sorted(found)]


def folders_in(runs: Path) -> list[Path]:
    return [path for path in runs.iterdir() if path.is_dir()] if runs.is_dir() else []


def resumed_run(resume: str | Path, output: str | Path | None) -> tuple[RunFolder, Path]:
    """The folder that a resumed run writes to, and the checkpoint it goes on from.

    resume: a checkpoint, the folder of a run, or "" for the run in `output`.
    """
    if str(resume) == "":
        if output is None:
            raise RunFolderError(
                "--resume needs to know of which run: add --output RUN, or --resume RUN/checkpoints/last.ckpt"
            )
        resume = output
    path = Path(resume)
    checkpoint = RunFolder(path).last if path.is_dir() else path
    if not checkpoint.is_file():
        raise RunFolderError(
            f"--resume: there is no checkpoint {checkpoint}; one is written at every validation, every few minutes "
            "and when a run is stopped"
        )
    home = checkpoint.parent.parent if checkpoint.parent.name == "checkpoints" else checkpoint.parent
    return RunFolder(Path(output) if output is not None else home), checkpoint
