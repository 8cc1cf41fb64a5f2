"""`python -m model show`: what a network answers to clicks on photographs, as one picture; the quickest way to try one."""

import argparse
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from model.drawing import PICTURE_SUFFIXES, Picture, captioned, fitted, overlay, side_by_side, stacked, write_picture
from model.errors import UserError
from model.inference.device import ACCELERATORS, device_for
from model.inference.predictor import Predictor, Session
from model.projects.labelled import decode_image
from model.weights import zoo
from pipelines.clicks import Click, Mask

SHOWN = (1, 3, 5)
"""After so many clicks there is a picture, and after the last one."""
TILE_WIDTH = 260
LONE_TILE_WIDTH = 420
"""Pixels of a tile among several rows, and of one in the only row, for photographs no taller than `TALLEST` times that."""
TALLEST = 1.5
OUTLINE_COLOUR = (255, 220, 0)
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


@dataclass(frozen=True)
class Shown:
    """An object on a photograph, and the clicks that a person makes to get it."""

    name: str
    file: str
    """In the folder of photographs that scikit-image has in its wheel."""
    clicks: tuple[Click, ...]


def clicked(name: str, file: str, clicks: str) -> Shown:
    """`clicks` are written as on the command line, with spaces between."""
    return Shown(name, file, tuple(parse_click(text) for text in clicks.split()))


@dataclass(frozen=True)
class Row:
    """One object of the picture: the photograph, (H, W, 3) uint8 RGB, and the session after each of its clicks."""

    name: str
    image: Picture
    sessions: tuple[Session, ...]
    seconds: float
    """Of all clicks together."""

    @property
    def text(self) -> str:
        """The row in words."""
        masks = {number: 100 * self.sessions[number - 1].mask.mean() for number in shown_of(len(self.sessions))}
        shares = ", ".join(f"{share:.1f} % after {count_text(number)}" for number, share in masks.items())
        each = self.seconds / len(self.sessions)
        return f"{self.name}: the mask is {shares}; {each:.2f} s a click"


def parse_click(text: str) -> Click:
    """`210,140,+`; without a sign it is a positive click. UserError for anything else."""
    found = re.fullmatch(r"(\d+),(\d+)(?:,([+-]))?", text)
    if found is None:
        raise UserError(
            f"click {text!r}: X,Y,+ (on the object) or X,Y,- (beside it) is expected, whole pixels from the upper left "
            f"corner without spaces, e.g. 210,140,+"
        )
    return Click(int(found[1]), int(found[2]), found[3] != "-")


# Chosen by looking: the middle of the object first, then each time what was still wrong in the mask of `zoo:lite`.
PHOTOGRAPHS = (
    clicked("astronaut", "astronaut.png", "170,330,+ 165,195,+ 125,503,+ 255,495,+ 190,507,+"),
    clicked("shuttle", "astronaut.png", "410,130,+ 447,110,+ 386,240,+ 395,286,- 446,50,+"),
    clicked("cup", "coffee.png", "290,200,+ 232,268,+ 412,95,- 359,243,- 328,240,+"),
    clicked("cat", "chelsea.png", "230,150,+ 275,290,+ 6,50,- 380,12,+ 395,270,-"),
)


def photograph(file: str) -> Picture:
    """A photograph of scikit-image, (H, W, 3) uint8 RGB. UserError where this installation lacks it."""
    package = find_spec("skimage")
    # The package's own way to its pictures fetches those that the wheel leaves out; these are all in it.
    path = Path((package and package.origin) or "skimage").parent / "data" / file
    if not path.is_file():
        raise UserError(
            f"{path}: not there; the photographs come with the package scikit-image: install requirements.lock, "
            f"or name a picture of your own and clicks on it, e.g. show holiday.jpg 210,140,+"
        )
    return decode_image(path.read_bytes(), str(path))


def own_picture(file: str) -> Picture:
    """A picture of the user's, (H, W, 3) uint8 RGB."""
    try:
        data = Path(file).read_bytes()
    except OSError as error:
        hint = "; the picture comes first, then the clicks" if re.match(r"-?\d+,", file) else ""
        raise UserError(f"picture {file}: cannot be read ({error.strerror}){hint}") from error
    return decode_image(data, f"picture {file}")


def played(predictor: Predictor, name: str, image: Picture, clicks: Sequence[Click]) -> Row:
    """The clicks made one after the other. UserError where one lies outside of the image; all such are named."""
    height, width = image.shape[:2]
    outside = [f"{click.x},{click.y}" for click in clicks if click.x >= width or click.y >= height]
    if outside:
        raise UserError(
            f"{name}: {' and '.join(outside)} lie{'s' * (len(outside) == 1)} outside of the picture, which is "
            f"{width}×{height}: x goes from 0 to {width - 1}, y from 0 to {height - 1}"
        )
    session = predictor.set_image(image)
    sessions = []
    started = time.perf_counter()
    for click in clicks:
        session = session.click(click.x, click.y, click.positive)
        sessions.append(session)
    return Row(name, image, tuple(sessions), time.perf_counter() - started)


def shown_of(clicks: int) -> list[int]:
    """The numbers of clicks that are shown where so many were made: 1, 3, 5, and the last."""
    return sorted({number for number in SHOWN if number < clicks} | {clicks})


def sheet(rows: Sequence[Row]) -> Picture:
    """A row an object: the photograph, and the mask after 1, 3, 5 and all clicks; (H, W, 3) uint8 RGB."""
    width = TILE_WIDTH if len(rows) > 1 else LONE_TILE_WIDTH
    return stacked([side_by_side(_tiles(row, width)) for row in rows])


def _tiles(row: Row, width: int) -> list[Picture]:
    tall = row.image.shape[0] / row.image.shape[1]
    image = fitted(row.image, round(width * min(max(tall, 1.0), TALLEST)))
    tiles = [captioned(image, row.name)]
    for number in shown_of(len(row.sessions)):
        session = row.sessions[number - 1]
        tiles.append(captioned(_answer(image, session), f"after {count_text(number)}"))
    return tiles


def _answer(image: Picture, session: Session) -> Picture:
    """The tile `image` with mask, outline and clicks of a session on the whole photograph."""
    height, width = image.shape[:2]
    shrinks = width < session.mask.shape[1]
    interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    mask: Mask = cv2.resize(session.mask.astype(np.float32), (width, height), interpolation=interpolation) > 0.5
    canvas = overlay(image, mask)
    outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(canvas, outlines, -1, OUTLINE_COLOUR, 1)
    before = session.size_hw
    clicks = [
        Click(
            (2 * click.x + 1) * width // (2 * before[1]), (2 * click.y + 1) * height // (2 * before[0]), click.positive
        )
        for click in session.clicks
    ]
    return overlay(canvas, clicks=clicks)


def count_text(clicks: int) -> str:
    """`1 click`, `3 clicks`."""
    return f"{clicks} click{'s' * (clicks != 1)}"


def add_parser(subparsers: Any) -> None:
    """Adds the command `show`."""
    parser = subparsers.add_parser(
        "show",
        help="a network at work: photographs after 1, 3, 5 clicks",
        description="Draw what a network answers to clicks on photographs that come along, or on your own picture.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
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
    parser.set_defaults(func=run)


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
