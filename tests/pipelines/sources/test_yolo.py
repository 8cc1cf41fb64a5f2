"""YOLO segmentation: polygons in shares of the size, wherever the description says that pictures lie, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from pipelines.formats.label_images import picture_size
from pipelines.sources import bind
from pipelines.sources.base import BadItem, Project, SourceError
from tests.pipelines.sources.example import Example
from tests.support import chain, coordinates, drawn, jpeg, png, run, shared

SIZE = (20, 40)
DESCRIPTION = "train: images/train\nval: images/val\nnames:\n  0: cat\n  1: no\n"


def example(root: Path) -> Example:
    write(root, {"images/train/a.jpg": None, "images/train/b.png": "0 " + row(BOX) + "\n1 " + row((0, 0, 8, 8)) + "\n"})
    write(root, {"images/val/a.jpg": "0 " + row(BOX)}, {"data.yaml": DESCRIPTION})
    return Example(root, SIZE, {"train/a.jpg": [], "train/b.png": ["cat", "no"], "val/a.jpg": ["cat"]})


BOX = (4, 5, 20, 15)


def row(box: tuple[int, int, int, int]) -> str:
    """The corners of a box in pixels (left, top, right, bottom) as shares of the size."""
    left, top, right, bottom = box
    corners = (left, top), (right, top), (right, bottom), (left, bottom)
    return " ".join(f"{x / SIZE[1]:.6f} {y / SIZE[0]:.6f}" for x, y in corners)


def write(root: Path, pictures: dict[str, str | None], files: dict[str, str] | None = None) -> Path:
    """Pictures with the text of their labels, which lie in `labels` instead of `images`, and other files."""
    for path, labels in pictures.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes((png if path.endswith(".png") else jpeg)(coordinates(SIZE)))
        if labels is not None:
            text = root / Path(path.replace("images/", "labels/")).with_suffix(".txt")
            text.parent.mkdir(parents=True, exist_ok=True)
            text.write_text(labels, encoding="utf-8")
    for path, text in (files or {}).items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return root


def opened(root: Path | str, layout: str = "") -> Project:
    project = bind([f"P={layout}{root}"])["P"]
    assert project.layout == "yolo"
    return project


def files_of(project: Project, dataset: str) -> list[str]:
    return [item.file for item in project.items(dataset)]


def objects(root: Path, dataset: str = "", number: int = 0) -> list[tuple[str, np.ndarray]]:
    """(class, mask of the whole image) of each object of an image."""
    project = opened(root)
    item = list(project.items(dataset or project.datasets[0]))[number]
    found = project.read(item)
    assert found.size == SIZE
    return [(figure.title, drawn(figure.shape, SIZE)) for figure in found.figures]


def refusal(root: Path, number: int = 0) -> str:
    with pytest.raises(BadItem) as caught:
        objects(root, number=number)
    return str(caught.value)


def at_opening(root: Path) -> str:
    with pytest.raises(SourceError) as caught:
        opened(root)
    return str(caught.value)


def mask_at(left: int, top: int, right: int, bottom: int) -> np.ndarray:
    mask = np.zeros(SIZE, bool)
    mask[top:bottom, left:right] = True
    return mask


# ---------------------------------------------------------------- objects


def test_a_line_is_an_object_in_the_order_of_the_lines(tmp_path):
    text = f"1 {row(BOX)}\n\n0.0   {row((10, 0, 40, 20))}\r\n1 {row((2, 2, 3, 3))}"
    root = write(tmp_path, {"images/a.jpg": text}, {"classes.txt": "cat\ndog\n"})
    (first, one), (second, two), (third, three) = objects(root)
    assert (first, second, third) == ("dog", "cat", "dog")
    assert np.array_equal(one, mask_at(*BOX))
    assert np.array_equal(two, mask_at(10, 0, 40, 20))
    assert np.array_equal(three, mask_at(2, 2, 3, 3))


def test_parts_that_a_converter_has_bridged_stay_apart(tmp_path):
    """Ultralytics joins the parts of an object by a line there and back; a line has no pixels."""
    one, two = row((2, 2, 6, 6)), row((20, 10, 30, 18))
    corner = " ".join(one.split()[:2])
    far = " ".join(two.split()[:2])
    root = write(tmp_path, {"images/a.jpg": f"0 {one} {corner} {two} {far}"})
    ((_, mask),) = objects(root)
    assert np.array_equal(mask, mask_at(2, 2, 6, 6) | mask_at(20, 10, 30, 18))


def test_polygons_may_reach_beyond_the_picture_and_thin_ones_cover_nothing(tmp_path):
    text = f"0 -0.1 0.5 0.25 0.5 0.25 1.1 -0.1 1.1\n0 0.5 0.5 0.5 0.5 0.5 0.5\n0 {row(BOX)}"
    (_, cut), (_, whole) = objects(write(tmp_path, {"images/a.jpg": text}))
    assert np.array_equal(cut, mask_at(0, 10, 10, 20))
    assert np.array_equal(whole, mask_at(*BOX))


def test_shares_are_of_the_picture_as_it_is_shown(tmp_path):
    """A photograph that EXIF turns: its shown size counts."""
    import io

    import PIL.Image

    root = write(tmp_path, {"images/a.jpg": f"0 {row(BOX)}"})
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    stream = io.BytesIO()
    PIL.Image.new("RGB", SIZE).save(stream, "JPEG", exif=exif)
    (root / "images/a.jpg").write_bytes(stream.getvalue())
    assert picture_size(stream.getvalue()) == SIZE
    ((_, mask),) = objects(root)
    assert np.array_equal(mask, mask_at(*BOX))


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("0 0.5 0.5 0.2 0.2", "line 2 has a box (4 numbers after the class): a box alone does not say which pixels belong"),
        ("0 0.5 0.5 0.2 0.2 0.9", "line 2 has a box"),
        ("7 " + row(BOX), "line 2 has the class 7, which PLACE/classes.txt does not name; named are 0 cat, 2 dog"),
        ("1 " + row(BOX), "line 2 has the class 1, which PLACE/classes.txt does not name; named are 0 cat, 2 dog"),
        ("-1 " + row(BOX), "line 2 has the class -1, which"),
        ("cat " + row(BOX), "line 2 begins with 'cat' instead of the number of a class"),
        ("0.5 " + row(BOX), "line 2 begins with '0.5' instead of the number of a class"),
        ("nan " + row(BOX), "line 2 begins with 'nan' instead of the number of a class"),
        ("0", "line 2 has 0 numbers after the class; a polygon is x and y of 3 or more points"),
        ("0 0.1 0.1", "line 2 has 2 numbers after the class"),
        ("0 0.1 0.1 0.5 0.1 0.5 0.5 0.93", "line 2 has 7 numbers after the class; a polygon is x and y of 3 or more points"),
        ("0 0,1 0,1 0,5 0,1 0,5 0,5", "line 2 has '0,1' among its numbers"),
        ("0 0.1 0.1 0.5 nan 0.5 0.5", "line 2 has the coordinate nan; coordinates are shares of width and height, from 0 to 1"),
        ("0 4 5 20 5 20 15 4 15", "line 2 has the coordinate 4; coordinates are shares of width and height, from 0 to 1"),
    ],
)  # fmt: skip
def test_a_line_that_is_no_polygon_is_refused(tmp_path, line, problem):
    root = write(tmp_path, {"images/a.jpg": f"0 {row(BOX)}\n{line}\n"}, {"classes.txt": "cat\n\ndog\n"})
    assert refusal(root).startswith(f"{root}/labels/a.txt: " + problem.replace("PLACE", str(root)))


def test_every_bad_line_is_said(tmp_path):
    root = write(tmp_path, {"images/a.jpg": "0 1 1\n" + "0 .5 .5 .1 .1\n" * 4}, {"classes.txt": "cat"})
    assert re.search(r"line 1 has 2 numbers .*; line 2 has a box.*; line 3 has a box.*; and 2 more$", refusal(root))


def test_labels_that_are_no_text_are_refused(tmp_path):
    root = write(tmp_path, dict.fromkeys(("images/a.jpg", "images/b.jpg"), f"0 {row(BOX)}"), {"classes.txt": "cat"})
    (root / "labels/a.txt").write_bytes(b"0 0.1 \xff\xfe")
    assert len(objects(root, number=1)) == 1
    assert refusal(root) == f"{root}/labels/a.txt, line 1: byte 0xff is no UTF-8; save the file as UTF-8"


# ---------------------------------------------------------------- pictures and labels


def test_a_picture_without_labels_has_no_objects(tmp_path):
    root = write(tmp_path, {"images/a.jpg": None, "images/b.jpg": f"0 {row(BOX)}", "images/c.jpg": ""})
    assert [len(objects(root, number=number)) for number in range(3)] == [0, 1, 0]


def test_no_labels_at_all_are_said(tmp_path):
    root = write(
        tmp_path, {"images/train/a.jpg": None, "images/val/b.jpg": f"0 {row(BOX)}"}, {"data.yaml": DESCRIPTION}
    )
    with pytest.raises(SourceError) as caught:
        list(opened(root).items("train"))
    assert str(caught.value) == (
        f"{root}: none of the 1 pictures of 'train' has labels; for {root}/images/train/a.jpg they would be "
        f"{root}/labels/train/a.txt, or read the others only: P/val"
    )


def test_a_dataset_without_labels_spoils_no_other(tmp_path):
    root = write(tmp_path, {"images/train/a.jpg": f"0 {row(BOX)}", "images/test/b.jpg": None})
    assert len(objects(root, "train")) == 1
    with pytest.raises(SourceError, match="none of the 1 pictures of 'test' has labels"):
        list(opened(root).items("test"))


def test_labels_without_picture_are_said(tmp_path):
    root = write(tmp_path, {"images/a.jpg": f"0 {row(BOX)}"}, {"labels/a.v2.txt": "", "labels/classes.txt": "cat"})
    assert files_of(opened(root), tmp_path.name) == ["a.jpg", "a.v2.txt"]
    assert len(objects(root)) == 1
    assert re.fullmatch(
        rf"the labels {root}/labels/a\.v2\.txt have no picture: the image {root}/images/a\.v2 with one of the endings "
        r"\.jpg, .*\.tiff does not exist",
        refusal(root, 1),
    )


def test_a_picture_of_another_kind_is_said_with_and_without_labels(tmp_path):
    root = write(tmp_path, {"images/a.jpg": f"0 {row(BOX)}", "images/b.jfif": None, "images/c.heic": f"0 {row(BOX)}"})
    assert files_of(opened(root), tmp_path.name) == ["a.jpg", "b.jfif", "c.heic"]
    assert "images/b.jfif ends in '.jfif', which is not read" in refusal(root, 1)
    assert "images/c.heic ends in '.heic', which is not read" in refusal(root, 2)


def test_labels_for_two_pictures_are_said_for_both(tmp_path):
    root = write(tmp_path, {"images/a.jpg": None, "images/a.png": f"0 {row(BOX)}", "images/b.jpg": ""})
    for number, (own, other) in enumerate((("a.jpg", "a.png"), ("a.png", "a.jpg"))):
        assert refusal(root, number).startswith(
            f"the labels {root}/labels/a.txt are meant for {root}/images/{own} and {root}/images/{other}; give"
        )
    assert objects(root, number=2) == []


def test_what_macos_leaves_beside_pictures_and_labels_is_passed_over(tmp_path):
    root = write(tmp_path, {"images/a.jpg": f"0 {row(BOX)}"}, {"images/._a.jpg": "x", "labels/._a.txt": "x"})
    assert files_of(opened(root), tmp_path.name) == ["a.jpg"]


def test_a_picture_called_like_a_list_has_its_labels(tmp_path):
    root = write(tmp_path, {"images/train.jpg": f"0 {row(BOX)}", "images/a.jpg": f"0 {row(BOX)}"})
    assert len(objects(root, number=1)) == 1


# ---------------------------------------------------------------- places


@pytest.mark.parametrize(
    ("pictures", "datasets"),
    [
        (("images/a.jpg", "images/b.jpg"), {"data": ["a.jpg", "b.jpg"]}),
        (("images/train/a.jpg", "images/val/a.jpg"), {"train": ["a.jpg"], "val": ["a.jpg"]}),
        (("train/images/a.jpg", "valid/images/a.jpg"), {"train": ["a.jpg"], "valid": ["a.jpg"]}),
    ],
)
def test_datasets_without_description_are_folders(tmp_path, pictures, datasets):
    root = write(tmp_path / "data", dict.fromkeys(pictures, f"1 {row(BOX)}"))
    project = opened(root)
    assert {dataset: files_of(project, dataset) for dataset in project.datasets} == datasets
    assert project.meta.titles == ("class_1",)


@pytest.mark.parametrize(
    ("description", "expected"),
    [
        ("path: .\ntrain: images/train\nval: images/val", {"train": ["a.jpg", "b.jpg"], "val": ["c.jpg"]}),
        ("path: ../datasets/pets\ntrain: images/train", {"train": ["a.jpg", "b.jpg"]}),
        ("path: /content/pets\ntrain: images/train", {"train": ["a.jpg", "b.jpg"]}),
        ("train: ../images/train\ntest: ../images/val", {"train": ["a.jpg", "b.jpg"], "test": ["c.jpg"]}),
        ("train: /content/pets/images/train", {"train": ["a.jpg", "b.jpg"]}),
        ("train: C:\\pets\\images\\train", {"train": ["a.jpg", "b.jpg"]}),
        ("train: [images/train, images/val]", {"train": ["a.jpg", "b.jpg", "c.jpg"]}),
        ("train: images/train\nval: images/train", {"train": ["a.jpg", "b.jpg"]}),
        ("train: images", {"train": ["a.jpg", "b.jpg", "c.jpg"]}),
        ("train: train.txt\nval: lists/val.txt", {"train": ["a.jpg", "b.jpg"], "val": ["c.jpg"]}),
        ("train: lists/theirs.txt\nval: null", {"train": ["a.jpg", "c.jpg"]}),
    ],
)
def test_datasets_are_where_the_description_says(tmp_path, description, expected):
    pictures = dict.fromkeys(("images/train/a.jpg", "images/train/b.jpg", "images/val/c.jpg"), f"0 {row(BOX)}")
    lists = {
        "train.txt": "./images/train/a.jpg\nimages/train/b.jpg\n",
        "lists/val.txt": "\ufeff../images/val/c.jpg\r\n",
        "lists/theirs.txt": "/content/pets/images/val/c.jpg\n/content/pets/images/train/a.jpg\n",
    }
    root = write(tmp_path / "pets", pictures, lists | {"data.yaml": f"{description}\nnames: [cat]\n"})
    project = opened(root)
    assert {dataset: files_of(project, dataset) for dataset in project.datasets} == expected
    for dataset in project.datasets:
        for item in project.items(dataset):
            assert [figure.title for figure in project.read(item).figures] == ["cat"]


def test_a_dataset_whose_pictures_are_not_there_is_said_and_the_others_are_read(tmp_path):
    root = write(tmp_path, {"images/val/a.jpg": f"0 {row(BOX)}"}, {"data.yaml": DESCRIPTION})
    project = opened(root)
    with pytest.raises(SourceError) as caught:
        list(project.items("train"))
    assert str(caught.value) == (
        f"{root}: 'train' of the description leads to {root}/images/train, which does not exist; put the pictures there or "
        "correct the path, or read the others only: P/val"
    )
    assert len(run(chain(source="P/val"), {"P": project}).samples) == 1


def test_the_pictures_of_one_split_are_never_taken_for_another_s(tmp_path):
    """`/theirs/train/images` is not `images` here."""
    text = "train: /theirs/train/images\nval: images\nnames: [cat]"
    root = write(tmp_path, {"images/a.jpg": f"0 {row(BOX)}"}, {"data.yaml": text})
    with pytest.raises(SourceError, match="'train' of the description leads to /theirs/train/images"):
        list(opened(root).items("train"))


def test_a_listed_picture_that_is_not_there_costs_itself(tmp_path):
    files = {"data.yaml": "train: train.txt\nnames: [cat]", "train.txt": "images/a.jpg\nimages/b.jpg\nimages/a.jpg"}
    root = write(tmp_path, {"images/a.jpg": f"0 {row(BOX)}"}, files)
    assert files_of(opened(root), "train") == ["a.jpg", "b.jpg"]
    assert refusal(root, 1) == f"the image {root}/images/b.jpg does not exist"


def test_pictures_of_one_name_in_two_folders_are_told_apart(tmp_path):
    pictures = {f"images/train/{lot}/a.jpg": f"0 {row(BOX)}" for lot in ("x", "y")}
    root = write(tmp_path, pictures, {"data.yaml": "train: images/train\nnames: [cat]"})
    assert files_of(opened(root), "train") == ["x_a.jpg", "y_a.jpg"]


def test_labels_lie_beside_pictures_where_no_folder_is_called_images(tmp_path):
    root = write(
        tmp_path / "images",
        {"data/a.jpg": None},
        {"data/a.txt": f"0 {row(BOX)}", "data.yaml": "train: data\nnames: [cat]"},
    )
    assert len(objects(root)) == 1


# ---------------------------------------------------------------- classes


@pytest.mark.parametrize(
    ("names", "titles"),
    [
        ("['cat', \"dog\"]", ("cat", "dog")),
        ("[no, 1e3, null, ~]", ("no", "1e3", "null", "~")),
        ("\n  - cat\n  - tv/monitor", ("cat", "tv/monitor")),
        ("{0: cat, 7: dog}", ("cat", "dog")),
        ("\n  0: café\n  1:\n  2: dog", ("café", "dog")),
    ],
)
def test_names_are_text_whatever_they_look_like(tmp_path, names, titles):
    root = write(tmp_path, {"images/a.jpg": ""}, {"data.yaml": f"train: images\nnames: {names}"})
    assert opened(root).meta.titles == titles


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("names: cat", "\"names\" is a list of names, or a name for each number; found 'cat'"),
        ("names: [cat, [dog]]", "\"names\" has '1': ['dog']; each is a number from 0 and a name"),
        ("names: {cat: 0}", "\"names\" has 'cat': '0'; each is a number from 0 and a name"),
        ("names: [cat]\nnc: 2", '"nc" is 2, but "names" has 1'),
        ("names: {0: cat, 0: dog}", "the key '0' is there twice"),
        ("names: [cat]\nkpt_shape: [17, 3]", '"kpt_shape" makes it a pose dataset'),
        ("names: [cat]\nval: {a: b}", "\"val\" is a folder, a text file or a list of these; found {'a': 'b'}"),
        ("names: [cat", "is not valid YAML: while parsing a flow sequence"),
    ],
)
def test_a_description_that_cannot_be_meant_is_refused(tmp_path, text, problem):
    root = write(tmp_path, {"images/a.jpg": ""}, {"data.yaml": f"train: images\n{text}"})
    assert f"{root}/data.yaml" in at_opening(root)
    assert problem in at_opening(root)


def test_all_problems_of_a_description_are_said_at_once(tmp_path):
    text = "train: 5\nval: {a: b}\nnames: [cat]\nnc: 3\nkpt_shape: [1, 2]"
    root = write(tmp_path, {"images/a.jpg": ""}, {"data.yaml": text})
    assert len(at_opening(root).splitlines()) == 3


def test_a_description_that_unfolds_without_end_is_said_in_short(tmp_path):
    levels = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
    text = f"a0: &a0 [x]\n{levels}train: images\nnames: [*a11]"
    root = write(tmp_path, {"images/a.jpg": ""}, {"data.yaml": text})
    assert len(at_opening(root)) < 1000


def test_a_number_of_classes_is_enough(tmp_path):
    root = write(tmp_path, {"images/a.jpg": f"1 {row(BOX)}"}, {"data.yaml": "train: images\nnc: 2"})
    assert opened(root).meta.titles == ("class_0", "class_1")
    assert [title for title, _ in objects(root)] == ["class_1"]


def test_other_yaml_is_not_taken_for_a_description(tmp_path):
    root = write(
        tmp_path, {"images/a.jpg": f"0 {row(BOX)}"}, {"compose.yaml": "services: [a]", "z.yml": "[", "b.yaml": ""}
    )
    assert opened(root).meta.titles == ("class_0",)
    (root / "pets.yaml").write_text("train: images\nnames: [cat]")
    assert opened(root).meta.titles == ("cat",)


def test_licences_are_those_of_the_description(tmp_path):
    text = "train: images\nnames: [cat]\nlicense: AGPL-3.0\nroboflow:\n  license: CC BY 4.0"
    project = opened(write(tmp_path, {"images/a.jpg": ""}, {"data.yaml": text}))
    assert project.licences(project.datasets) == ("AGPL-3.0", "CC BY 4.0")
    assert opened(write(tmp_path / "x", {"images/a.jpg": ""})).licences(["x"]) == ()


@pytest.mark.parametrize(
    ("folders", "text"),
    [(("images", "labels"), "not labels at all"), (("images",), None), (("images", "masks"), None)],
)
def test_other_folders_are_not_taken_for_it(tmp_path, folders, text):
    for folder in folders:
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.png").write_bytes(png(np.zeros(SIZE, np.uint8)))
    if text:
        (tmp_path / "labels" / "a.txt").write_text(text)
    from pipelines.sources.yolo import Yolo

    assert not Yolo.matches(str(tmp_path))


# ---------------------------------------------------------------- real files


def test_a_real_export_of_roboflow():
    root = shared("formats/yolo-seg-roboflow")
    project = opened(root)
    assert project.datasets == ("train", "val", "test")
    assert project.meta.titles == ("cat",)
    assert project.licences(project.datasets) == ("Public Domain",)
    with pytest.raises(
        SourceError, match=r"'train' of the description leads to .*, or read the others only: P/val, P/test"
    ):
        list(project.items("train"))
    for dataset, folder in (("val", "valid"), ("test", "test")):
        for item in project.items(dataset):
            lines = (root / folder / "labels" / item.file).with_suffix(".txt").read_text().splitlines()
            found = project.read(item)
            assert [figure.title for figure in found.figures] == ["cat"] * len(lines)
            for figure, line in zip(found.figures, lines, strict=True):
                x, y = np.array(line.split()[1:], float).reshape(-1, 2).T * np.array(found.size)[::-1, None]
                area = abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2
                length = np.hypot(x - np.roll(x, -1), y - np.roll(y, -1)).sum()
                assert figure.shape.area == pytest.approx(area, abs=length / 5)
