"""The artificial dataset on disk: layouts as described, masks that agree, the same bytes each time."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipelines.synthetic.encode import voc_palette
from pipelines.synthetic.kinds import KINDS
from pipelines.synthetic.layouts import Summary, generate, in_validation, void_band
from tests.pipelines.synthetic.png_reader import palette_indices

SMALL = (96, 72)


def tree(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def voc(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Summary]:
    root = tmp_path_factory.mktemp("voc")
    return root, generate(str(root), layout="voc", images=6, seed=3, size_wh=SMALL)


@pytest.fixture(scope="module")
def vistas(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Summary]:
    root = tmp_path_factory.mktemp("vistas")
    return root, generate(str(root), layout="mapillary", images=6, seed=3, size_wh=SMALL)


# ------------------------------------------------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"layout": "coco"}, 'synthetic dataset: layout "coco" is not known; choose "voc" or "mapillary"'),
        ({"images": 0}, "synthetic dataset: images is 0; ask for 1 or more"),
        ({"seed": -1}, "synthetic dataset: seed is -1; give a whole number of 0 or more"),
        (
            {"size_wh": (320, 40)},
            "synthetic dataset: size 320x40 is too small to hold objects; "
            "give a width and a height of 64 pixels or more",
        ),
        (
            {"validation": 1.0},
            "synthetic dataset: validation is 1.0; give a share of at least 0 and below 1",
        ),
    ],
)
def test_settings_out_of_range_are_refused_before_anything_is_written(tmp_path, settings, message):
    with pytest.raises(ValueError) as refusal:  # noqa: PT011 - the whole text is compared below
        generate(str(tmp_path / "new"), **settings)

    assert str(refusal.value) == message
    assert not (tmp_path / "new").exists()


def test_a_directory_with_something_in_it_is_refused_and_left_alone(tmp_path):
    (tmp_path / "holiday.jpg").write_bytes(b"precious")

    with pytest.raises(FileExistsError) as refusal:
        generate(str(tmp_path), images=1)

    assert str(refusal.value) == (
        f"synthetic dataset: {tmp_path} is not empty (it holds holiday.jpg); empty it, or name another directory"
    )
    assert tree(tmp_path) == {"holiday.jpg": b"precious"}


def test_a_file_in_place_of_the_directory_is_refused(tmp_path):
    (tmp_path / "taken").write_text("")

    with pytest.raises(FileExistsError, match=r"taken is a file; name a directory that is absent or empty"):
        generate(str(tmp_path / "taken"), images=1)


# ---------------------------------------------------------------------------------------------------------- repetition


def test_the_same_settings_give_the_same_bytes_and_more_images_only_add(tmp_path, voc, vistas):
    for layout, (larger, _) in {"voc": voc, "mapillary": vistas}.items():
        for attempt in ("once", "again"):
            generate(str(tmp_path / layout / attempt), layout=layout, images=3, seed=3, size_wh=SMALL)
        once, again = tree(tmp_path / layout / "once"), tree(tmp_path / layout / "again")

        assert once == again
        lists = {"ImageSets/Segmentation/train.txt", "ImageSets/Segmentation/val.txt"}
        assert {path: data for path, data in once.items() if path not in lists}.items() <= tree(larger).items()


@pytest.mark.parametrize("share", [0.05, 0.1, 0.3, 0.5, 0.9])
def test_every_dataset_of_two_or_more_holds_out_its_share(share):
    for images in range(2, 60):
        held_out = sum(in_validation(number, share) for number in range(images))
        assert 1 <= held_out < images
        assert abs(held_out - share * images) <= max(1, 2 * share)


def test_no_share_holds_nothing_out():
    assert not any(in_validation(number, 0.0) for number in range(50))


def test_progress_sees_every_number(tmp_path):
    seen = []

    def watch(numbers):
        for number in numbers:
            seen.append(number)
            yield number

    summary = generate(str(tmp_path / "one"), images=2, size_wh=SMALL, validation=0.0, progress=watch)

    assert seen == [0, 1]
    assert (summary.training, summary.validation) == (2, 0)
    assert not (tmp_path / "one/ImageSets/Segmentation/val.txt").exists()


# ----------------------------------------------------------------------------------------------------------------- VOC


def test_voc_folder_holds_each_image_once_with_both_masks(voc):
    root, summary = voc
    names = [f"{number:06d}" for number in range(6)]

    listed = {s: (root / f"ImageSets/Segmentation/{s}.txt").read_text().split() for s in ("train", "val")}

    assert listed == {"train": ["000000", *names[2:]], "val": ["000001"]}
    assert (summary.images, summary.training, summary.validation) == (6, 5, 1)
    for folder, ending in (("JPEGImages", "jpg"), ("SegmentationClass", "png"), ("SegmentationObject", "png")):
        assert sorted(path.name for path in (root / folder).iterdir()) == [f"{name}.{ending}" for name in names]


def test_voc_colors_number_the_classes_as_the_palette_does(voc):
    root, _ = voc
    palette = voc_palette()

    lines = [line.split() for line in (root / "colors.txt").read_text().splitlines()]

    assert len(lines) >= 10
    assert [line[0] for line in lines] == [kind.name for kind in KINDS]
    for number, line in enumerate(lines, start=1):
        assert tuple(map(int, line[1:])) == tuple(palette[number])


def test_voc_masks_agree_and_hold_the_objects_that_were_counted(voc):
    root, summary = voc
    counts: dict[str, int] = {}
    for path in sorted((root / "SegmentationObject").iterdir()):
        objects = palette_indices(path.read_bytes())
        classes = palette_indices((root / "SegmentationClass" / path.name).read_bytes())
        assert cv2.imread(str(root / "JPEGImages" / f"{path.stem}.jpg")).shape == (*objects.shape, 3)
        np.testing.assert_array_equal(objects == 255, classes == 255)
        np.testing.assert_array_equal(objects == 0, classes == 0)
        for number in set(np.unique(objects)) - {0, 255}:
            (own,) = np.unique(classes[objects == number])
            name = KINDS[own - 1].name
            counts[name] = counts.get(name, 0) + 1

    assert counts == summary.classes
    assert sum(counts.values()) == summary.objects > 6


def test_void_band_takes_nothing_from_the_upper_object():
    instances = np.zeros((5, 8), np.uint8)
    instances[:, 2:4], instances[:, 4:6] = 1, 2

    void = void_band(instances)

    assert [list(np.flatnonzero(row)) for row in void] == [[1, 3, 6]] * 5


# ----------------------------------------------------------------------------------------------------------- Mapillary


def test_vistas_instances_name_instance_labels_and_count_from_zero_within_each(vistas):
    root, summary = vistas
    labels = json.loads((root / "config.json").read_text())["labels"]
    counts: dict[str, int] = {}
    for path in sorted(root.glob("*/instances/*.png")):
        coded = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        assert coded.dtype == np.uint16
        assert cv2.imread(str(path.parents[1] / "images" / f"{path.stem}.jpg")).shape == (*coded.shape, 3)
        drawn = palette_indices((path.parents[1] / "labels" / path.name).read_bytes())
        np.testing.assert_array_equal(drawn, coded // 256)
        for label in np.unique(coded // 256):
            numbers = list(np.unique(coded[coded // 256 == label] % 256))
            assert numbers == list(range(len(numbers)))
            if labels[label]["instances"]:
                counts[labels[label]["readable"]] = counts.get(labels[label]["readable"], 0) + len(numbers)
            else:
                assert numbers == [0]

    assert counts == summary.classes
    assert sum(counts.values()) == summary.objects
    assert len(list(root.glob("training/images/*.jpg"))) == summary.training == 5
    assert len(list(root.glob("validation/images/*.jpg"))) == summary.validation == 1


def test_vistas_labels_stand_at_their_published_numbers(vistas):
    root, _ = vistas

    labels = json.loads((root / "config.json").read_text())["labels"]

    assert len(labels) == 66
    assert {n: labels[n]["readable"] for n in (0, 19, 33, 35, 50, 55)} == {
        0: "Bird", 19: "Person", 33: "Bench", 35: "Billboard", 50: "Traffic Sign (Front)", 55: "Car",
    }  # fmt: skip
    assert labels[55] == {
        "name": "object--vehicle--car",
        "readable": "Car",
        "instances": True,
        "color": [0, 0, 142],
        "evaluate": True,
    }
    assert [label["readable"] for label in labels if not label["evaluate"]] == ["Unlabeled"]
