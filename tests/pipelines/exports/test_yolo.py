"""`yolo`: a small reader that keeps to Ultralytics' rules finds every object, and draws it as it was.

The rules: beside each `images/.../<stem>.<extension>` lies `labels/.../<stem>.txt`; a row is a class and x, y of at least three
vertices, in parts of the image's size and as 32-bit numbers; multiplied by the size and cut to whole pixels they are filled.
"""

import json
import time
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycocotools import mask as coco_masks

from pipelines.annotation import Annotation
from pipelines.exports import Notes, yolo
from pipelines.exports.yolo import _rows, joined, parts_of, split_of
from pipelines.figures import Bitmap, Figure, Polygon, Rectangle, Shape
from pipelines.image import Size
from tests.pipelines.exports.example import FIGURES, NAMES, Image, changed_index
from tests.support import drawn, mask_of


def names_in(root: Path) -> dict[int, str]:
    """The classes of `data.yaml`; a quoted text of YAML with nothing unusual in it is one of JSON."""
    lines = (root / "data.yaml").read_text().splitlines()
    pairs = (line.strip().split(": ", 1) for line in lines[lines.index("names:") + 1 :])
    return {int(number): json.loads(text) for number, text in pairs}


def polygon(row: str) -> np.ndarray:
    """The vertices of a row, (n, 2) float32 xy; checks what Ultralytics checks."""
    values = row.split()[1:]
    assert len(values) >= 6
    assert len(values) % 2 == 0
    numbers = np.array(values, np.float32)
    assert numbers.min() >= 0
    assert numbers.max() <= 1
    return numbers.reshape(-1, 2)


def filled(row: str, size: Size) -> np.ndarray:
    vertices = polygon(row) * np.array(size[::-1], np.float32)
    canvas = np.zeros(size, np.uint8)
    cv2.fillPoly(canvas, [vertices.astype(np.int32)], 1)
    return canvas.view(bool)


def read_back(root: Path) -> list[Image]:
    names, found = names_in(root), []
    for path in sorted((root / "images").rglob("*")):
        if path.is_file():
            labels = Path(str(path.with_suffix(".txt")).replace("/images/", "/labels/"))
            size = cv2.imread(str(path)).shape[:2]
            rows = labels.read_text().splitlines()
            found.append(Image(path.read_bytes(), [(names[int(row.split()[0])], filled(row, size)) for row in rows]))
    return found


@pytest.fixture
def root(unpack, tmp_path) -> Path:
    assert unpack(tmp_path / "unpacked", "yolo").code == 0
    return tmp_path / "unpacked"


def row_of(shape: Shape, size: Size) -> str:
    (row,) = _rows(Annotation(size, (Figure("thing", shape),)), {"thing": 0}, Notes())
    return row


def by_centres(row: str, size: Size) -> np.ndarray:
    """The pixels whose middles lie inside, as tools find them that take vertices for what they are."""
    vertices = (polygon(row).astype(np.float64) * size[::-1]).ravel().tolist()
    return coco_masks.decode(coco_masks.merge(coco_masks.frPyObjects([vertices], *size))).view(bool)


def iou(one: np.ndarray, other: np.ndarray) -> float:
    return np.count_nonzero(one & other) / np.count_nonzero(one | other)


def test_data_yaml_names_classes_and_splits(root):
    text = (root / "data.yaml").read_text()
    assert text == 'train: images/train\nval: images/val\nnames:\n  0: "thing"\n  1: "field \\"5\\""\n  2: "frame"\n'
    yaml = pytest.importorskip("yaml")
    assert yaml.safe_load(text)["names"] == names_in(root) == {0: "thing", 1: 'field "5"', 2: "frame"}


def test_every_image_has_its_labels(root):
    images = sorted(path.relative_to(root / "images").with_suffix("").as_posix() for path in root.glob("images/*/*"))
    labels = sorted(path.relative_to(root / "labels").with_suffix("").as_posix() for path in root.glob("labels/*/*"))
    assert images == labels
    assert Counter(name.split("/")[0] for name in images) == {"train": 6, "val": 2}
    assert (root / "labels" / "train" / "empty.txt").read_bytes() == b""


