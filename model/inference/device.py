"""Which processor runs a trained network: chosen by name, with a clear word where the machine does not have it."""

import argparse
from pathlib import Path

import torch

from model.errors import UserError
from model.inference.backend import is_exported

ACCELERATORS = ("auto", "cpu", "gpu")


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


def add_machine_options(parser: argparse.ArgumentParser) -> None:
    """What every command that runs a trained network takes: `--accelerator`, `--progress`."""
    parser.add_argument("--accelerator", choices=ACCELERATORS, default="auto", help="(default: %(default)s)")
    add_progress_option(parser)


def add_progress_option(parser: argparse.ArgumentParser) -> None:
    """`--progress` and `--no-progress`; None where nobody says which."""
    parser.add_argument(
        "--progress",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="draw a progress bar (default: on a terminal)",
    )
