"""Which processor runs a trained network: chosen by name, with a clear word where the machine does not have it."""

from pathlib import Path

import torch

from model.inference.backend import is_exported
from pipelines.errors import UserError


def device_for(accelerator: str, weights: str | Path, index: int = 0) -> torch.device:
    """`auto` is a CUDA GPU where there is one, else the CPU, and the CPU for exported networks, which run nowhere else.
    UserError where `gpu` number `index` does not exist."""
    present = torch.cuda.device_count()
    if accelerator == "gpu" and index >= present:
        found = "no CUDA GPU" if not present else f"{present} CUDA GPU(s), numbered from 0"
        raise UserError(f"GPU {index} was asked for, but this machine has {found}; use --accelerator cpu")
    if accelerator == "cpu" or index >= present or (accelerator == "auto" and is_exported(weights)):
        return torch.device("cpu")
    return torch.device("cuda", index)
