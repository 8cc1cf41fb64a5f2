"""`python -m model predict`: masks for every image of a project, from the points in its annotations."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from model.commands.arguments import add_machine_options
from model.drawing import contact_sheet, write_picture
from model.inference.backend import is_exported
from model.inference.config import (
    InferenceConfig,
    read_inference_config,
)
from model.inference.device import device_for
from model.inference.predictor import Predictor
from model.inference.project import Request, check_output, predict_project
from model.projects.images import open_images
from model.settings.classes import SpecialClasses
from model.weights import zoo

EPILOG = """example:
  python -m model predict configs/inference/tutorial.json --weights runs/first --input PROJECT --output RESULT

PROJECT is labelled images of any layout that graphs read, a Supervisely project or a dataset of `python -m pipelines run`
most often. The points of its classes `pos` and `neg` (or as the weights' training config names them) are the clicks, and
the mode `bboxes` looks at the boxes of its objects. RESULT is a Supervisely project with the same images and objects, and one
more mask for every image with positive points. With "save_probabilities": true there is also
RESULT/<dataset>/probability/<image>.png, grey from 0 to 255.
"""
_SHEET_COLUMNS = 4

DESCRIPTION = "Run the network on every image of a project; the points in its annotations are the clicks."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("config", metavar="INFERENCE_CONFIG", help="JSON such as configs/inference/tutorial.json")
    parser.add_argument(
        "--weights",
        default=zoo.DEFAULT,
        metavar="W",
        help="a checkpoint, the folder of a training run, an exported .onnx file, or zoo:NAME (default: %(default)s)",
    )
    parser.add_argument(
        "--input",
        required=True,
        metavar="PROJECT",
        help="labelled images of any layout that graphs read: a Supervisely project, a dataset in shards, coco:DIR, ...",
    )
    parser.add_argument("--output", required=True, type=Path, metavar="PROJECT", help="the project folder to write")
    parser.add_argument("--overwrite", action="store_true", help="replace an earlier result at --output")
    parser.add_argument(
        "--pictures", type=int, nargs="?", const=16, default=0, metavar="N",
        help="also draw the first N results (16) into OUTPUT_contact_sheet.png",
    )  # fmt: skip
    parser.add_argument(
        "--target-size", type=int, metavar="PIXELS",
        help="longer side of what the network sees (default: that on the card of the weights)",
    )  # fmt: skip
    parser.add_argument(
        "--flip", action="store_true", help="average with the mirrored image: a little better, twice the time"
    )
    add_machine_options(parser)


def run(options: argparse.Namespace) -> int:
    """The command: reads everything that could be wrong first, then writes the project and prints the totals."""
    config = read_inference_config(options.config)
    images = open_images(options.input)
    check_output(options.output, images.project.location, options.overwrite)
    predictor, classes = load_predictor(config, options, _notice)
    request = Request(config.mode, predictor, classes)
    totals, drawn = predict_project(request, images, options.output, options.pictures, progress=options.progress)
    for problem in totals.failed:
        _notice(problem)
    print(totals.text(request.title))
    if drawn:
        sheet = options.output.with_name(f"{options.output.name}_contact_sheet.png")
        write_picture(sheet, contact_sheet(drawn, _SHEET_COLUMNS))
        print(f"pictures in {sheet}")
    return 1 if totals.failed else 0


def load_predictor(
    config: InferenceConfig, options: argparse.Namespace, notice: Callable[[str], None]
) -> tuple[Predictor, SpecialClasses]:
    """The predictor on the requested GPU, or on the CPU after a notice, and the meaning of the project's classes."""
    weights = options.weights
    device = device_for(options.accelerator, weights, config.model.gpu_device)
    if device.type == "cpu" and options.accelerator == "auto" and not is_exported(weights):
        notice(f"model.gpu_device {config.model.gpu_device} is not on this machine: running on the CPU")
    predictor, card = Predictor.load(weights, options.target_size, device, flip=options.flip)
    return predictor, SpecialClasses(**card.config.get("special_classes", {}))


def _notice(text: str) -> None:
    print(text, file=sys.stderr)
