"""Writes checkpoints beside their place and swaps them in, so that a whole file is there at every moment."""

import os
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning.plugins.io import TorchCheckpointIO

BESIDE = ".part"
"""How the name of a file ends that is still being written; a killed run may leave one, which the next one overwrites."""


class SwappedFiles(TorchCheckpointIO):
    """Lightning's way to read checkpoints, and one to write them that never leaves half of one.

    Lightning's own goes through the system's folder for temporary files, and from there to another disk by copying.
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any | None = None) -> None:
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(path.name + BESIDE)
        with beside.open("wb") as file:
            torch.save(checkpoint, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
