"""Benchmark folders and labelled images in the pipeline's layouts: which truths they give, and what is said of broken ones."""

import json
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.io import savemat

from model.__main__ import main
from model.evaluation.data import open_evaluation
from pipelines.errors import UserError

SIZE = (24, 32)


def box(value: object, top: int, bottom: int, left: int, right: int, dtype: type = np.uint8) -> np.ndarray:
    """A mask of zeros (24, 32), or (24, 32, 3) for a colour, with a value in a rectangle."""
    mask = np.zeros((*SIZE, *np.shape(value)), dtype)
    mask[top:bottom, left:right] = value
    return mask


def write(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), pixels)


def write_image(path: Path, size: tuple[int, int] = SIZE) -> None:
    write(path, np.full((*size, 3), 90, np.uint8))


def write_sbd(root: Path, name: str, numbers: np.ndarray) -> None:
    write_image(root / "img" / f"{name}.jpg")
    (root / "inst").mkdir(exist_ok=True)
    content = {"Segmentation": numbers, "Boundaries": np.zeros((1, 1)), "Categories": np.array([[15]])}
    savemat(root / "inst" / f"{name}.mat", {"GTinst": content})


def write_coco(root: Path, annotations: Sequence[dict]) -> None:
    write_image(root / "images" / "a.jpg")
    document = {
        "images": [{"id": 1, "file_name": "a.jpg", "height": SIZE[0], "width": SIZE[1]}],
        "categories": [{"id": 3, "name": "car"}],
        "annotations": [{"id": n, "image_id": 1, "category_id": 3, **entry} for n, entry in enumerate(annotations, 1)],
    }
    (root / "annotations.json").write_text(json.dumps(document))


def truths_of(location: object, split: str | None = None) -> list[tuple[str, str, np.ndarray]]:
    """(image, object, truth) of everything at a location."""
    images = open_evaluation(str(location), split)
    found = [(image.name, name, truth) for image in images for name, truth in image.objects]
    assert all(truth.dtype == np.int8 and truth.shape == SIZE for _, _, truth in found)
    assert len({name for name, _, _ in found}) == len(images)
    return found


def names_of(found: Sequence[tuple[str, str, np.ndarray]]) -> list[tuple[str, str]]:
    return [(image, name) for image, name, _ in found]


def test_grabcut_has_an_object_an_image_with_void_at_its_border(tmp_path: Path) -> None:
    mask = box(128, 4, 14, 4, 20)
    mask[5:13, 5:19] = 255
    mask[20:22] = 64
    write_image(tmp_path / "data_GT" / "flower.jpg")
    write(tmp_path / "boundary_GT" / "flower.bmp", mask)
    write_image(tmp_path / "data_GT" / "cross.png")
    write(tmp_path / "boundary_GT" / "cross.png", box((200, 0, 0), 1, 5, 2, 9))
    (tmp_path / "boundary_GT_lasso").mkdir()
    (tmp_path / "data_GT" / "._flower.jpg").write_bytes(b"left by a Mac")
    found = truths_of(tmp_path)
    assert names_of(found) == [("cross", "1"), ("flower", "1")]
    expected = box(-1, 4, 14, 4, 20, np.int8)
    expected[5:13, 5:19] = 1
    assert (found[1][2] == expected).all()
    # The first channel of OpenCV's order decides, as in the published readers.
    assert (found[0][2] == box(1, 1, 5, 2, 9, np.int8)).all()
    assert names_of(truths_of(f"grabcut:{tmp_path}")) == names_of(found)


def test_berkeley_may_have_several_masks_an_image(tmp_path: Path) -> None:
    for name in ("12003", "98"):
        write_image(tmp_path / "images" / f"{name}.jpg")
    for number, name in enumerate(("12003#001", "12003#002", "98")):
        write(tmp_path / "masks" / f"{name}.png", box(255, number, 5 + number, 3, 9))
    found = truths_of(f"berkeley:{tmp_path}")
    assert names_of(found) == [("12003", "1"), ("12003", "2"), ("98", "1")]
    for number, (_, _, truth) in enumerate(found):
        assert (truth == box(1, number, 5 + number, 3, 9, np.int8)).all()
    assert len(open_evaluation(f"berkeley:{tmp_path}")) == 2


def test_an_image_with_a_sign_of_its_own_keeps_its_mask(tmp_path: Path) -> None:
    for name in ("7", "7#001"):
        write_image(tmp_path / "images" / f"{name}.jpg")
        write(tmp_path / "masks" / f"{name}.png", box(255, 2, 5, 3, 9))
    assert names_of(truths_of(f"berkeley:{tmp_path}")) == [("7", "1"), ("7#001", "1")]


def test_images_with_masks_may_mean_two_things(tmp_path: Path) -> None:
    write_image(tmp_path / "images" / "a.jpg")
    write(tmp_path / "masks" / "a.png", box(255, 2, 5, 3, 9))
    with pytest.raises(UserError, match=r"fits berkeley and masks, .* give berkeley:\S+ or masks:\S+"):
        open_evaluation(str(tmp_path))


