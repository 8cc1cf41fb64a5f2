"""`synth`: an artificial labelled dataset."""

from __future__ import annotations

import argparse
import functools

from tqdm import tqdm

from pipelines.errors import shown

EPILOG = """\
example:
  python -m pipelines synth data/voc --format voc --images 200 --seed 1

Textured, overlapping, shaded objects of many kinds with exact masks. The same seed gives the same files, and a smaller
dataset is the beginning of a larger one.
"""

DESCRIPTION = "Draw an artificial labelled dataset, rich enough to train on and to try every command with."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("directory", metavar="DIR", help="a folder that does not exist yet, or is empty")
    parser.add_argument("--format", choices=("voc", "mapillary"), default="voc", help="layout (default voc)")
    parser.add_argument("--images", type=int, default=200, metavar="N", help="number of images (default 200)")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="decides every pixel (default 0)")


def run(arguments: argparse.Namespace) -> int:
    from pipelines.synthetic import generate

    progress = functools.partial(tqdm, desc="drawing", unit="image", disable=None)
    with shown(ValueError, FileExistsError):
        summary = generate(
            arguments.directory,
            layout=arguments.format,
            images=arguments.images,
            seed=arguments.seed,
            progress=progress,
        )
    kinds = sorted(summary.classes.items(), key=lambda item: -item[1])
    print(
        f"{summary.images} images ({summary.training} training, {summary.validation} validation), {summary.objects} objects"
    )
    print(f"most frequent: {', '.join(f'{name} {count}' for name, count in kinds[:8])}")
    print(f"in {arguments.directory}, layout {arguments.format}")
    return 0