def test_objects_are_drawn_as_they_were(root):
    (last,) = (image for image in read_back(root) if image.content == (root / "images/val/last.png").read_bytes())
    expected = [
        figure for figure in FIGURES if figure.shape.kind not in ("line", "point") and figure.title != "neutral"
    ]
    assert [title for title, _ in last.objects] == [figure.title for figure in expected]
    for (_, mask), figure in zip(last.objects, expected, strict=True):
        reference = drawn(figure.shape, mask.shape)
        if figure.shape.kind == "bitmap":
            # The bridge between two parts is all that is more.
            assert np.array_equal(mask & reference, reference)
            assert np.count_nonzero(mask & ~reference) <= 10
        assert iou(mask, reference) > (0.95 if figure.shape.area > 100 else 0.85), figure


@given(st.integers(0, 2**32 - 1))
def test_one_part_without_holes_is_exact_in_both_readings(seed):
    """Where the fraction is dropped and outlines are drawn, and where the middles of pixels count."""
    rng = np.random.default_rng(seed)
    size = tuple(int(number) for number in rng.integers(30, 200, 2))
    canvas = np.zeros(size, np.uint8)
    points = (rng.random((int(rng.integers(3, 9)), 2)) * (size[1], size[0])).astype(np.int32)
    cv2.fillPoly(canvas, [cv2.convexHull(points)], 1)
    (mask,) = Bitmap.trimmed(0, 0, canvas.view(bool))
    row = row_of(mask, size)
    assert np.array_equal(filled(row, size), canvas.view(bool))
    assert np.array_equal(by_centres(row, size), canvas.view(bool))


@given(st.integers(0, 2**32 - 1))
def test_whatever_a_mask_is_nothing_of_it_is_missing_and_bridges_have_no_area(seed):
    rng = np.random.default_rng(seed)
    noise = cv2.GaussianBlur(rng.random((60, 80)).astype(np.float32), (0, 0), 3)
    pixels = noise > np.quantile(noise, rng.uniform(0.2, 0.98))
    (mask,) = Bitmap.trimmed(0, 0, pixels)
    row = row_of(mask, pixels.shape)
    assert not (pixels & ~filled(row, pixels.shape)).any()
    assert iou(by_centres(row, pixels.shape), pixels) > 0.99


@pytest.mark.parametrize("rows", [("#",), ("#####",), ("#", "#", "#"), ("#..", ".#.", "..#"), ("#..#",)])
def test_what_is_a_pixel_wide_has_an_area_and_its_pixels(rows):
    """No object is too small for a polygon."""
    pixels = mask_of(*rows)
    (mask,) = Bitmap.trimmed(3, 2, pixels)
    row = row_of(mask, (9, 11))
    expected = drawn(mask, (9, 11))
    assert np.array_equal(filled(row, (9, 11)) & expected, expected)
    x, y = (polygon(row).astype(np.float64) * (11, 9)).T
    assert abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2 >= 0.2


def test_a_large_image_loses_no_pixel_to_rounding():
    size = (4001, 9973)
    for left in (0, 1234, 9000):
        mask = Bitmap(left, 3333, np.ones((200, 701), bool))
        assert np.array_equal(filled(row_of(mask, size), size), drawn(mask, size))


def test_holes_stay_empty_whether_crossings_or_turns_are_counted():
    ring = np.ones((30, 30), bool)
    ring[5:12, 5:12] = ring[15:25, 8:28] = False
    mask = Bitmap(4, 4, ring)
    vertices = joined(parts_of(mask, (40, 40)))
    x, y = vertices.T
    assert np.array_equal(filled(row_of(mask, (40, 40)), (40, 40)), drawn(mask, (40, 40)))
    # The shoelace formula subtracts what turns the other way.
    assert abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2 == pytest.approx(ring.sum(), rel=0.15)


