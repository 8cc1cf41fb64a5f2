"""labelme: every type of shape becomes what it covers, groups are one object, and a file is of its own picture."""

from __future__ import annotations

import base64
import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.figures import Bitmap, Line, Point
from pipelines.formats.label_images import read_indices
from pipelines.sources import bind
from pipelines.sources.base import BadItem, Project, SourceError
from pipelines.sources.labelme import Labelme
from pipelines.tag import Tag
from tests.pipelines.sources.example import Example
from tests.support import coordinates, drawn, jpeg, png, shared

SIZE = (30, 40)


def example(root: Path) -> Example:
    write(root, "a.jpg", [shape("nut", box(BOX)), shape("crack", [(1, 1), (9, 9)], "line")], flags={"good": True})
    write(root, "b.jpg", [shape("crack", box((2, 20, 9, 28)))], flags={"good": False})
    titles = {f"{root.name}/a.jpg": ["nut", "crack (line)"], f"{root.name}/b.jpg": ["crack"]}
    return Example(root, SIZE, titles, {f"{root.name}/a.jpg": ["good"]})


BOX = (10, 5, 22, 25)


def box(corners: tuple[float, float, float, float]) -> list[tuple[float, float]]:
    left, top, right, bottom = corners
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def shape(label: Any, points: Any, kind: str | None = "polygon", **more: Any) -> dict[str, Any]:
    found = {"label": label, "points": points, "group_id": None, "flags": {}} | more
    return found | ({"shape_type": kind} if kind else {})


def write(root: Path, picture: str | None, shapes: Any, file: str = "", **more: Any) -> Path:
    """A picture, and its annotation beside it or in `file`."""
    root.mkdir(parents=True, exist_ok=True)
    path = root / (file or Path(picture or "a").with_suffix(".json"))
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"version": "5.4.1", "flags": {}, "shapes": shapes, "imagePath": Path(picture or "a.jpg").name}
    content |= {"imageData": None, "imageHeight": SIZE[0], "imageWidth": SIZE[1]} | more
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    if picture:
        (root / picture).parent.mkdir(parents=True, exist_ok=True)
        (root / picture).write_bytes((png if picture.endswith(".png") else jpeg)(coordinates(SIZE)))
    return root


def opened(root: Path | str, layout: str = "") -> Project:
    project = bind([f"P={layout}{root}"])["P"]
    assert project.layout == "labelme"
    return project


def read(root: Path, number: int = 0):
    project = opened(root)
    return project.read(list(project.items(project.datasets[0]))[number])


def objects(root: Path, number: int = 0) -> list[tuple[str, np.ndarray]]:
    """(class, mask of the whole image) of each object of an image."""
    found = read(root, number)
    assert found.size == SIZE
    return [(figure.title, drawn(figure.shape, SIZE)) for figure in found.figures]


def refusal(root: Path, number: int = 0) -> str:
    with pytest.raises(BadItem) as caught:
        read(root, number)
    return str(caught.value)


def mask_at(left: int, top: int, right: int, bottom: int) -> np.ndarray:
    mask = np.zeros(SIZE, bool)
    mask[top:bottom, left:right] = True
    return mask


def encoded(mask: np.ndarray) -> str:
    return base64.b64encode(png(mask.astype(np.uint8))).decode()


# ---------------------------------------------------------------- shapes


@pytest.mark.parametrize(
    ("points", "kind"),
    [
        (box(BOX), "polygon"),
        (box(BOX), None),
        ([(10, 5), (22, 25)], "rectangle"),
        ([(22, 5), (10, 25)], "rectangle"),
        (box(BOX), "rectangle"),
        (box(BOX), "oriented_rectangle"),
        (box(BOX), "rotation"),
    ],
)
def test_a_box_in_every_form_is_its_pixels(tmp_path, points, kind):
    ((title, mask),) = objects(write(tmp_path, "a.jpg", [shape("nut", points, kind)]))
    assert title == "nut"
    assert np.array_equal(mask, mask_at(*BOX))


