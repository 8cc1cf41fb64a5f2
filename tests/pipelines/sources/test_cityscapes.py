"""Cityscapes: instances by their numbers, classes by the published list, and what is ignored in evaluation is neutral."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from pipelines.sources import bind
from pipelines.sources.base import BadItem, Project, SourceError
from pipelines.sources.cityscapes import CLASSES, Cityscapes
from tests.pipelines.sources.example import Example
from tests.support import coordinates, drawn, grey16_png, png

SIZE = (20, 30)


def example(root: Path) -> Example:
    a = write(
        root, "train", "aachen_000000_000019", values((26001, 2, 2, 9, 9), (26002, 9, 2, 15, 9), (4, 0, 15, 30, 20))
    )
    b = write(root, "val", "ulm_000001_000019", values((24000, 2, 2, 9, 9)))
    return Example(root, SIZE, {f"train/{a}": ["neutral", "road", "car", "car"], f"val/{b}": ["road", "person"]})


def values(*boxes: tuple[int, int, int, int, int], background: int = 7) -> np.ndarray:
    """Values of boxes (value, left, top, right, bottom) on the road."""
    found = np.full(SIZE, background, np.uint16)
    for value, left, top, right, bottom in boxes:
        found[top:bottom, left:right] = value
    return found


def write(root: Path, split: str, scene: str, labels: np.ndarray | None, picture: bool = True) -> str:
    """A scene as it is published; gives the picture's name."""
    city = scene.split("_")[0]
    image = root / "leftImg8bit" / split / city / f"{scene}_leftImg8bit.png"
    label = root / "gtFine" / split / city / f"{scene}_gtFine_instanceIds.png"
    for path in (image, label):
        path.parent.mkdir(parents=True, exist_ok=True)
    if picture:
        image.write_bytes(png(coordinates(SIZE)))
    if labels is not None:
        label.write_bytes(grey16_png(labels))
        for other in ("color.png", "labelIds.png", "polygons.json"):
            label.with_name(f"{scene}_gtFine_{other}").write_bytes(b"x")
    return image.name


def opened(root: Path | str, layout: str = "") -> Project:
    project = bind([f"P={layout}{root}"])["P"]
    assert project.layout == "cityscapes"
    return project


def objects(root: Path, number: int = 0) -> list[tuple[str, np.ndarray]]:
    """(class, mask of the whole image) of each object of an image of the only dataset."""
    project = opened(root)
    (dataset,) = project.datasets
    found = project.read(list(project.items(dataset))[number])
    assert found.size == SIZE
    return [(figure.title, drawn(figure.shape, SIZE)) for figure in found.figures]


def refusal(root: Path, number: int = 0) -> str:
    with pytest.raises(BadItem) as caught:
        objects(root, number)
    return str(caught.value)


def test_each_instance_is_an_object_and_each_other_label_one(tmp_path):
    labels = values(
        (26001, 0, 0, 5, 5), (26000, 5, 0, 9, 5), (33012, 9, 0, 12, 5), (21, 12, 0, 20, 5), (21, 25, 10, 30, 15)
    )
    write(tmp_path, "val", "ulm_000000_000019", labels)
    found = objects(tmp_path)
    assert [title for title, _ in found] == ["road", "vegetation", "car", "car", "bicycle"]
    for (_, mask), value in zip(found, (7, 21, 26000, 26001, 33012), strict=True):
        assert np.array_equal(mask, labels == value)


def test_void_and_groups_that_nobody_has_told_apart_are_neutral(tmp_path):
    boxes = [(value, 2 * value, 0, 2 * value + 2, 5) for value in range(7)]
    labels = values(*boxes, (26, 0, 10, 5, 15), (24, 5, 10, 9, 15), (29001, 10, 10, 15, 15), (18, 20, 10, 25, 15))
    write(tmp_path, "val", "ulm_000000_000019", labels)
    found = dict(objects(tmp_path))
    assert list(found) == ["neutral", "road", "polegroup", "caravan"]
    assert np.array_equal(found["neutral"], (labels < 7) | (labels == 26) | (labels == 24))


def test_the_withheld_labels_of_the_test_split_are_neutral_all_over(tmp_path):
    write(tmp_path, "test", "berlin_000000_000019", values((1, 0, 15, 30, 20), (3, 0, 0, 30, 1), background=0))
    ((title, mask),) = objects(tmp_path)
    assert title == "neutral"
    assert mask.all()


