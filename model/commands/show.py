"""`python -m model show`: what a network answers to clicks on photographs, as one picture."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from model.commands.arguments import ACCELERATORS
from model.drawing import PICTURE_SUFFIXES, Picture, write_picture
from model.inference.device import device_for
from model.inference.predictor import Predictor
from model.inference.show import PHOTOGRAPHS, own_picture, parse_click, photograph, played, sheet
from model.weights import zoo
from pipelines.clicks import Click
from pipelines.errors import UserError

DEFAULT_OUTPUT = "clicks.png"
EPILOG = """examples:
  python -m model show                                                photographs and clicks that come along
  python -m model show holiday.jpg 210,140,+                          your picture, one click on the object
  python -m model show holiday.jpg 210,140,+ 310,150,- 250,180,+      and two corrections
  python -m model show --weights runs/000_laptop --output mine.jpg holiday.jpg 210,140,+

A click is X,Y,+ on what belongs to the object, or X,Y,- on what does not, in pixels of the picture from its upper left
corner. The first one goes to the middle of the object; each further one to the largest mistake. Green dots belong to the
object, red ones do not; blue is the mask.
"""

DESCRIPTION = "Draw what a network answers to clicks on photographs that come along, or on your own picture."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.add_argument(
        "image", nargs="?", metavar="IMAGE", help="a picture of your own (default: those that come along)"
    )
    parser.add_argument("clicks", nargs="*", metavar="X,Y,+", help="clicks on it, in their order")
    parser.add_argument(
        "--weights",
        default=zoo.DEFAULT,
        metavar="W",
        help="a checkpoint, the folder of a training run, an exported .onnx file, or zoo:NAME (default: %(default)s)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=Path(DEFAULT_OUTPUT),
        metavar="FILE",
        help=f"the picture, {' or '.join(PICTURE_SUFFIXES)} (default: %(default)s)",
    )
    parser.add_argument(
        "--target-size",
        type=int,
        metavar="PIXELS",
        help="longer side of what the network sees (default: that on the card of the weights)",
    )
    parser.add_argument("--accelerator", choices=ACCELERATORS, default="auto", help="(default: %(default)s)")


def run(options: argparse.Namespace) -> int:
    """The command."""
    wanted = _wanted(options.image, options.clicks)
    check_output(options.output, options.image)
    device = device_for(options.accelerator, options.weights)
    predictor, _ = Predictor.load(options.weights, options.target_size, device)
    rows = []
    for name, image, clicks in wanted:
        rows.append(played(predictor, name, image, clicks))
        print(rows[-1].text, flush=True)
    write_picture(options.output, sheet(rows))
    print(f"look at {options.output}")
    return 0


def _wanted(image: str | None, clicks: Sequence[str]) -> list[tuple[str, Picture, tuple[Click, ...]]]:
    """Name, photograph and clicks of what is to be shown. UserError with all problems of the clicks at once."""
    if image is None:
        return [(shown.name, photograph(shown.file), shown.clicks) for shown in PHOTOGRAPHS]
    pixels = own_picture(image)
    if not clicks:
        raise UserError(
            f"picture {image}: no clicks on it are given; add one on the middle of the object, e.g. "
            f"show {image} {pixels.shape[1] // 2},{pixels.shape[0] // 2},+"
        )
    parsed, problems = [], []
    for text in clicks:
        try:
            parsed.append(parse_click(text))
        except UserError as error:
            problems.append(str(error))
    if problems:
        raise UserError("\n  ".join(problems))
    return [(Path(image).name, pixels, tuple(parsed))]


def check_output(output: Path, image: str | None) -> None:
    """UserError for a picture that cannot be written there, or would replace the one that is shown."""
    if output.suffix.lower() not in PICTURE_SUFFIXES:
        raise UserError(f"--output {output}: the name must end in {' or '.join(PICTURE_SUFFIXES)}")
    if output.is_dir():
        raise UserError(f"--output {output}: is a folder; name a file in it, e.g. {output / DEFAULT_OUTPUT}")
    if image is not None and output.exists() and output.samefile(image):
        raise UserError(f"--output {output} is the picture itself; name another file")