def test_a_circle_has_its_area(tmp_path):
    ((_, mask),) = objects(write(tmp_path, "a.jpg", [shape("nut", [(20, 15), (29, 15)], "circle")]))
    assert mask.sum() == pytest.approx(math.pi * 81, rel=0.02)
    assert mask[15, 28]
    assert not mask[15, 29]
    assert objects(write(tmp_path, "a.jpg", [shape("nut", [(20, 15), (20, 15)], "circle")])) == []


def test_a_mask_lies_between_its_corner_pixels(tmp_path):
    pixels = np.random.default_rng(0).random((6, 9)) < 0.5
    expected = np.zeros(SIZE, bool)
    expected[7:13, 4:13] = pixels
    for points in ([(4, 7), (12, 12)], [(12, 12), (4, 7)], [(4.3, 6.8), (12.4, 11.6)]):
        root = write(tmp_path, "a.jpg", [shape("nut", points, "mask", mask=encoded(pixels))])
        ((_, mask),) = objects(root)
        assert np.array_equal(mask, expected)


def test_a_mask_that_leaves_the_image_is_cut(tmp_path):
    root = write(tmp_path, "a.jpg", [shape("nut", [(-3, 25), (6, 34)], "mask", mask=encoded(np.ones((10, 10))))])
    ((_, mask),) = objects(root)
    assert np.array_equal(mask, mask_at(0, 25, 7, 30))


def test_lines_and_points_stay_what_they_are(tmp_path):
    shapes = [
        shape("crack", [(1, 2), (3.5, 4)], "line"),
        shape("crack", [(1, 2), (3, 4), (9, 9)], "linestrip"),
        shape("click", [(7.5, 8)], "point"),
        shape("clicks", [(1, 2), (3, 4)], "points"),
    ]
    root = write(tmp_path, "a.jpg", shapes)
    assert [(figure.title, figure.shape) for figure in read(root).figures] == [
        ("crack", Line([(1, 2), (3.5, 4)])),
        ("crack", Line([(1, 2), (3, 4), (9, 9)])),
        ("click", Point(7.5, 8.0)),
        ("clicks", Point(1.0, 2.0)),
        ("clicks", Point(3.0, 4.0)),
    ]
    assert [(spec.title, spec.shape) for spec in opened(root).meta.classes] == [
        ("crack", "line"),
        ("click", "point"),
        ("clicks", "point"),
    ]


def test_a_label_of_several_kinds_is_a_class_for_each(tmp_path):
    write(tmp_path, "a.jpg", [shape("nut", [(7, 8)], "point"), shape("nut", [(1, 2), (3, 4)], "line")])
    root = write(tmp_path, "b.jpg", [shape("nut", box(BOX)), shape("hole", [(7, 8)], "point")])
    assert [(spec.title, spec.shape) for spec in opened(root).meta.classes] == [
        ("nut", "bitmap"),
        ("nut (line)", "line"),
        ("nut (point)", "point"),
        ("hole", "point"),
    ]
    assert [title for title, _ in objects(root)] == ["nut (point)", "nut (line)"]
    write(tmp_path, "c.jpg", [shape("nut (line)", box(BOX))])
    with pytest.raises(
        SourceError, match=r"'nut' is drawn in several ways, so its lines are 'nut \(line\)', a label that is"
    ):
        opened(root)


def test_later_shapes_lie_on_top(tmp_path):
    shapes = [shape("nut", box(BOX)), shape("bolt", box((0, 0, 40, 30))), shape("nut", box((1, 1, 5, 5)))]
    assert [title for title, _ in objects(write(tmp_path, "a.jpg", shapes))] == ["nut", "bolt", "nut"]