def test_classes_are_those_of_the_published_list(tmp_path):
    write(tmp_path, "val", "ulm_000000_000019", values())
    titles = opened(tmp_path).meta.titles
    assert len(CLASSES) == 27
    assert (titles[0], titles[4], titles[13], titles[17], titles[26], titles[27]) == (
        "road",
        "building",
        "traffic sign",
        "person",
        "bicycle",
        "neutral",
    )
    assert next(spec.color for spec in opened(tmp_path).meta.classes if spec.title == "car") == "#00008e"


def test_datasets_are_splits_over_all_cities(tmp_path):
    for split, scene in (("train", "ulm_1_1"), ("train", "aachen_1_1"), ("train", "aachen_0_1"), ("val", "ulm_2_1")):
        write(tmp_path, split, scene, values())
    project = opened(tmp_path)
    assert {dataset: [item.file for item in project.items(dataset)] for dataset in project.datasets} == {
        "train": ["aachen_0_1_leftImg8bit.png", "aachen_1_1_leftImg8bit.png", "ulm_1_1_leftImg8bit.png"],
        "val": ["ulm_2_1_leftImg8bit.png"],
    }


@pytest.mark.parametrize("value", [34, 255, 999, 34000, 65535])
def test_a_value_that_is_no_label_is_said(tmp_path, value):
    write(tmp_path, "val", "ulm_000000_000019", values((value, 0, 0, 3, 3)))
    assert refusal(tmp_path) == (
        f"{tmp_path}/gtFine/val/ulm/ulm_000000_000019_gtFine_instanceIds.png has the value {value}; its values are labels, "
        "0 to 33, or 1000 · label + number"
    )


def test_a_picture_or_labels_alone_are_said(tmp_path):
    write(tmp_path, "val", "ulm_0_1", values(), picture=False)
    write(tmp_path, "val", "ulm_1_1", None)
    write(tmp_path, "val", "ulm_2_1", values())
    assert refusal(tmp_path) == f"the image {tmp_path}/leftImg8bit/val/ulm/ulm_0_1_leftImg8bit.png does not exist"
    assert refusal(tmp_path, 1) == (
        f"the instance image {tmp_path}/gtFine/val/ulm/ulm_1_1_gtFine_instanceIds.png does not exist"
    )
    assert len(objects(tmp_path, 2)) == 1


def test_labels_of_another_size_or_kind_are_said(tmp_path):
    write(tmp_path, "val", "ulm_0_1", np.full((10, 30), 7, np.uint16))
    write(tmp_path, "val", "ulm_1_1", values())
    (tmp_path / "gtFine/val/ulm/ulm_1_1_gtFine_instanceIds.png").write_bytes(b"x")
    assert refusal(tmp_path).startswith("the labels are 30x10 (width x height), the image is 30x20")
    assert re.search(r"the label image cannot be read: .*ulm_1_1_gtFine_instanceIds\.png", refusal(tmp_path, 1))


@pytest.mark.parametrize(
    ("labels", "picture", "problem"),
    [
        (True, False, "leftImg8bit/val has no pictures, so 'val' cannot be read; name the datasets that have both"),
        (False, True, "gtFine/val has no label images *_gtFine_instanceIds.png, so 'val' cannot be read"),
    ],
)
def test_a_split_of_pictures_or_labels_alone_is_said(tmp_path, labels, picture, problem):
    write(tmp_path, "val", "ulm_0_1", values() if labels else None, picture)
    with pytest.raises(SourceError) as caught:
        list(opened(tmp_path).items("val"))
    assert str(caught.value).startswith(f"{tmp_path}/{problem}")


def test_half_a_download_is_said(tmp_path):
    (tmp_path / "gtFine").mkdir()
    assert not Cityscapes.matches(str(tmp_path))
    with pytest.raises(
        SourceError, match=r"has no folder leftImg8bit; unpack leftImg8bit_trainvaltest\.zip and gtFine_"
    ):
        opened(tmp_path, "cityscapes:")
    (tmp_path / "leftImg8bit").mkdir()
    with pytest.raises(SourceError, match="gtFine has no folder train, val or test"):
        opened(tmp_path)
