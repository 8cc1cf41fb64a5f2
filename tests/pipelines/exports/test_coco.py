"""`coco`: pycocotools finds every object, pixel for pixel where it was a mask, vertex for vertex where it was drawn."""

import contextlib
import io
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycocotools import mask as coco_masks
from pycocotools.coco import COCO

from pipelines.exports import coco
from pipelines.exports.coco import _run_lengths
from pipelines.figures import Bitmap
from tests.pipelines.exports.example import FIGURES, NAMES, OUTLINE, RING, SIZE, Image
from tests.support import drawn

CATEGORIES = {"thing": 1, 'field "5"': 2, "frame": 3, "neutral": 4}


def opened(root: Path, dataset: str) -> COCO:
    with contextlib.redirect_stdout(io.StringIO()):
        return COCO(root / "annotations" / f"instances_{dataset}.json")


def read_back(root: Path) -> list[Image]:
    found = []
    for path in sorted((root / "annotations").glob("instances_*.json")):
        dataset = path.stem.removeprefix("instances_")
        read = opened(root, dataset)
        for number, entry in sorted(read.imgs.items(), key=lambda item: item[1]["file_name"]):
            objects = [
                (read.cats[own["category_id"]]["name"], read.annToMask(own).astype(bool))
                for own in read.loadAnns(read.getAnnIds(number))
            ]
            found.append(Image((root / "images" / dataset / entry["file_name"]).read_bytes(), objects))
    return found


@pytest.fixture
def root(unpack, tmp_path) -> Path:
    assert unpack(tmp_path / "unpacked", "coco").code == 0
    return tmp_path / "unpacked"


def entries(read: COCO, file: str) -> list[dict]:
    """The objects of one image, in their order."""
    (number,) = (number for number, entry in read.imgs.items() if entry["file_name"] == file)
    return read.loadAnns(read.getAnnIds(number))


def test_masks_are_the_same_pixels(root):
    read = opened(root, "val")
    expected = [figure for figure in FIGURES if figure.shape.kind not in ("line", "point")]
    found = entries(read, "last.png")
    assert [own["category_id"] for own in found] == [CATEGORIES[figure.title] for figure in expected]
    for own, figure in zip(found, expected, strict=True):
        mask = read.annToMask(own).astype(bool)
        assert own["area"] == mask.sum()
        if isinstance(own["segmentation"], dict):
            assert np.array_equal(mask, drawn(figure.shape, SIZE)), figure
            rows, columns = mask.any(1).nonzero()[0], mask.any(0).nonzero()[0]
            left, top = columns[0], rows[0]
            assert own["bbox"] == [left, top, columns[-1] + 1 - left, rows[-1] + 1 - top]
    kinds = [type(own["segmentation"]).__name__ for own in found]
    assert kinds == ["dict"] * 5 + ["list"] * 2 + ["dict"] + ["list", "dict", "list"] + ["dict"]


def test_outlines_keep_their_vertices_inside_of_the_image(root):
    simple, over_the_edge = entries(opened(root, "val"), "last.png")[5:7]
    assert simple["segmentation"] == [[float(number) for point in OUTLINE for number in point]]
    assert simple["bbox"] == [60, 50, 32, 27]
    ((*ring,),) = over_the_edge["segmentation"]
    xs, ys = np.array(ring).reshape(-1, 2).T
    assert (xs.min(), xs.max(), ys.min(), ys.max()) == (pytest.approx(75 + 5 * 10 / 35), 100, 0, 25)
    left, top, width, height = over_the_edge["bbox"]
    assert (left, top, left + width, top + height) == (xs.min(), 0, 100, ys.max())


def test_what_is_neutral_is_a_crowd_and_nothing_else(root, unpack, tmp_path):
    for own in entries(opened(root, "val"), "last.png"):
        assert own["iscrowd"] == int(own["category_id"] == CATEGORIES["neutral"])
        assert not own["iscrowd"] or isinstance(own["segmentation"], dict), "COCO's crowds are run lengths"
    said = unpack(tmp_path / "again", "coco").out
    assert "objects turned into crowds: 3 (neutral 3): what is neutral is a crowd (iscrowd 1)" in said
    assert "(point 6, way 3): COCO's instances are areas" in said


def test_ids_are_one_of_a_kind_and_categories_the_same_everywhere(root):
    reads = [opened(root, dataset) for dataset in ("photos", "train", "val")]
    for kind in ("imgs", "anns"):
        numbers = [number for read in reads for number in getattr(read, kind)]
        assert sorted(numbers) == list(range(1, len(numbers) + 1))
    for read in reads:
        assert {entry["name"]: number for number, entry in read.cats.items()} == CATEGORIES
        for entry in read.imgs.values():
            assert (entry["height"], entry["width"]) == SIZE


def test_tags_and_licences_stay_with_the_images(root):
    read = opened(root, "photos")
    assert read.dataset["licenses"] == [{"id": 1, "name": "CC-BY-4.0", "url": ""}]
    assert {entry["license"] for entry in read.imgs.values()} == {1}
    tags = {entry["file_name"]: [tag["name"] for tag in entry.get("tags", ())] for entry in read.imgs.values()}
    assert tags == {
        "a.jpg": [],
        "a.png": ["night", "val"],
        "A_2.jpg": [],
        "a_mask.jpg": ["night"],
        "b.c.jpg": [],
        "empty.jpg": [],
    }
    first = entries(read, "a.jpg")[0]
    assert first["tags"] == [{"name": "worn", "value": "3"}] or first["tags"] == [{"name": "worn", "value": 3}]
    assert first["description"] == "cracked"


def test_files_are_called_as_before_where_they_can(root):
    names = {path.relative_to(root / "images").as_posix() for path in (root / "images").glob("*/*")}
    assert names == {*NAMES} - {"photos/A.jpg"} | {"photos/A_2.jpg"}


def test_many_images_need_no_memory(unpack, tmp_path, monkeypatch):
    """Their entries move to a file when there are many: here at once."""
    unpack(tmp_path / "small", "coco")
    monkeypatch.setattr(coco, "_HELD_BYTES", 1)
    unpack(tmp_path / "large", "coco")
    for path in sorted((tmp_path / "small" / "annotations").iterdir()):
        text = path.read_bytes()
        assert (tmp_path / "large" / "annotations" / path.name).read_bytes() == text
        assert json.loads(text)["images"]


@given(st.integers(0, 2**32 - 1))
def test_run_lengths_are_those_of_pycocotools(seed):
    rng = np.random.default_rng(seed)
    height, width = (int(number) for number in rng.integers(1, 12, 2))
    pixels = rng.random((height, width)) < rng.choice([0.1, 0.5, 0.9, 1])
    for mask in Bitmap.trimmed(0, 0, pixels):
        expected = coco_masks.encode(np.asfortranarray(pixels, np.uint8))
        assert _run_lengths(mask, (height, width)) == {"size": [height, width], "counts": expected["counts"].decode()}


def test_a_hole_is_no_part_of_the_object(root):
    ring = entries(opened(root, "val"), "last.png")[0]
    assert ring["area"] == RING.sum() == 20 * 24 - 6 * 12