def test_a_group_is_one_object_of_each_label(tmp_path):
    shapes = [
        shape("nut", box(BOX), group_id=1, flags={"old": True}, description="left"),
        shape("bolt", box((0, 0, 3, 3)), group_id=1),
        shape("nut", box((30, 20, 38, 28)), group_id=1, flags={"new": True}, description="right"),
        shape("nut", [(5, 5)], "point", group_id=1),
        shape("nut", box((1, 1, 5, 5)), group_id=0),
        shape("nut", box((5, 5, 9, 9))),
        shape("nut", box((6, 6, 9, 9))),
    ]
    root = write(tmp_path, "a.jpg", shapes)
    figures = read(root).figures
    assert [figure.title for figure in figures] == ["nut", "bolt", "nut (point)", "nut", "nut", "nut"]
    assert np.array_equal(drawn(figures[0].shape, SIZE), mask_at(*BOX) | mask_at(30, 20, 38, 28))
    assert (figures[0].tags, figures[0].description) == ((Tag("old"), Tag("new")), "left\nright")
    assert [figure.extra.get("group_id") for figure in figures] == [1, 1, 1, 0, None, None]


def test_flags_that_are_set_are_tags(tmp_path):
    root = write(tmp_path, "a.jpg", [shape("nut", box(BOX), flags={"broken": True, "old": False})], flags={"day": True})
    write(tmp_path, "b.jpg", [], flags={"day": True, "wet": True, "dark": False})
    project = opened(root)
    assert [tag.name for tag in project.meta.tags] == ["day", "broken", "wet"]
    assert read(root).tags == (Tag("day"),)
    assert read(root).figures[0].tags == (Tag("broken"),)
    assert project.tags(tmp_path.name) == {"a.jpg": ("day",), "b.jpg": ("day", "wet")}
    (tmp_path / "b.json").write_text("{")
    assert project.tags(tmp_path.name) == {"a.jpg": ("day",)}


def test_what_is_to_be_ignored_is_neutral(tmp_path):
    root = write(tmp_path, "a.jpg", [shape("__ignore__", box(BOX)), shape("_background_", box((0, 0, 5, 5)))])
    assert [title for title, _ in objects(root)] == ["neutral", "_background_"]
    assert opened(root).meta.titles == ("neutral", "_background_")


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        (shape("", box(BOX)), "shape 2 (''): it has no label, so nothing says of which class it is"),
        (shape(None, box(BOX)), "shape 2 (None): it has no label"),
        ({"points": box(BOX)}, "shape 2 (None): it has no label"),
        (
            shape("nut", box(BOX), "spline"),
            "shape 2 ('nut'): it is of the type 'spline'; known are polygon, rectangle, ",
        ),
        (shape("nut", [(1, 2)] * 3, "rectangle"), "shape 2 ('nut'): a rectangle of 3 points; it needs 2 or 4"),
        (shape("nut", [(1, 2)] * 3, "circle"), "shape 2 ('nut'): a circle of 3 points; it needs 2"),
        (shape("nut", None), "shape 2 ('nut'): points that are no list of pairs of numbers [x, y]: None"),
        (shape("nut", [(1, "a"), (2, 3), (4, 5)]), "shape 2 ('nut'): points that are no list of pairs of numbers"),
        (
            shape("nut", [(1, 2), (3, 4)], "mask"),
            "shape 2 ('nut'): a mask without its pixels; they are a PNG in base64",
        ),
        (
            shape("nut", [(1, 2), (3, 4)], "mask", mask="?"),
            "shape 2 ('nut'): a mask whose pixels are no PNG in base64: ",
        ),
        (
            shape("nut", [(1, 2), (3, 4)], "mask", mask=base64.b64encode(b"no picture").decode()),
            "shape 2 ('nut'): a mask whose pixels are no PNG in base64: the label image cannot be read",
        ),
        (
            shape("nut", [(1, 2), (10, 11)], "mask", mask=encoded(np.ones((5, 4)))),
            "shape 2 ('nut'): a mask of 4x5 pixels (width x height) whose corners are 10x10 apart; one of the two",
        ),
        (7, "shape 2 (None): a shape is an object with label and points, found 7"),
    ],
)
def test_a_shape_that_cannot_be_meant_is_refused(tmp_path, bad, problem):
    root = write(tmp_path, "a.jpg", [shape("nut", box(BOX)), bad])
    assert refusal(root).startswith(f"{root}/a.json: {problem}")


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        (shape("nut", [(1, 2), (3, 4)]), "shape 1 ('nut'): a polygon of 2 points; it needs 3 or more"),
        (shape("nut", [(1, 2)], "line"), "shape 1 ('nut'): a line of 1 point; it needs 2 or more"),
        (shape("nut", [(1, 1e9), (2, 3), (4, 5)]), "shape 1 ('nut'): points beyond 100000 pixels from the image"),
    ],
)
def test_a_shape_without_pixels_costs_itself_and_is_counted(tmp_path, bad, problem):
    root = write(tmp_path, "a.jpg", [shape("nut", box(BOX)), bad])
    (item,) = opened(root).items(tmp_path.name)
    found = opened(root).read(item)
    assert [figure.title for figure in found.figures] == ["nut"]
    assert len(found.left_out) == 1
    assert refusal(write(tmp_path / "b", "a.jpg", [bad])).startswith(f"{tmp_path}/b/a.json: {problem}")


