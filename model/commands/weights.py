"""`python -m model weights`: what trained weights are, which ones come along, and a copy without the training's state."""

import argparse
from pathlib import Path

from model.weights import zoo
from model.weights.copies import describe, digest, write_slim
from model.weights.to_zoo import to_zoo
from pipelines.errors import UserError

BLEND = 0.5
"""Share of the new weights in a mix."""

EPILOG = """examples:
  python -m model weights                                           the weights that come along
  python -m model weights runs/000_laptop                           what a run made
  python -m model weights runs/000_laptop --output smart_tool.ckpt  the network alone, to pass on
  python -m model weights runs/002_lite --to-zoo lite-free          into the zoo of this checkout, with its row on the page
  python -m model weights runs/001_own --blend zoo:lite --output own.ckpt  half of what it went on from, half of what it became

A training's checkpoint also holds the optimizer and all that --resume needs; the copy is a third of its size or less and
serves wherever weights are asked for, except for --resume.
"""

DESCRIPTION = "Tell what trained weights are: network, training data, metrics. Without WEIGHTS, list the zoo."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("weights", nargs="?", metavar="WEIGHTS", help="a checkpoint, the folder of a run, or zoo:NAME")
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="write the network and its card there, nothing else"
    )
    parser.add_argument(
        "--blend",
        metavar="OLD",
        help="mix with the weights that the training went on from, which brings back most of what was forgotten and keeps most "
        "of what was learnt; with --output",
    )
    parser.add_argument(
        "--to-zoo",
        metavar="NAME",
        help="write them as zoo:NAME, in 16 bits, with their row on the zoo's page (in a checkout)",
    )
    parser.add_argument("--overwrite", action="store_true", help="with --to-zoo: replace weights of that name")
    parser.add_argument(
        "--share", type=float, default=BLEND, metavar="S", help="of the new weights in the mix (default: %(default)s)"
    )


def run(options: argparse.Namespace) -> int:
    """The command."""
    if options.weights is None:
        if options.output is not None:
            raise UserError("--output writes a copy of weights: name them, e.g. weights runs/000_laptop --output FILE")
        for name in [*zoo.names(), *zoo.encoders()]:
            print(describe(zoo.PREFIX + name))
        return 0
    problems = []
    if options.to_zoo is not None and (options.output is not None or options.blend is not None):
        problems.append("--to-zoo writes the weights as they are: leave out --output and --blend, or copy them first")
    if options.blend is not None and options.output is None:
        problems.append("--blend writes a mix of weights: say where to with --output FILE")
    if not 0 <= options.share <= 1:
        problems.append(f"--share {options.share:g}: must be from 0, all old, to 1, all new")
    if problems:
        raise UserError("\n".join(problems))
    if options.to_zoo is not None:
        file = to_zoo(options.weights, options.to_zoo, overwrite=options.overwrite)
        print(
            f"written: {file}, {file.stat().st_size / 1e6:.1f} MB, sha256 {digest(file)}; and its row in {file.parent}"
        )
        return 0
    print(describe(options.weights))
    if options.output is not None:
        write_slim(options.weights, options.output, options.blend, options.share)
        print(
            f"written: {options.output}, {options.output.stat().st_size / 1e6:.1f} MB, sha256 {digest(options.output)}"
        )
    return 0
