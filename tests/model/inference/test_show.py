"""The picture of a network at work: what is on it, where, for which clicks; and what is refused."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from model.__main__ import main
from model.drawing import NEGATIVE_COLOUR, POSITIVE_COLOUR
from model.inference.backend import TorchBackend
from model.inference.predictor import Predictor
from model.inference.show import (
    LONE_TILE_WIDTH,
    OUTLINE_COLOUR,
    PHOTOGRAPHS,
    TALLEST,
    TILE_WIDTH,
    parse_click,
    photograph,
    played,
    sheet,
    shown_of,
)
from model.weights import zoo
from pipelines.clicks import Click
from pipelines.errors import UserError
from tests.model.toy_networks import bright, write_checkpoint

# By eye, pixels that anybody would say belong to the object, and some that do not.
ON_AND_BESIDE = {
    "astronaut": (
        [(225, 130), (220, 50), (100, 250), (60, 400), (300, 280), (230, 200), (170, 385), (225, 400)],
        [(30, 100), (420, 60), (400, 430), (330, 30), (430, 280), (20, 300)],
    ),
    "shuttle": (
        [(410, 20), (425, 90), (395, 100), (395, 150), (390, 200), (420, 190), (365, 212), (445, 212)],
        [(340, 100), (490, 100), (225, 130), (400, 400), (480, 320), (30, 100)],
    ),
    "cup": (
        [(200, 80), (280, 150), (380, 120), (290, 40), (250, 230), (330, 220), (240, 60), (195, 170)],
        [(130, 200), (440, 200), (365, 290), (300, 360), (500, 80), (40, 60)],
    ),
    "cat": (
        [(170, 130), (320, 160), (265, 235), (100, 60), (80, 200), (250, 40), (200, 270), (30, 250)],
        [(430, 150), (420, 260), (10, 100), (430, 60), (400, 200), (390, 280)],
    ),
}


def picture(width: int = 60, height: int = 40) -> np.ndarray:
    """Dark, with a bright box in columns 20 to 39 and rows 10 to 29."""
    image = np.full((height, width, 3), 20, np.uint8)
    image[10:30, 20:40] = 230
    return image


def toy() -> Predictor:
    return Predictor(TorchBackend(bright, 2.0))


def colour_at(sheet: np.ndarray, tile: int, x: float, y: float, width: int, scale: float) -> tuple[int, ...]:
    """The colour of a tile (the photograph is 0) of the first row where pixel (x, y) of the photograph has its middle."""
    column = tile * (width + 6) + int((x + 0.5) * scale)
    return tuple(sheet[22 + int((y + 0.5) * scale), column].tolist())


def test_a_tile_shows_mask_outline_and_clicks_where_they_are_on_the_photograph():
    row = played(toy(), "box", picture(), [Click(25, 15, True), Click(50, 35, False)])
    drawn = sheet([row])
    scale = LONE_TILE_WIDTH / 60
    assert drawn.shape == (22 + round(40 * scale) + 6, 3 * (LONE_TILE_WIDTH + 6), 3)

    def at(tile: int, x: float, y: float) -> tuple[int, ...]:
        return colour_at(drawn, tile, x, y, LONE_TILE_WIDTH, scale)

    assert at(0, 35, 25) == (230, 230, 230)
    assert at(1, 35, 25) == (135, 175, 242)
    assert at(1, 5, 5) == (20, 20, 20)
    assert at(1, 25, 15) == at(2, 25, 15) == POSITIVE_COLOUR
    assert at(1, 50, 35) == (20, 20, 20)
    assert at(2, 50, 35) == NEGATIVE_COLOUR
    top, left = 22 + round(10 * scale), LONE_TILE_WIDTH + 6 + round(20 * scale)
    around = drawn[top - 1 : top + 2, left : left + round(20 * scale)].reshape(-1, 3)
    assert (around == OUTLINE_COLOUR).all(axis=1).sum() >= 0.9 * 20 * scale


def test_rows_are_aligned_and_a_tall_photograph_is_kept_short():
    rows = [played(toy(), "box", picture(60, height), [Click(25, 15, True)]) for height in (40, 400)]
    heights = [round(TILE_WIDTH / 60 * 40), round(TILE_WIDTH * TALLEST)]
    assert sheet(rows).shape == (2 * (22 + 6) + sum(heights), 2 * (TILE_WIDTH + 6), 3)


@pytest.mark.parametrize(
    ("clicks", "shown"), [(1, [1]), (2, [1, 2]), (3, [1, 3]), (4, [1, 3, 4]), (5, [1, 3, 5]), (9, [1, 3, 5, 9])]
)
def test_the_last_click_is_always_shown(clicks: int, shown: list[int]):
    assert shown_of(clicks) == shown


def test_clicks_are_read():
    assert parse_click("210,140,+") == parse_click("210,140") == Click(210, 140, True)
    assert parse_click("0,7,-") == Click(0, 7, False)


@pytest.mark.parametrize("text", ["210", "210,140,*", "1.5,3,+", "210, 140,+", "-3,5,+", "a,b,+", ""])
def test_what_is_no_click_is_refused(text: str):
    with pytest.raises(
        UserError, match=r"click .*: X,Y,\+ \(on the object\) or X,Y,- \(beside it\) is expected, whole pix"
    ):
        parse_click(text)


def test_the_clicks_that_come_along_lie_on_their_photographs_and_show_all_columns():
    for shown in PHOTOGRAPHS:
        height, width = photograph(shown.file).shape[:2]
        assert len(shown.clicks) == 5
        assert shown.clicks[0].positive
        assert all(0 <= click.x < width and 0 <= click.y < height for click in shown.clicks)


def test_one_click_on_each_photograph_takes_most_of_the_object_and_five_nothing_else():
    predictor, _ = Predictor.load(zoo.DEFAULT)
    assert {shown.name for shown in PHOTOGRAPHS} == set(ON_AND_BESIDE)
    for shown in PHOTOGRAPHS:
        on, beside = (np.array(points) for points in ON_AND_BESIDE[shown.name])
        sessions = played(predictor, shown.name, photograph(shown.file), shown.clicks).sessions
        first, last = sessions[0].mask, sessions[-1].mask
        assert first[on[:, 1], on[:, 0]].mean() >= 0.8, shown.name
        assert last[on[:, 1], on[:, 0]].all(), shown.name
        assert not last[beside[:, 1], beside[:, 0]].any(), shown.name


def test_without_arguments_the_photographs_are_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    weights = write_checkpoint(tmp_path / "nano.ckpt")
    output = tmp_path / "new" / "photographs.jpg"
    assert main(["show", "--weights", str(weights), "--output", str(output)]) == 0
    said = capsys.readouterr().out
    assert [line.split(":")[0] for line in said.splitlines()[:-1]] == ["astronaut", "shuttle", "cup", "cat"]
    assert said.endswith(f"look at {output}\n")
    assert output.read_bytes()[:2] == b"\xff\xd8"
    assert cv2.imread(str(output)).shape[1] == 4 * (TILE_WIDTH + 6)


def test_an_own_picture_with_clicks(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    weights, image, output = write_checkpoint(tmp_path / "nano.ckpt"), tmp_path / "mine.png", tmp_path / "out.png"
    cv2.imwrite(str(image), picture())
    assert main(["show", "--weights", str(weights), "--output", str(output), str(image), "25,15,+", "50,35,-"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("mine.png: the mask is ")
    assert "% after 1 click," in said
    assert "% after 2 clicks;" in said
    assert output.read_bytes()[:4] == b"\x89PNG"
    assert cv2.imread(str(output)).shape[1] == 3 * (LONE_TILE_WIDTH + 6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["mine.png"],
            "picture mine.png: no clicks on it are given; add one on the middle of the object, e.g. show mine.png",
        ),
        (["mine.png", "4", "5,6,x"], "click '4': X,Y,+ (on the object) or X,Y,- (beside it) is expected"),
        (["mine.png", "4", "5,6,x"], "click '5,6,x': X,Y,+ (on the object)"),
        (
            ["mine.png", "60,3,+", "4,40,-", "1,1,+"],
            "mine.png: 60,3 and 4,40 lie outside of the picture, which is 60×40: x goes from 0 to 59, y from 0 to 39",
        ),
        (["mine.png", "60,3,+"], "mine.png: 60,3 lies outside of the picture"),
        (["none.png", "1,1,+"], "picture none.png: cannot be read (No such file or directory)"),
        (["25,15,+"], "(No such file or directory); the picture comes first, then the clicks"),
        (["notes.txt", "1,1,+"], "picture notes.txt: 5 bytes that are no readable picture"),
        (["--output", "out.gif"], "--output out.gif: the name must end in .png or .jpg or .jpeg"),
        (["--output", "mine.png", "mine.png", "1,1,+"], "--output mine.png is the picture itself; name another file"),
        (["--output", "folder.png"], "--output folder.png: is a folder; name a file in it, e.g. folder.png/clicks.png"),
        (["--weights", "zoo:huge", "mine.png", "1,1,+"], "weights zoo:huge: not in the zoo, which has zoo:lite"),
    ],
)
def test_mistakes_are_named(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
):
    monkeypatch.chdir(tmp_path)
    cv2.imwrite("mine.png", picture())
    Path("notes.txt").write_text("hello")
    Path("folder.png").mkdir()
    if "--weights" not in arguments:
        arguments = ["--weights", str(write_checkpoint(tmp_path / "nano.ckpt")), *arguments]
    assert main(["show", *arguments]) == 2
    assert message in capsys.readouterr().err
    assert not Path("clicks.png").exists()


def test_a_photograph_that_the_installation_lacks_is_named_with_a_way_out():
    with pytest.raises(
        UserError, match=r"data/unicorn.png: not there; the photographs come with the package scikit-image"
    ):
        photograph("unicorn.png")