def test_vertices_that_people_set_are_kept():
    shape = Polygon([(10, 10), (30, 12), (22, 28)])
    vertices = polygon(row_of(shape, (40, 50))) * (50, 40)
    assert np.allclose(vertices, np.add([(10, 10), (30, 12), (22, 28)], 0.25), atol=1e-4)
    assert np.array_equal(filled(row_of(shape, (40, 50)), (40, 50)), drawn(shape, (40, 50)))
    box = Rectangle(-5, 10, 60, 20)
    assert iou(filled(row_of(box, (40, 50)), (40, 50)), drawn(box, (40, 50))) > 0.95


def test_what_lies_outside_or_has_no_area_is_counted(root, unpack, tmp_path):
    assert parts_of(Rectangle(60, 10, 70, 20), (40, 50)) == []
    said = unpack(tmp_path / "again", "yolo").out
    assert (
        "objects left out: 3 (neutral 3): YOLO has no word for what shall not be judged, so that it is background"
        in said
    )
    assert "objects left out: 9 (point 6, way 3): the labels are polygons" in said
    assert (
        "objects of several parts joined: 7 (thing 7): a row is one polygon, and the bridges between its parts" in said
    )


@pytest.mark.parametrize(
    ("dataset", "tags", "split"),
    [
        ("photos", ["val"], "val"),
        ("train", ["night", "test"], "test"),
        ("train2017", [], "train"),
        ("validation", [], "val"),
        ("VOC__val", [], "val"),
        ("Test-2", [], "test"),
        ("val", ["train", "val"], "val"),
        ("photos", ["train", "val"], ""),
        ("valley", [], ""),
        ("photos", [], ""),
    ],
)
def test_splits_are_those_of_tags_then_of_datasets(dataset, tags, split):
    assert split_of(dataset, tags) == split


def test_objects_that_would_be_taken_for_one_are_counted():
    """Ultralytics looks for repetitions after it has made boxes of the polygons: a disc and its square are one to it."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9)).view(bool)
    square, notes = np.ones((9, 9), bool), Notes()
    figures = [Figure("thing", Bitmap(3, 4, pixels)) for pixels in (square, disc, square)]
    figures += [Figure("other", Bitmap(3, 4, square)), Figure("thing", Bitmap(4, 4, square))]
    rows = list(_rows(Annotation((20, 30), tuple(figures)), {"thing": 0, "other": 1}, notes))
    boxes = [[float(row.split()[0]), *polygon(row).min(axis=0), *polygon(row).max(axis=0)] for row in rows]
    assert len(boxes) == 5
    assert len(np.unique(boxes, axis=0)) == 3
    (line,) = notes.lines()
    assert line == (
        "objects of equal boxes: 2 (thing 2): another one of their class has the same box, "
        "and Ultralytics keeps one object of a class and a box"
    )


def test_many_rings_take_no_time_to_speak_of():
    """A mask like a lawn has thousands of parts and holes; were all of them looked at for each, it would take minutes."""
    pixels = np.random.default_rng(0).random((300, 300)) < 0.5
    (mask,) = Bitmap.trimmed(0, 0, pixels)
    start = time.process_time()
    row = row_of(mask, (300, 300))
    assert time.process_time() - start < 20
    assert np.array_equal(filled(row, (300, 300)) & pixels, pixels)
    assert iou(by_centres(row, (300, 300)), pixels) > 0.99


def test_what_goes_into_train_for_want_of_a_split_is_said(root, unpack, tmp_path):
    said = unpack(tmp_path / "again", "yolo").out
    assert (
        "images put into train: 5 (photos 5): neither a tag nor the name of the dataset says train, val or test" in said
    )
    assert "no image is in val" not in said


def test_without_validation_it_is_said_what_to_do(unpack, dataset, tmp_path, monkeypatch):
    only_train = changed_index(dataset, tmp_path / "copy", {"dataset": ["train"] * len(NAMES)})
    monkeypatch.setattr(yolo, "SPLITS", ("train", "test"))
    said = unpack(tmp_path / "unpacked", "yolo", of=only_train.root)
    assert (tmp_path / "unpacked" / "data.yaml").read_text().startswith("train: images/train\nnames:\n")
    assert "no image is in val, and Ultralytics asks for some: tag samples val in the graph, or name images" in said.out
