"""Options that several commands share."""

import argparse

ACCELERATORS = ("auto", "cpu", "gpu")


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