def test_every_bad_shape_is_said(tmp_path):
    root = write(tmp_path, "a.jpg", [shape("", box(BOX)), shape("nut", [(1, 2)])])
    assert re.search(r"shape 1 \(''\): it has no label.*; shape 2 \('nut'\): a polygon of 1 point", refusal(root))


# ---------------------------------------------------------------- files and pictures


def test_files_of_all_times_are_read(tmp_path):
    """Version 2 had polygons only, neither flags nor sizes; Windows' editors write a byte order mark."""
    old = {"shapes": [{"label": "nut", "line_color": None, "fill_color": None, "points": box(BOX)}]}
    old |= {"lineColor": [0, 255, 0, 128], "fillColor": [255, 0, 0, 128], "imageData": "AAAA", "imagePath": "a.jpg"}
    write(tmp_path, "a.jpg", [])
    (tmp_path / "a.json").write_bytes(b"\xef\xbb\xbf" + json.dumps(old).encode())
    ((title, mask),) = objects(tmp_path)
    assert title == "nut"
    assert np.array_equal(mask, mask_at(*BOX))


def test_a_copy_of_the_picture_may_come_before_the_shapes(tmp_path):
    write(tmp_path, "a.jpg", [])
    content = {"imageData": "A" * 100_000, "shapes": [shape("nut", box(BOX))], "imagePath": "a.jpg"}
    (tmp_path / "a.json").write_text(json.dumps(content))
    assert [title for title, _ in objects(tmp_path)] == ["nut"]


def test_a_picture_that_is_not_there_is_said(tmp_path):
    root = write(tmp_path, "b.jpg", [])
    write(root, None, [shape("nut", box(BOX))], "a.json", imageData="AAAA")
    write(root, None, [shape("nut", box(BOX))], "c.json", imagePath="..\\photos\\c.jpg")
    assert [item.file for item in opened(root).items(root.name)] == ["a.jpg", "b.jpg", "c.jpg"]
    assert refusal(root) == (
        f"the image {root}/a.jpg does not exist, which {root}/a.json is of; the copy in imageData is not read: "
        "`labelme_export_json FILE` writes it as a picture"
    )
    assert refusal(root, 2) == f"the image {root.parent}/photos/c.jpg does not exist, which {root}/c.json is of"