def test_davis_has_one_object_an_image_of_all_colours(tmp_path: Path) -> None:
    write_image(tmp_path / "img" / "00001.jpg")
    mask = box((0, 0, 128), 2, 6, 3, 9)
    mask[10:12, 10:15] = (1, 0, 0)
    write(tmp_path / "gt" / "00001.png", mask)
    (found,) = truths_of(tmp_path)
    assert found[:2] == ("00001", "1")
    assert (found[2] == np.where(mask.any(axis=2), 1, 0)).all()
    assert names_of(truths_of(f"davis:{tmp_path}", "all")) == [("00001", "1")]


def test_sbd_has_an_object_a_number_and_no_void(tmp_path: Path) -> None:
    numbers = box(1, 2, 6, 3, 9)
    numbers[10:14, 10:15] = 3
    numbers[20:, :] = 255
    write_sbd(tmp_path, "2008_b", numbers)
    write_sbd(tmp_path, "2008_a", box(2, 1, 2, 1, 2))
    (tmp_path / "val.txt").write_text("2008_b\n2008_a\n")
    (tmp_path / "train.txt").write_text("2008_a\n")
    found = truths_of(tmp_path)
    assert names_of(found) == [("2008_b", "1"), ("2008_b", "3"), ("2008_b", "255"), ("2008_a", "2")]
    for (_, _, truth), number in zip(found, (1, 3, 255), strict=False):
        assert (truth == (numbers == number)).all()
    assert names_of(truths_of(f"sbd:{tmp_path}", "train")) == [("2008_a", "2")]
    assert [image.name for image in open_evaluation(str(tmp_path), "all")] == ["2008_a", "2008_b"]


def test_all_that_does_not_fit_in_a_folder_of_masks_is_said_at_once(tmp_path: Path) -> None:
    for name in ("bare", "black", "small", "text"):
        write_image(tmp_path / "data_GT" / f"{name}.jpg")
    write(tmp_path / "boundary_GT" / "black.png", box(1, 2, 5, 3, 9))
    write(tmp_path / "boundary_GT" / "small.png", np.full((5, 6), 255, np.uint8))
    write(tmp_path / "boundary_GT" / "stranger.png", box(255, 2, 5, 3, 9))
    (tmp_path / "boundary_GT" / "text.png").write_bytes(b"no picture")
    with pytest.raises(UserError) as caught:
        open_evaluation(f"grabcut:{tmp_path}")
    masks = tmp_path / "boundary_GT"
    assert str(caught.value).splitlines() == [
        f"{tmp_path}: no mask in boundary_GT for bare.jpg of data_GT",
        f"{tmp_path}: no image in data_GT for stranger.png of boundary_GT",
        f"{masks}/black.png: no pixel of an object, found the values 0, 1; above 128 is the object, 128 is void",
        f"{masks}/small.png: the labels are 6x5 (width x height), the image is 32x24; they must have the same size",
        f"{masks}/text.png: 10 bytes that are no readable picture",
        "each image needs a mask of its name and size; in a mask of GrabCut above 128 is the object, 128 is void",
    ]


@pytest.mark.parametrize(
    ("kind", "split", "message"),
    [
        (
            "grabcut",
            None,
            "is not a GrabCut folder: data_GT and boundary_GT are missing, found in it: empty.txt, holes.txt, img",
        ),
        (
            "davis",
            None,
            "DAVIS folder: gt is missing, found in it: empty.txt, holes.txt, img, inst; give the folder that holds img and gt",
        ),
        ("sbd", None, "no split 'val', which would be val.txt; there are empty, holes; `all` takes every image"),
        ("sbd", "empty", "no image in the split 'empty'; --split names another list"),
        (
            "sbd",
            "holes",
            "the split 'holes' lists 2 images, of which img/y.jpg, inst/y.mat are not there; every image needs",
        ),
    ],
)
def test_what_is_not_in_a_benchmark_is_named(tmp_path: Path, kind: str, split: str | None, message: str) -> None:
    write_sbd(tmp_path, "x", box(1, 2, 5, 3, 9))
    (tmp_path / "holes.txt").write_text("x\ny\n")
    (tmp_path / "empty.txt").write_text("")
    with pytest.raises(UserError) as caught:
        open_evaluation(f"{kind}:{tmp_path}", split)
    assert message in str(caught.value)


def test_folders_without_pictures_and_splits_of_a_benchmark_without_lists_are_refused(tmp_path: Path) -> None:
    for folder in ("img", "gt"):
        (tmp_path / folder).mkdir()
    with pytest.raises(UserError, match="no pictures in img and gt; img holds the images, gt their masks"):
        open_evaluation(str(tmp_path))
    write_image(tmp_path / "img" / "a.jpg")
    write(tmp_path / "gt" / "a.png", box(1, 2, 5, 3, 9))
    with pytest.raises(UserError, match="no split 'val'; DAVIS has no lists of images, leave it out"):
        open_evaluation(str(tmp_path), "val")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, r"x\.mat: no GTinst with the numbers of the objects can be read \(.+; take the file from the published"),
        ({"GTcls": np.zeros(SIZE)}, r"can be read \(KeyError: 'GTinst'\)"),
        ({"GTinst": {"Segmentation": np.zeros(SIZE) + 0.5}}, "GTinst begins with float64 of shape .* whole numbers"),
        ({"GTinst": {"Segmentation": np.ones((3, 4), np.uint8)}}, r"the masks are 4x3 .*, the image is 32x24"),
    ],
    ids=["damaged", "another name", "fractions", "another size"],
)
def test_a_damaged_file_of_objects_is_named(tmp_path: Path, content: dict | None, message: str) -> None:
    write_sbd(tmp_path, "x", box(1, 2, 5, 3, 9))
    if content is None:
        (tmp_path / "inst" / "x.mat").write_bytes(b"cut off")
    else:
        savemat(tmp_path / "inst" / "x.mat", content)
    with pytest.raises(UserError, match=message):
        list(open_evaluation(f"sbd:{tmp_path}", "all"))


