"""`python -m model train`: train the click network on finished datasets."""

import argparse
import sys
from pathlib import Path

from model.commands.arguments import ACCELERATORS, add_progress_option
from pipelines.errors import UserError

STOPPED = 143
"""Exit status of a run that a signal ended, as shells expect it of SIGTERM."""
EPILOG = """\
example:
  python -m pipelines run configs/graphs/pascal_voc.json --project PascalVOC=VOC2012 --output data/pascal
  python -m model train configs/train/tutorial.json --data data/pascal --accelerator cpu --epochs 5
  python -m model train configs/train/tutorial.json --data data/pascal --resume runs/000_tutorial

The config is the tutorial's JSON; unknown keys are refused with the nearest known one. A run's folder gets config.json,
checkpoints/best.ckpt and last.ckpt, logs/, tensorboard/ and pictures/. last.ckpt is written at every validation and
every checkpoint_minutes of the config. A run that gets SIGTERM or Ctrl-C saves it and ends; --resume goes on from there
as if it had never stopped. A run is counted in steps: resumed with another batch size or number of devices it ends at
the same step; more --epochs make it longer. A loss that is no finite number stops it, and the checkpoints of before stay.

On a machine that may be taken away at any moment, give the same command line again and again:
  python -m model train configs/train/tutorial.json --data data/pascal --output runs/mine --resume auto

Exit status: 0 finished, 143 stopped by a signal, 2 for a mistake in what was asked, 3 for a training that diverged.
"""

DESCRIPTION = "Train the click network on datasets made by `python -m pipelines run`."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("config", metavar="CONFIG", help="training config, e.g. configs/train/tutorial.json")
    parser.add_argument(
        "--data",
        metavar="DIR",
        action="append",
        required=True,
        help="a finished dataset; repeat to train on several together",
    )
    parser.add_argument("--output", metavar="RUN", help="folder of the run (default: a new number below runs/)")
    parser.add_argument("--overwrite", action="store_true", help="delete a run that is already in --output")
    parser.add_argument(
        "--accelerator",
        choices=ACCELERATORS,
        default="auto",
        help="auto follows gpu_devices of the config, and without that key takes a GPU where there is one (default: auto)",
    )
    parser.add_argument("--devices", type=int, metavar="N", help="processes on the CPU, or the first N of the GPUs")
    parser.add_argument("--epochs", type=int, metavar="N", help="in place of the config's epochs")
    parser.add_argument(
        "--weights",
        metavar="CHECKPOINT",
        help="start from these weights, in the way that weights_init_type says: a checkpoint, a run's folder, or zoo:NAME",
    )
    parser.add_argument(
        "--resume",
        metavar="CHECKPOINT",
        nargs="?",
        const="",
        help="go on with a run: a checkpoint, a run's folder, or without a value the run in --output; auto: with the run in "
        "--output, or with the newest one of this config below runs/, if it has a checkpoint, else begin one",
    )
    parser.add_argument(
        "--refuse-licence",
        "--refuse-license",
        dest="refuse_licences",
        metavar="TEXT",
        action="append",
        default=[],
        help="end before training where a licence of the data, or of what the weights were trained on, has TEXT in it, e.g. "
        'research, by-nc, or "not stated"; repeat for more',
    )
    parser.add_argument("--limit-train-batches", type=int, metavar="N", help="at most N training steps an epoch")
    parser.add_argument("--limit-val-batches", type=int, metavar="N", help="at most N batches a validation")
    add_progress_option(parser)


def run(options: argparse.Namespace) -> int:
    """Train as the command line says."""
    for name in ("epochs", "devices", "limit_train_batches", "limit_val_batches"):
        value = getattr(options, name)
        if value is not None and value < 1:
            raise UserError(f"--{name.replace('_', '-')} {value}: at least 1 is needed")
    if "" in options.refuse_licences:
        raise UserError("--refuse-licence '': a part of a licence's name is needed, e.g. research")
    from model.training.config import read_config  # this and the next load PyTorch and Lightning
    from model.training.messages import summary
    from model.training.options import TrainOptions
    from model.training.train import train

    config = read_config(options.config).with_epochs(options.epochs).with_refused(options.refuse_licences)
    train_options = TrainOptions(
        data=tuple(options.data),
        output=options.output,
        name=Path(options.config).stem,
        accelerator=options.accelerator,
        devices=options.devices,
        weights=options.weights,
        resume=options.resume,
        overwrite=options.overwrite,
        limit_train_batches=options.limit_train_batches,
        limit_val_batches=options.limit_val_batches,
        progress=sys.stdout.isatty() if options.progress is None else options.progress,
    )
    outcome = train(config, train_options)
    print(summary(outcome))
    return 0 if outcome.finished else STOPPED
