"""`python -m model show`: what a network answers to clicks on photographs, as one picture; the quickest way to try one."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np

from model.drawing import Picture, captioned, fitted, in_a_row, stacked, with_mask
from model.inference.predictor import Predictor, Session
from model.projects.images import decode_image
from pipelines.clicks import Click, Mask
from pipelines.errors import UserError

SHOWN = (1, 3, 5)
"""After so many clicks there is a picture, and after the last one."""
TILE_WIDTH = 260
LONE_TILE_WIDTH = 420
"""Pixels of a tile among several rows, and of one in the only row, for photographs no taller than `TALLEST` times that."""
TALLEST = 1.5
OUTLINE_COLOUR = (255, 220, 0)


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
    return stacked([in_a_row(_tiles(row, width)) for row in rows])


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
    canvas = with_mask(image, mask)
    outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(canvas, outlines, -1, OUTLINE_COLOUR, 1)
    before = session.size_hw
    clicks = [
        Click(
            (2 * click.x + 1) * width // (2 * before[1]), (2 * click.y + 1) * height // (2 * before[0]), click.positive
        )
        for click in session.clicks
    ]
    return with_mask(canvas, clicks=clicks)


def count_text(clicks: int) -> str:
    """`1 click`, `3 clicks`."""
    return f"{clicks} click{'s' * (clicks != 1)}"
