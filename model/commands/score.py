"""`python -m model score`: teach trained weights how good their answers are, on photographs, in minutes and without a GPU."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import torch

from model.commands.arguments import add_progress_option
from model.evaluation.score_fitting import Evidence, Quality, collect, fit, quality
from model.settings.classes import SpecialClasses
from model.training.datasets import open_all
from model.weights.checkpoints import CARD_KEY, PREFIXES, load_network
from model.weights.copies import digest
from pipelines.errors import UserError

EPILOG = """example:
  python -m model score runs/000_lite --data data/people --data data/things --unseen data/cars --output smart_tool.ckpt

Trained weights answer clicks, but do not say how sure they are. This plays sessions of simulated clicks on photographs
(datasets made by configs/graphs/photographs.json), and fits a small head to what came out: the predicted IoU of every answer.
With it, the first click is looked at from several distances and the best answer counts, and answers have a `score`. The
network itself is not changed. --unseen names photographs that neither the network nor the head is trained on: what is printed
for them is true of new pictures, too.
"""

DESCRIPTION = "Fit a head that predicts the IoU of every answer of trained weights, which stay as they are."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("weights", metavar="WEIGHTS", help="a checkpoint, the folder of a run, or zoo:NAME")
    parser.add_argument(
        "--data", metavar="DIR", action="append", required=True, help="a dataset of photographs; may be repeated"
    )
    parser.add_argument(
        "--unseen", metavar="DIR", action="append", default=[], help="one to test on, never trained on; may be repeated"
    )
    parser.add_argument("--objects", type=int, default=300, metavar="N", help="of each dataset (default: %(default)s)")
    parser.add_argument("--look", type=int, metavar="PIXELS", help="size at which it looks (default: that of its card)")
    parser.add_argument("--seed", type=int, default=0, help="of the clicks and of the fit (default: %(default)s)")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE", help="the weights with the head, *.ckpt")
    add_progress_option(parser)


def run(options: argparse.Namespace) -> int:
    """The command."""
    problems = [
        f"--{name} {getattr(options, name)}: must be at least {least}"
        for name, least in (("objects", 1), ("look", 32))
        if getattr(options, name) is not None and getattr(options, name) < least
    ]
    if options.output.suffix != ".ckpt":
        problems.append(f"--output {options.output}: the name must end in .ckpt")
    if problems:
        raise UserError("\n".join(problems))
    network, card = load_network(options.weights)
    look = options.look or card.look
    classes = SpecialClasses(**card.config.get("special_classes", {}))
    head = network.add_score_head()
    progress = sys.stderr.isatty() if options.progress is None else options.progress

    def sessions(locations: list[str], seed: int) -> Evidence:
        datasets = open_all(locations)
        found = collect(network, card.click_radius, look, datasets, classes, options.objects, seed, progress)
        if not len(found):
            raise UserError(f"data {', '.join(locations)}: no object of class {classes.foreground!r} to click on")
        return found

    learned = sessions(options.data, options.seed)
    fit(head, learned, options.seed)
    print(f"fitted to {len(learned)} answers; on these: {text(quality(head, learned))}")
    for number, location in enumerate(options.unseen, start=1):
        print(f"{location}: {text(quality(head, sessions([location], options.seed + number)))}")
    card = replace(card, look_size=look)
    tensors = {PREFIXES[-1] + name: tensor.contiguous() for name, tensor in network.state_dict().items()}
    options.output.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"state_dict": tensors, CARD_KEY: card.to_dict()}, options.output)
    print(f"written: {options.output}, {options.output.stat().st_size / 1e6:.1f} MB, sha256 {digest(options.output)}")
    return 0


def text(found: Quality) -> str:
    """One line."""
    return (
        f"{found.answers} answers, calibration error {found.calibration_error:.3f}, correlation {found.correlation:.2f}; "
        f"first click, IoU {found.whole:.3f} for the whole image, {found.chosen:.3f} chosen by score, "
        f"{found.best:.3f} the best of all looks"
    )
