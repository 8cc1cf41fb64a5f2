"""Mapillary Vistas folders of both versions."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from pipelines.figures import Bitmap
from pipelines.sources import SourceError
from pipelines.sources.base import BadItem
from pipelines.sources.mapillary import Mapillary
from tests.pipelines.sources.example import Example
from tests.support import VISTAS_LABELS, coordinates, grey16_png, jpeg, shared, write_mapillary

SIZE = (40, 60)
PERSON, SKY, CAR = 0, 1, 2


def example(root: Path) -> Example:
    write_mapillary(root, {"a": instances()})
    write_mapillary(root, {"b": np.full(SIZE, 256, np.uint16)}, split="validation")
    return Example(root, SIZE, {"training/a.jpg": ["Person", "Sky", "Car", "Car"], "validation/b.jpg": ["Sky"]})


def instances() -> np.ndarray:
    """Sky everywhere in two parts, a person (label 0, instance 0), two cars."""
    values = np.full(SIZE, SKY << 8 | 3, np.uint16)
    values[:, 30:] = SKY << 8 | 4
    values[5:15, 5:10] = PERSON << 8
    values[20:30, 5:25] = CAR << 8 | 1
    values[20:30, 40:50] = CAR << 8 | 200
    return values


@pytest.fixture
def root(tmp_path):
    return write_mapillary(tmp_path / "vistas", {"a": instances()})


def read(root, dataset: str = "training"):
    project = Mapillary.open("P", str(root))
    return project.read(next(iter(project.items(dataset))))


def test_one_figure_an_instance_and_one_for_a_label_without(root):
    found = read(root)
    assert found.size == SIZE
    figures = {(figure.title, figure.shape.bounds): figure.shape.area for figure in found.figures}
    assert figures == {
        ("Person", (5, 5, 10, 15)): 50,
        ("Sky", (0, 0, 60, 40)): 40 * 60 - 50 - 200 - 100,
        ("Car", (5, 20, 25, 30)): 200,
        ("Car", (40, 20, 50, 30)): 100,
    }
    assert found.figures[0].shape == Bitmap(5, 5, np.ones((10, 5), bool))


def test_the_config_gives_classes_and_colours(root):
    meta = Mapillary.open("P", str(root)).meta
    assert [(spec.title, spec.shape, spec.color) for spec in meta.classes] == [
        ("Person", "bitmap", "#dc143c"),
        ("Sky", "bitmap", "#4682b4"),
        ("Car", "bitmap", "#00008e"),
    ]


def test_splits_are_datasets_and_images_are_sorted(root):
    write_mapillary(root, {"c": instances(), "b": instances()}, "validation")
    project = Mapillary.open("P", str(root))
    assert project.datasets == ("training", "validation")
    assert [item.file for item in project.items("validation")] == ["b.jpg", "c.jpg"]


def test_a_testing_split_without_labels_is_left_out(root):
    (root / "testing" / "images").mkdir(parents=True)
    (root / "testing" / "images" / "t.jpg").write_bytes(jpeg(coordinates(SIZE)))
    assert Mapillary.open("P", str(root)).datasets == ("training",)


def test_a_version_in_a_folder_of_its_own(tmp_path):
    root = write_mapillary(tmp_path, {"a": instances()}, version="v2.0")
    project = Mapillary.open("P", str(root))
    assert project.folder == "v2.0/instances"
    assert len(project.read(next(iter(project.items("training")))).figures) == 4


def test_of_two_versions_the_older_is_read(tmp_path):
    write_mapillary(tmp_path, {"a": instances()}, version="v2.0")
    root = write_mapillary(tmp_path, {"a": instances()}, version="v1.2")
    assert Mapillary.open("P", str(root)).folder == "v1.2/instances"


def test_what_is_wrong_with_a_project(root):
    config = root / "config.json"
    config.write_text(json.dumps({"labels": [{"readable": "Person"}]}))
    message = 'config.json is not a Vistas config: it needs "labels", each with "readable", "instances" and "color"'
    with pytest.raises(SourceError, match=re.escape(message)):
        Mapillary.open("P", str(root))
    config.write_text("[")
    with pytest.raises(SourceError, match="is not a Vistas config"):
        Mapillary.open("P", str(root))
    config.unlink()
    with pytest.raises(
        SourceError, match=r"has no config\.json or config_v1\.2\.json or config_v2\.0\.json; it names the labels"
    ):
        Mapillary.open("P", str(root))
    config.write_text(json.dumps({"labels": VISTAS_LABELS}))
    (root / "training" / "instances" / "a.png").unlink()
    (root / "training" / "instances").rmdir()
    with pytest.raises(
        SourceError, match=r"has no instance images; they lie in training/instances \(or training/v1\.2/instances"
    ):
        Mapillary.open("P", str(root))


def test_what_is_wrong_with_an_item(root):
    labels = root / "training" / "instances" / "a.png"

    def problem() -> str:
        with pytest.raises(BadItem) as caught:
            read(root)
        return str(caught.value)

    labels.write_bytes(grey16_png(np.full(SIZE, 7 << 8, np.uint16)))
    assert problem() == f"the instance image {labels} has the label 7, config.json names labels 0 to 2"
    (root / "config_v2.0.json").write_text("{}")
    assert problem().endswith("0 to 2; if it is of the version of config_v2.0.json, take config.json away")
    labels.write_bytes(grey16_png(instances()[:, :30]))
    assert problem() == "the labels are 30x40 (width x height), the image is 60x40; they must have the same size"
    labels.write_bytes(b"\x89PNG")
    assert problem().startswith("the label image cannot be read")
    labels.unlink()
    assert problem() == f"the instance image {labels} does not exist"


def test_real_layout():
    project = Mapillary.open("Mapillary", str(shared("data/mapillary-from-voc44")))
    assert project.datasets == ("training", "validation")
    figures = [
        figure
        for dataset in project.datasets
        for item in project.items(dataset)
        for figure in project.read(item).figures
    ]
    assert {figure.title for figure in figures} <= set(project.meta.titles)
    assert len(figures) > 87
