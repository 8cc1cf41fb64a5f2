"""`preview`: what colour stands where, which samples are shown, what is counted, and what is refused."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipelines.figures import Bitmap, Figure, Line, Point
from pipelines.overlay import fitted_size, overlay
from pipelines.pictures import layer_table as layer_table_module
from pipelines.pictures.lettering import font_for, shortened
from tests.pipelines.commands.conftest import (
    NEGATIVE,
    NEGATIVE_COLOR,
    OBJECT_COLOR,
    POSITIVE,
    POSITIVE_COLOR,
    SQUARE,
)

TILE = (20, 104)
"""(x, y) of the first sample on a sheet with a legend; samples of the tiny project are drawn at their own size."""


def near(pixel, color, tolerance=14):
    return max(abs(int(a) - b) for a, b in zip(pixel, color, strict=True)) <= tolerance


def at(image, point):
    return image[TILE[1] + point[1], TILE[0] + point[0]]


@pytest.fixture
def sheet(workspace, command, tmp_path):
    """The contact sheet of the plain dataset, as an array."""
    said = command("preview", workspace.plain, "--output", tmp_path / "sheet.png")
    assert said.out == f"3 of 3 samples: {tmp_path / 'sheet.png'}\n"
    return np.asarray(Image.open(tmp_path / "sheet.png"))


def test_outline_fill_and_background_have_their_colours(sheet):
    left, top, right, bottom = SQUARE
    middle = (top + bottom) // 2
    assert near(at(sheet, (left, middle)), OBJECT_COLOR)
    assert near(at(sheet, (right - 1, middle)), OBJECT_COLOR)
    grey = int(at(sheet, (10, 200))[0])
    assert grey in (100, 101, 102)
    mixed = [0.62 * grey + 0.38 * part for part in OBJECT_COLOR]
    assert near(at(sheet, (left + 20, middle - 20)), mixed, tolerance=4)


def test_points_have_their_colour_and_a_white_ring(sheet):
    for (x, y), color in ((POSITIVE, POSITIVE_COLOR), (NEGATIVE, NEGATIVE_COLOR)):
        assert near(at(sheet, (x, y)), color)
        assert near(at(sheet, (x + 4, y)), (255, 255, 255), 60)
        assert near(at(sheet, (x, y - 4)), (255, 255, 255), 60)


def test_the_seed_chooses_the_samples(workspace, command, tmp_path):
    pictures = []
    for seed in (0, 0, 1, 2, 3):
        command("preview", workspace.crops, "--samples", 3, "--seed", seed, "--output", tmp_path / "sheet.png")
        # Below the subtitle, which names the seed.
        pictures.append(np.asarray(Image.open(tmp_path / "sheet.png"))[TILE[1] :].tobytes())
    assert pictures[0] == pictures[1]
    assert len(set(pictures)) > 2


def test_more_samples_than_there_are_show_all(workspace, command, tmp_path):
    said = command("preview", workspace.crops, "--samples", 500, "--output", tmp_path / "sheet.jpg")
    samples = workspace.manifest["samples"]
    assert said.out.startswith(f"{samples} of {samples} samples")
    assert Image.open(tmp_path / "sheet.jpg").format == "JPEG"


def test_layers_count_what_they_make(workspace, command, tmp_path, monkeypatch):
    rows = []
    table = layer_table_module.table

    def noted(title, subtitle, given, *rest):
        rows.extend(given)
        return table(title, subtitle, given, *rest)

    monkeypatch.setattr(layer_table_module, "table", noted)
    said = command(
        "preview", workspace.crops_graph, "--layers", "--project", workspace.project, "--image", "second",
        "--samples", 2, "--output", tmp_path / "layers.png",
    )  # fmt: skip
    assert said.out == f"8 layers at work on Tiny/photos/second.png: {tmp_path / 'layers.png'}\n"
    by_title = {row.title: row for row in rows}
    assert by_title["multiply $copies"].lines[0] == "4 in all, 2 shown"
    assert len(by_title["multiply $copies"].tiles) == 2
    assert by_title["data $in"].lines == ("1 in all", "obj -> obj; others dropped")
    wide, narrow = by_title["if $wide (true)"], by_title["if $narrow (false)"]
    assert narrow.faint
    assert narrow.lines[1] == "discarded: no layer reads it"
    counts = [int(row.lines[0].split()[0].replace("none", "0")) for row in (wide, narrow)]
    assert sum(counts) == 4
    val, train = by_title["tag $tagged-val"], by_title["tag $tagged-train"]
    assert sum(int(row.lines[0].split()[0].replace("none", "0")) for row in (val, train)) == counts[0]
    assert Image.open(tmp_path / "layers.png").height > 8 * 60


def test_without_a_name_an_image_that_gives_samples_is_shown(workspace, command, tmp_path):
    said = command(
        "preview", workspace.plain_graph, "--layers", "--project", workspace.project, "--output", tmp_path / "a.png"
    )
    assert "2 layers at work on Tiny/photos/first.png" in said.out


REFUSED = [
    (["{crops}/nothing"], "nothing does not exist; a dataset is what"),
    (["{graph}"], "is a file: a dataset is a folder that `run` made. To see what a graph's layers do to one image"),
    (["{crops}", "--image", "first"], "--image belongs to --layers, which shows a graph at work; a dataset needs neither"),
    (["{crops}", "--output", "{tmp}/sheet.pdf"], "the name of a picture ends in .png, .jpg, .jpeg, .webp"),
    (["{graph}", "--layers"], "say where its project lies: --project NAME=LOCATION"),
    (
        ["{graph}", "--layers", "--project", "{project}", "--image", "secnd"],
        "none of the 3 images the graph reads has this name (did you mean 'second'?); "
        "they are Tiny/photos/first.png to Tiny/photos/third.png",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "text"), REFUSED)
def test_what_cannot_be_shown_is_said(workspace, command, tmp_path, arguments, text):
    places = {"crops": workspace.crops, "graph": workspace.crops_graph, "project": workspace.project, "tmp": tmp_path}
    said = command("preview", *(argument.format(**places) for argument in arguments))
    assert said.code == 2
    assert text in said.err


def test_a_broken_image_is_named(workspace, command, tmp_path):
    root = tmp_path / "broken"
    (root / "photos" / "img").mkdir(parents=True)
    source = workspace.project.partition("=")[2]
    for part in ("meta.json", "photos/img/first.png"):
        (root / part).write_bytes((Path(source) / part).read_bytes()[: 70 if part.endswith("png") else None])
    said = command(
        "preview", workspace.plain_graph, "--layers", "--project", f"Tiny={root}", "--output", tmp_path / "a.png"
    )
    assert said.code == 2
    assert "Tiny/photos/first.png cannot be drawn: the image file is cut off after 70 bytes" in said.err


def test_an_outline_follows_the_mask_at_any_scale():
    pixels = np.full((50, 80, 3), 90, np.uint8)
    figure = Figure("obj", Bitmap(20, 10, np.ones((20, 40), bool)))
    drawn = overlay(pixels, [figure], {"obj": OBJECT_COLOR}, (150, 240))
    assert drawn.shape == (150, 240, 3)
    for x, y in ((60, 60), (179, 60), (120, 30), (120, 89)):
        assert near(drawn[y, x], OBJECT_COLOR, 20), (x, y)
    assert near(drawn[5, 5], (90, 90, 90), 1)


def test_a_point_names_the_middle_of_its_pixel():
    drawn = overlay(np.zeros((10, 10, 3), np.uint8), [Figure("pos", Point(2.0, 7.0))], {"pos": (0, 255, 0)}, (100, 100))
    rows, columns = np.nonzero((drawn == (0, 255, 0)).all(axis=2))
    assert (columns.mean(), rows.mean()) == pytest.approx((24.5, 74.5), abs=0.3)


def test_points_stand_above_masks_and_lines_are_seen():
    figures = [
        Figure("pos", Point(15.0, 15.0)),
        Figure("obj", Bitmap(0, 0, np.ones((30, 30), bool))),
        Figure("line", Line([[5.0, 25.0], [25.0, 25.0]])),
    ]
    drawn = overlay(np.zeros((30, 30, 3), np.uint8), figures, {"pos": (0, 255, 0), "line": (255, 255, 0)}, (90, 90))
    assert near(drawn[46, 46], (0, 255, 0))
    assert near(drawn[75, 45], (255, 255, 0), 30)


def test_pictures_fit_their_box():
    assert fitted_size((500, 1000), (100, 100)) == (50, 100)
    assert fitted_size((1000, 1), (100, 100)) == (100, 1)
    assert fitted_size((10, 10), (100, 300)) == (100, 100)


def test_long_names_lose_their_middle():
    name = "a_very_long_name_of_an_image_0123456789.jpg"
    short = shortened(name, 12, 120)
    assert font_for(short, 12).getlength(short) <= 120
    head, tail = short.split("...")
    assert name.startswith(head)
    assert name.endswith(tail)
    assert len(tail) >= 4
    assert shortened("short.jpg", 12, 120) == "short.jpg"
