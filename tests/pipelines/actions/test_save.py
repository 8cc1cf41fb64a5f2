"""`save`: samples are saved as ever, and the pictures beside them show the objects where they are."""

import tarfile
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipelines.actions.save import Save, draw_figures, side_by_side, stroke, stroke_width
from pipelines.execute.run import target_of
from pipelines.execute.writer import write_shard
from pipelines.figures import Bitmap, Figure, Line, Point, Polygon, Rectangle, Shape
from pipelines.meta import ClassSpec, Meta
from pipelines.sources import bind
from tests.support import compiled, layer, run, tiny_project, tiny_sample

WHITE = {"car": (255, 255, 255)}


def picture(shape: Shape, width: int | None, size: tuple[int, int] = (12, 16)) -> np.ndarray:
    return draw_figures([Figure("car", shape)], WHITE, size, width).any(axis=2)


def slow_stroke(size: tuple[int, int], points: list[tuple[int, int]], width: int) -> np.ndarray:
    """Every pixel against many positions along every segment."""
    found = np.zeros(size, bool)
    for (x0, y0), (x1, y1) in pairwise(points):
        for t in np.linspace(0, 1, 20 * max(abs(x1 - x0), abs(y1 - y0), 1) + 1):
            y, x = np.mgrid[: size[0], : size[1]]
            found |= (x - x0 - t * (x1 - x0)) ** 2 + (y - y0 - t * (y1 - y0)) ** 2 <= width * width / 4 + 1e-6
    return found


@pytest.mark.parametrize("width", [1, 2, 3, 4, 7])
@pytest.mark.parametrize(
    "points",
    [
        [(2, 3), (11, 3)],
        [(2, 2), (9, 9)],
        [(1, 10), (4, 1), (15, 11)],
        [(-3, 5), (20, 5)],
        [(5, 5), (5, 5)],
        [(40, 40), (50, 40)],
    ],
)
def test_a_stroke_is_every_pixel_within_half_the_width(points, width):
    canvas = np.zeros((12, 16), np.uint8)
    stroke(canvas, np.array(points), width, 1)
    assert np.array_equal(canvas.astype(bool), slow_stroke((12, 16), points, width))


@pytest.mark.parametrize(("longest", "width"), [(1, 1), (598, 1), (599, 2), (898, 2), (899, 3), (4000, 13)])
def test_the_stroke_grows_with_the_image(longest, width):
    assert stroke_width((10, longest)) == stroke_width((longest, 10)) == width


def test_rectangles_are_outlined_and_areas_filled():
    outline = picture(Rectangle(2, 3, 7, 8), 1)
    assert outline[[3, 8], 2:8].all()
    assert outline[3:9, [2, 7]].all()
    assert not outline[4:8, 3:7].any()
    assert outline.sum() == 20
    assert picture(Rectangle(2, 3, 7, 8), None).sum() == 36
    assert picture(Polygon([(2, 3), (7, 3), (7, 8), (2, 8)]), 1).sum() == 36
    assert picture(Bitmap(2, 3, np.ones((4, 5), bool)), 1).sum() == 20


def test_points_are_discs_or_single_pixels():
    assert picture(Point(5, 6), 1).sum() == 5
    assert picture(Point(5, 6), 3).sum() == 13
    assert picture(Point(5, 6), None).sum() == 1


def test_lines_get_thicker():
    assert picture(Line([(2, 5), (9, 5)]), 1).sum() == 8
    assert picture(Line([(2, 5), (9, 5)]), 3)[4:7, 2:10].all()


def test_later_objects_lie_on_top_and_classes_without_colour_are_left_out():
    figures = [
        Figure("a", Rectangle(0, 0, 9, 9)),
        Figure("b", Rectangle(0, 0, 4, 4)),
        Figure("c", Rectangle(0, 0, 9, 9)),
    ]
    drawing = draw_figures(figures, {"a": (10, 0, 0), "b": (0, 20, 0)}, (10, 10))
    assert drawing[2, 2].tolist() == [0, 20, 0]
    assert drawing[8, 8].tolist() == [10, 0, 0]


def test_halves_are_truncated_and_a_green_line_lies_between():
    pixels = np.full((4, 5, 3), 101, np.uint8)
    drawing = np.zeros_like(pixels)
    drawing[1, 2] = (1, 0, 255)
    found = side_by_side(pixels, drawing)
    assert found.shape == (4, 11, 3)
    assert (found[:, :5] == 101).all()
    assert (found[:, 5] == (0, 255, 0)).all()
    assert found[1, 8].tolist() == [51, 50, 178]
    assert (np.delete(found[:, 6:].reshape(-1, 3), 5 + 2, axis=0) == 101).all()


def test_a_black_class_shows():
    meta = Meta((ClassSpec("car", "rectangle", "#000000"),))
    sample = tiny_sample([Figure("car", Rectangle(1, 1, 5, 5))])
    ((folder, found),) = Save(visualize=True).pictures(sample, np.full((40, 60, 3), 101, np.uint8), meta)
    assert folder == "visualize"
    assert found[1, 61 + 1].tolist() == [51, 51, 51]


def test_without_visualize_no_picture_is_made():
    assert not Save().makes_pictures
    assert list(Save().pictures(tiny_sample(), np.zeros((40, 60, 3), np.uint8), Meta())) == []
    assert Save(visualize=True).makes_pictures


def test_old_flags_are_taken_and_said_to_be_useless():
    (finding,) = Save.from_settings({"images": True}).problems()
    assert (finding.path, finding.severity) == (("images",), "warning")
    assert finding.message == "this setting has no effect: images and annotations are always saved"


def test_a_misspelt_setting_is_pointed_out():
    graph = [
        layer("data", ["P/*"], "$0", {"classes_mapping": "default"}),
        layer("save", ["$0"], "out", {"visualise": True}),
    ]
    with pytest.raises(ValueError, match=r"there is no such setting \(did you mean 'visualize'\?\)"):
        compiled(graph)


def test_pictures_lie_in_the_dataset_beside_the_unchanged_images(tmp_path: Path):
    projects = bind([f"P={tiny_project(tmp_path / 'P', 1)}"])
    graph = [
        layer("data", ["P/*"], "$0", {"classes_mapping": "default"}),
        layer("save", ["$0"], "out", {"visualize": True}),
    ]
    plan = compiled(graph, projects)
    target = target_of(plan, str(tmp_path / "out"), 1)
    shard, failures = write_shard(target, 0, run(graph, projects).samples)
    assert not failures
    with tarfile.open(target.part(f"{shard.file}.{shard.attempt}")) as tar:
        names = tar.getnames()
        assert names == ["ds/img/image0.png", "ds/ann/image0.png.json", "ds/visualize/image0.png"]
        image, shown = (tar.extractfile(name).read() for name in (names[0], names[2]))
    assert image == (tmp_path / "P" / "ds" / "img" / "image0.png").read_bytes()
    pixels = cv2.imdecode(np.frombuffer(shown, np.uint8), cv2.IMREAD_COLOR_RGB)
    source = cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_COLOR_RGB)
    assert pixels.shape == (40, 121, 3)
    assert np.array_equal(pixels[:, :60], source)
    assert not np.array_equal(pixels[:, 61:], source)