def test_annotations_may_lie_in_a_folder_of_their_own(tmp_path):
    write(tmp_path, "images/a.jpg", [shape("nut", box(BOX))], "annotations/a.json", imagePath="..\\images\\a.jpg")
    project = opened(tmp_path)
    (item,) = project.items("annotations")
    assert (item.file, item.image) == ("a.jpg", f"{tmp_path}/images/a.jpg")
    assert len(project.read(item).figures) == 1


def test_a_file_of_another_picture_is_said_but_a_renamed_one_is_not(tmp_path):
    root = write(tmp_path, "a.jpg", [], imagePath="old.jpg")
    assert objects(root) == []
    write(root, "b.jpg", [])
    write(root, "a.jpg", [], imagePath="b.jpg")
    assert refusal(root) == (
        f"{root}/a.json says that it is of {root}/b.jpg, but lies beside {root}/a.jpg; rename one of them, or mend imagePath"
    )


def test_of_two_pictures_of_one_name_the_file_says_which(tmp_path):
    for named, taken in (("a.png", "a.png"), ("a.jpg", "a.jpg")):
        write(tmp_path, "a.jpg", [])
        write(tmp_path, "a.png", [shape("nut", box(BOX))], imagePath=named)
        assert [item.file for item in opened(tmp_path).items(tmp_path.name)] == [taken]
        assert len(objects(tmp_path)) == 1


def test_two_files_of_one_picture_are_two_images(tmp_path):
    write(tmp_path, "a.jpg", [shape("nut", box(BOX))])
    write(tmp_path, None, [], "a_second.json", imagePath="a.jpg")
    assert [(item.file, Path(item.image).name) for item in opened(tmp_path).items(tmp_path.name)] == [
        ("a.jpg", "a.jpg"),
        ("a_second.jpg", "a.jpg"),
    ]


def test_pictures_of_other_kinds_and_sizes_are_said(tmp_path):
    root = write(tmp_path, "a.jpg", [], imageHeight=40, imageWidth=30)
    write(root, "b.gif", [])
    assert refusal(root) == (
        "the labels are 30x40 (width x height), the image is 40x30; they must have the same size; where EXIF turns a "
        "photograph, labels are of the picture as it is shown"
    )
    assert f"{root}/b.gif ends in '.gif', which is not read" in refusal(root, 1)


def test_other_json_files_are_passed_over_unless_they_lie_beside_a_picture(tmp_path):
    root = write(tmp_path, "a.jpg", [])
    (root / "settings.json").write_text('{"shapes": 3}')
    (root / "._a.json").write_text("x")
    write(root, "b.jpg", [])
    (root / "b.json").write_text('{"camera": 1}')
    assert [item.file for item in opened(root).items(root.name)] == ["a.jpg", "b.jpg"]
    assert refusal(root, 1) == f'the annotation {root}/b.json is none of labelme: it has no list "shapes"'
    (root / "b.json").write_text('{"shapes": [')
    assert f"the annotation {root}/b.json is not valid JSON in UTF-8" in refusal(root, 1)
    (root / "b.json").write_text('{"shapes": [], "flags": {"晴": true}}', encoding="gbk")
    assert f"the annotation {root}/b.json is not valid JSON in UTF-8" in refusal(root, 1)


def test_pictures_that_nobody_has_labelled_are_not_taken(tmp_path):
    root = write(tmp_path, "a.jpg", [])
    (root / "b.jpg").write_bytes(jpeg(coordinates(SIZE)))
    assert [item.file for item in opened(root).items(root.name)] == ["a.jpg"]


def test_a_label_that_came_later_is_said(tmp_path):
    root = write(tmp_path, "a.jpg", [])
    project = opened(root)
    write(root, "a.jpg", [shape("nut", box(BOX))])
    with pytest.raises(BadItem, match="'nut' as a bitmap was not there when the project was opened; start again"):
        project.read(next(iter(project.items(root.name))))