def test_coco_has_an_object_a_figure_and_void_in_crowds(tmp_path: Path) -> None:
    runs = {"size": list(SIZE), "counts": [0, 24 * 4, 24 * 28]}
    write_coco(tmp_path, [{"segmentation": [[10, 5, 20, 5, 20, 15, 10, 15]]}, {"segmentation": runs, "iscrowd": 1}])
    for location in (f"coco:{tmp_path}", tmp_path):
        ((image, name, truth),) = truths_of(location)
        assert (image, name) == (f"{tmp_path.name}/a.jpg", "car 1")
        expected = box(-1, 0, 24, 0, 4, np.int8)
        expected[5:15, 10:20] = 1
        assert (truth == expected).all()


def test_masks_have_an_object_a_value(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_image(tmp_path / "images" / "val" / f"{name}.jpg")
        write(tmp_path / "masks" / "val" / f"{name}.png", box(1, 2, 5, 3, 9) + box(7, 10, 15, 3, 9))
    write_image(tmp_path / "images" / "train" / "c.jpg")
    write(tmp_path / "masks" / "train" / "c.png", box(1, 2, 5, 3, 9))
    found = truths_of(f"masks:{tmp_path}")
    assert names_of(found) == [(f"val/{name}.jpg", f"object {number}") for name in "ab" for number in (1, 2)]
    assert (found[1][2] == box(1, 10, 15, 3, 9, np.int8)).all()
    assert names_of(truths_of(f"masks:{tmp_path}", "train")) == [("train/c.jpg", "object 1")]
    assert len(open_evaluation(f"masks:{tmp_path}", "all")) == 3
    with pytest.raises(UserError, match="no dataset 'tset'; there are train, val; `all` takes every image"):
        open_evaluation(f"masks:{tmp_path}", "tset")


def test_mapillary_is_read_by_its_validation_images_without_what_is_unlabelled(tmp_path: Path) -> None:
    labels = [
        {"readable": title, "instances": title == "Car", "color": [0, 0, 142]} for title in ("Sky", "Car", "Unlabeled")
    ]
    (tmp_path / "config.json").write_text(json.dumps({"labels": labels}))
    for split, number in (("training", 1), ("validation", 2)):
        write_image(tmp_path / split / "images" / "a.jpg")
        values = box(256 + number, 2, 5, 3, 9, np.uint16)
        values[20:] = 512
        write(tmp_path / split / "instances" / "a.png", values)
    found = truths_of(f"mapillary:{tmp_path}")
    assert names_of(found) == [("validation/a.jpg", "Sky 1"), ("validation/a.jpg", "Car 2")]
    assert (found[1][2] == box(1, 2, 5, 3, 9, np.int8)).all()
    assert names_of(truths_of(tmp_path)) == names_of(found)


def test_labelled_images_that_are_broken_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"\S+nothing does not exist"):
        open_evaluation(f"coco:{tmp_path}/nothing")
    with pytest.raises(UserError, match="has no COCO instances: a JSON file with"):
        open_evaluation(f"coco:{tmp_path}")
    write_coco(tmp_path, [{"segmentation": [[1, 2, 3]]}])
    with pytest.raises(UserError, match=r"a\.jpg: the annotation 1 has a polygon of 3 numbers"):
        list(open_evaluation(f"coco:{tmp_path}"))


def test_a_benchmark_is_evaluated_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_image(tmp_path / "davis" / "img" / "a.jpg")
    write(tmp_path / "davis" / "gt" / "a.png", box(255, 4, 16, 6, 22))
    output = tmp_path / "report"
    arguments = ["evaluate", "--data", f"davis:{tmp_path / 'davis'}", "--baseline", "ellipse", "--max-clicks", "3"]
    assert main([*arguments, "--output", str(output), "--pictures", "--accelerator", "cpu"]) == 0
    assert f"1 objects of DAVIS folder {tmp_path / 'davis'}" in capsys.readouterr().out
    assert json.loads((output / "report.json").read_text())["settings"]["objects"] == 1
    assert [path.name for path in (output / "pictures").iterdir()] == ["00000_a_1.png"]
    assert main(["evaluate", "--data", f"davis:{tmp_path}", "--baseline", "ellipse"]) == 2
    assert "is not a DAVIS folder: img and gt are missing, found in it: davis, report" in capsys.readouterr().err