@pytest.mark.parametrize(
    ("files", "datasets"),
    [
        (("a.jpg",), {"data": ["a.jpg"]}),
        (("train/a.jpg", "val/a.jpg"), {"train": ["a.jpg"], "val": ["a.jpg"]}),
        (("a.jpg", "more/a.jpg", "more/deep/a.jpg"), {"data": ["a.jpg"], "more": ["a.jpg", "deep_a.jpg"]}),
        (("a.jpg", "deep/er/b.jpg"), {"data": ["a.jpg", "b.jpg"]}),
        (("one/a.jpg",), {"one": ["a.jpg"]}),
    ],
)
def test_datasets_are_folders(tmp_path, files, datasets):
    for file in files:
        write(tmp_path / "data", file, [shape("nut", box(BOX))])
    project = opened(tmp_path / "data")
    assert {dataset: [item.file for item in project.items(dataset)] for dataset in project.datasets} == datasets


def test_a_folder_of_other_labels_beside_them_is_not_passed_over(tmp_path):
    for folder in ("one", "two"):
        write(tmp_path / folder, "a.jpg", [])
    (tmp_path / "three").mkdir()
    (tmp_path / "three" / "annotations.xml").write_text("")
    assert not Labelme.matches(str(tmp_path))
    with pytest.raises(
        SourceError, match=f"{tmp_path} holds several projects: {tmp_path}/one, {tmp_path}/two; name one"
    ):
        opened(tmp_path)


def test_a_folder_within_of_the_same_name_is_refused(tmp_path):
    write(tmp_path / "data", "a.jpg", [])
    write(tmp_path / "data", "data/b.jpg", [])
    with pytest.raises(SourceError, match=r"has annotations itself and in a folder of the same name 'data'; rename"):
        opened(tmp_path / "data")


# ---------------------------------------------------------------- real files


def test_real_files_of_version_3():
    project = opened(shared("formats/labelme-nuts"))
    assert project.datasets == ("images",)
    assert [(spec.title, spec.shape) for spec in project.meta.classes] == [
        ("date", "bitmap"),
        ("fig", "bitmap"),
        ("hazelnut", "bitmap"),
    ]
    found = [project.read(item) for item in project.items("images")]
    assert [len(annotation.figures) for annotation in found] == [12, 12, 12]
    assert {annotation.size for annotation in found} == {(600, 800)}


def test_real_files_agree_with_what_labelme_makes_of_them():
    """Its own masks hold the outline's pixels, too, so they are larger by half a pixel all around, and by no more."""
    root = shared("formats/labelme-voc")
    project = opened(root)
    assert project.datasets == ("data_annotated",)
    names = (root / "data_dataset_voc" / "class_names.txt").read_text().split("\n")
    counts = []
    for item in project.items("data_annotated"):
        found = project.read(item)
        key = root / "data_dataset_voc"
        classes, instances = (
            read_indices((key / folder / item.file).with_suffix(".png").read_bytes())
            for folder in ("SegmentationClass", "SegmentationObject")
        )
        painted = np.zeros(found.size, np.int32)
        numbers = np.zeros(found.size, np.int32)
        for number, figure in enumerate(found.figures, 1):
            assert isinstance(figure.shape, Bitmap)
            neutral = figure.title == "neutral"
            figure.shape.draw(painted, 255 if neutral else names.index(figure.title))
            figure.shape.draw(numbers, 0 if neutral else number)
        assert (painted == classes).mean() > 0.99
        # The same objects, whatever their numbers: each of ours lies in one of theirs.
        for number in np.unique(numbers[numbers > 0]):
            theirs = np.bincount(instances[numbers == number])
            assert theirs.max() > 0.97 * theirs.sum()
            same = instances == theirs.argmax()
            assert (same & (numbers == number)).sum() / (same | (numbers == number)).sum() > 0.93
        assert len(np.unique(numbers)) == len(np.unique(instances))
        counts.append(len(found.figures))
    assert counts == [4, 7, 3]
