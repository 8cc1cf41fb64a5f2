"""Pascal VOC folders: instances, void, class-only masks, own classes, colour masks, and what can be wrong with an item."""

import re
import shutil
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from pipelines.figures import Bitmap
from pipelines.origin import Selection
from pipelines.sources import SourceError, list_items
from pipelines.sources.base import BadItem
from pipelines.sources.passed_over import collected
from pipelines.sources.voc import CLASSES, Voc, voc_color
from tests.pipelines.sources.example import Example
from tests.support import coordinates, drawn, jpeg, palette_png, png, shared, voc_masks, write_voc

SIZE = (60, 80)


def example(root: Path) -> Example:
    boxes = ("person", 10, 5, 30, 25), ("car", 40, 20, 70, 50)
    write_voc(root, {"a": voc_masks((60, 80), *boxes), "b": voc_masks((60, 80))}, {"train": ["a"], "val": ["b"]})
    return Example(root, (60, 80), {"train/a.jpg": ["person", "car", "neutral"], "val/b.jpg": []})


def block(left: int, top: int, right: int, bottom: int) -> Bitmap:
    return Bitmap(left, top, np.ones((bottom - top, right - left), bool))


@pytest.fixture
def root(tmp_path):
    return write_voc(tmp_path / "voc", {"a": voc_masks(SIZE, ("person", 10, 10, 30, 40), ("car", 50, 5, 70, 20))})


def read(root, stem: str = "a", dataset: str = "train"):
    project = Voc.open("P", str(root))
    item = next(item for item in project.items(dataset) if item.file.startswith(stem))
    return project.read(item)


def test_one_figure_an_object_then_the_void(root):
    found = read(root)
    assert found.size == SIZE
    assert [figure.title for figure in found.figures] == ["person", "car", "neutral"]
    assert found.figures[0].shape == block(10, 10, 30, 40)
    assert found.figures[1].shape == block(50, 5, 70, 20)
    void = drawn(found.figures[2].shape, SIZE)
    classes, _ = voc_masks(SIZE, ("person", 10, 10, 30, 40), ("car", 50, 5, 70, 20))
    assert np.array_equal(void, classes == 255)


def test_the_classes_are_vocs_with_its_colours(root):
    meta = Voc.open("P", str(root)).meta
    assert meta.titles == (*CLASSES, "neutral")
    assert {spec.shape for spec in meta.classes} == {"bitmap"}
    assert meta.classes[0].color == "#800000"
    assert meta.classes[-1].color == "#e0e0c0"


def test_two_objects_of_one_class_stay_two(tmp_path):
    root = write_voc(tmp_path, {"a": voc_masks(SIZE, ("dog", 5, 5, 15, 15), ("dog", 40, 5, 50, 15))})
    assert [figure.title for figure in read(root).figures] == ["dog", "dog", "neutral"]


def test_an_objects_class_is_that_of_most_of_its_pixels(tmp_path):
    classes, objects = voc_masks(SIZE, ("dog", 10, 10, 20, 20))
    classes[10:12, 10:20] = CLASSES.index("cat") + 1
    assert read(write_voc(tmp_path, {"a": (classes, objects)})).figures[0].title == "dog"


def test_without_instances_each_class_is_one_figure(root):
    for file in (root / "SegmentationObject").iterdir():
        file.unlink()
    (root / "SegmentationObject").rmdir()
    found = read(root)
    assert [figure.title for figure in found.figures] == ["car", "person", "neutral"]


def test_grey_masks_are_indices(root):
    classes, objects = voc_masks(SIZE, ("sheep", 10, 10, 30, 40))
    (root / "SegmentationClass" / "a.png").write_bytes(png(classes))
    (root / "SegmentationObject" / "a.png").write_bytes(png(objects))
    assert [figure.title for figure in read(root).figures] == ["sheep", "neutral"]


def test_own_classes_in_colour_masks(tmp_path):
    root = write_voc(tmp_path, {"a": voc_masks(SIZE)})
    (root / "colors.txt").write_text("background 0 0 0\nroof tile 200 0 0\n\nwall 0 0 200\nneutral 224 224 192\n")
    classes, objects = np.zeros((*SIZE, 3), np.uint8), np.zeros((*SIZE, 3), np.uint8)
    classes[5:15, 5:15], objects[5:15, 5:15] = (200, 0, 0), (9, 9, 9)
    classes[30:40, 5:15], objects[30:40, 5:15] = (0, 0, 200), (7, 7, 7)
    (root / "SegmentationClass" / "a.png").write_bytes(png(classes))
    (root / "SegmentationObject" / "a.png").write_bytes(png(objects))
    meta = Voc.open("P", str(root)).meta
    assert [(spec.title, spec.color) for spec in meta.classes] == [
        ("roof tile", "#c80000"),
        ("wall", "#0000c8"),
        ("neutral", "#e0e0c0"),
    ]
    found = {figure.title: figure.shape for figure in read(root).figures}
    assert found["roof tile"] == block(5, 5, 15, 15)
    assert found["wall"] == block(5, 30, 15, 40)


def test_void_in_colour_masks(tmp_path):
    root = write_voc(tmp_path, {"a": voc_masks(SIZE)})
    (root / "colors.txt").write_text("wall 0 0 200\n")
    classes, objects = np.zeros((*SIZE, 3), np.uint8), np.zeros((*SIZE, 3), np.uint8)
    classes[4:16, 4:16] = objects[4:16, 4:16] = voc_color(255)
    classes[5:15, 5:15], objects[5:15, 5:15] = (0, 0, 200), (9, 9, 9)
    (root / "SegmentationClass" / "a.png").write_bytes(png(classes))
    (root / "SegmentationObject" / "a.png").write_bytes(png(objects))
    assert sorted(figure.title for figure in read(root).figures) == ["neutral", "wall"]


@pytest.mark.parametrize(
    "line",
    [
        "wall 0 0",
        "wall 0 0 256",
        "wall a b c",
        "wall",
        "1 2 3",
    ],
)
def test_a_line_of_colors_that_is_none(tmp_path, line):
    root = write_voc(tmp_path, {"a": voc_masks(SIZE)})
    (root / "colors.txt").write_text(f"roof 200 0 0\n{line}\n")
    message = f"colors.txt:2: found {line!r}, a line is a name and three numbers from 0 to 255: name r g b"
    with pytest.raises(SourceError, match=re.escape(message)):
        Voc.open("P", str(root))


def test_colors_without_a_class(tmp_path):
    root = write_voc(tmp_path, {"a": voc_masks(SIZE)})
    (root / "colors.txt").write_text("background 0 0 0\n")
    with pytest.raises(SourceError, match=r"colors\.txt lists no class; a line is a name and three numbers"):
        Voc.open("P", str(root))


def test_the_datasets_are_the_image_lists(tmp_path):
    images = {stem: voc_masks(SIZE) for stem in ("c", "a", "b")}
    root = write_voc(tmp_path, images, {"val": ["c"], "train": ["b", "a", "b"]})
    project = Voc.open("P", str(root))
    assert project.datasets == ("train", "val")
    assert [item.file for item in project.items("train")] == ["a.jpg", "b.jpg"]


def test_trainval_only_repeats_the_others(tmp_path):
    images = {"a": voc_masks(SIZE), "b": voc_masks(SIZE)}
    both = write_voc(tmp_path / "both", images, {"train": ["a"], "val": ["b"], "trainval": ["a", "b"]})
    assert Voc.open("P", str(both)).datasets == ("train", "val")
    alone = write_voc(tmp_path / "alone", images, {"trainval": ["a", "b"]})
    assert Voc.open("P", str(alone)).datasets == ("trainval",)


def test_lists_with_labels_beside_the_names(tmp_path):
    root = write_voc(tmp_path, {"a": voc_masks(SIZE)}, {"train": ["a  1", ""]})
    assert [item.file for item in Voc.open("P", str(root)).items("train")] == ["a.jpg"]


@pytest.mark.parametrize(
    ("folder", "message"),
    [
        ("JPEGImages", "has no folder JPEGImages; a VOC project has JPEGImages, SegmentationClass and ImageSets"),
        ("SegmentationClass", "has no folder SegmentationClass; a VOC project has"),
    ],
)
def test_a_folder_that_is_missing(root, folder, message):
    import shutil

    shutil.rmtree(root / folder)
    with pytest.raises(SourceError, match=message):
        Voc.open("P", str(root))


def listed(root, dataset: str = "train"):
    """(files of the dataset, what is not as it might seem)."""
    with collected() as found:
        return [item.file for item in Voc.open("P", str(root)).items(dataset)], dict(found)


def two(root, *lines: str, names=("my photo 1", "plain")) -> list[str]:
    write_voc(root, {name: voc_masks(SIZE) for name in names})
    (root / "ImageSets/Segmentation/train.txt").write_bytes("\r\n".join(lines).encode())
    return listed(root)[0]


@pytest.mark.parametrize(
    "lines",
    [
        ["my photo 1", "plain"],
        ['"my photo 1"', "plain", ""],
        ["\ufeffmy photo 1", "plain 1"],
        ["my photo 1.jpg", "plain.jpg -1"],
        ["my photo 1.JPG", "plain.png"],
    ],
)
def test_names_in_lists_as_people_write_them(tmp_path, lines):
    assert two(tmp_path, *lines) == ["my photo 1.jpg", "plain.jpg"]


def test_names_in_lists_that_are_nowhere_are_left_for_reading_to_miss(tmp_path):
    assert two(tmp_path, "gone", "far away", "left 1", "plain") == ["far away.jpg", "gone.jpg", "left.jpg", "plain.jpg"]


def test_lists_in_another_encoding_are_refused_in_words(tmp_path):
    two(tmp_path, "plain")
    (tmp_path / "ImageSets/Segmentation/train.txt").write_bytes("plain".encode("utf-16"))
    with pytest.raises(SourceError, match=r"train\.txt is UTF-16; save it as UTF-8"):
        listed(tmp_path)


def test_names_in_either_writing_of_their_letters(tmp_path):
    assert two(tmp_path, "\u00e4", "o\u0308", names=("a\u0308", "\u00f6")) == ["a\u0308.jpg", "\u00f6.jpg"]


def test_pictures_in_folders(tmp_path):
    for folder in ("JPEGImages", "SegmentationClass", "SegmentationObject"):
        (tmp_path / folder / "lot1").mkdir(parents=True)
        (tmp_path / folder / "lot2").mkdir()
    assert two(tmp_path, "lot1/a", "lot2\\a", names=("lot1/a", "lot2/a")) == ["lot1_a.jpg", "lot2_a.jpg"]
    project = Voc.open("P", str(tmp_path))
    assert [project.read(item).size for item in project.items("train")] == [SIZE, SIZE]


def test_without_lists_the_masks_that_are_there_are_taken(tmp_path):
    root = write_voc(tmp_path / "things", {"a": voc_masks(SIZE), "b": voc_masks(SIZE), "c": voc_masks(SIZE)})
    shutil.rmtree(root / "ImageSets")
    (root / "SegmentationClass" / "b.png").unlink()
    (root / "SegmentationClass" / "a.png").rename(root / "SegmentationClass" / "a.PNG")
    (root / "JPEGImages" / "c.jpg").unlink()
    assert Voc.open("P", str(root)).datasets == ("things",)
    assert listed(root, "things") == (
        ["a.jpg"],
        {
            "pictures without a mask: passed over, there are no lists in ImageSets": 1,
            "masks without a picture: passed over": 1,
        },
    )
    (root / "JPEGImages" / "a.jpg").unlink()
    with pytest.raises(
        SourceError, match=r"no picture in JPEGImages has a mask of the same name in SegmentationClass; rename"
    ):
        listed(root, "things")


def test_masks_of_further_images_are_of_classes_alone(tmp_path):
    images = {
        "a": voc_masks(SIZE, ("dog", 5, 5, 15, 15)),
        "b": voc_masks(SIZE, ("dog", 5, 5, 15, 15), ("dog", 30, 5, 45, 15)),
    }
    root = write_voc(tmp_path, images, {"train": ["a"], "trainaug": ["a", "b"]})
    (root / "SegmentationClassAug").mkdir()
    (root / "SegmentationClass" / "b.png").rename(root / "SegmentationClassAug" / "b.png")
    (root / "SegmentationObject" / "b.png").unlink()
    assert listed(root, "trainaug") == (
        ["a.jpg", "b.jpg"],
        {"images with a class mask and no object mask: each class of them is one object": 1},
    )
    assert [figure.title for figure in read(root, "b", "trainaug").figures] == ["dog", "neutral"]
    projects = {"P": Voc.open("P", str(root))}
    assert [str(origin) for origin, _ in list_items(projects, [Selection("P", None)])] == [
        "P/train/a.jpg",
        "P/trainaug/b.jpg",
    ]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        (
            "labelmap.txt",
            "# label:color_rgb:parts:actions\nbackground:0,0,0::\ncrack:128,0,0::\nsmall: rust:0,128,0:a,b:\n",
        ),
        ("labelmap.txt", "\ufeffbackground:::\ncrack:::\r\nsmall: rust:::\n"),
        ("class_names.txt", "_background_\ncrack\nsmall: rust"),
        ("class_names.txt", "\ufeff__ignore__\r\n_background_\r\ncrack\r\nsmall: rust\r\n"),
    ],
)
def test_the_classes_of_other_tools_lists(tmp_path, file, text):
    root = write_voc(tmp_path, {"a": voc_masks(SIZE, ("bicycle", 5, 5, 15, 15), ("aeroplane", 30, 5, 45, 15))})
    (root / file).write_bytes(text.encode())
    assert Voc.open("P", str(root)).meta.titles == ("crack", "small: rust", "neutral")
    assert [figure.title for figure in read(root).figures] == ["small: rust", "crack", "neutral"]


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        (
            "labelmap.txt",
            "background:0,0,0::\ncrack:1,2::",
            r"labelmap\.txt:2: found 'crack:1,2::', a line is a name and a colour",
        ),
        ("labelmap.txt", "a:9,9,9::\nb:9,9,9::", r"labelmap\.txt:2: 'a' and 'b' have the same colour \(9, 9, 9\)"),
        ("labelmap.txt", "background:0,0,0::", r"labelmap\.txt lists no class; a line is name:r,g,b:parts:actions"),
        (
            "class_names.txt",
            "crack\nrust",
            r"class_names\.txt begins with 'crack'; it is a class a line, of which the first is",
        ),
        ("class_names.txt", "_background_", r"class_names\.txt lists 0 classes; there may be 1 to 254"),
        ("class_names.txt", "", r"class_names\.txt begins with 'nothing'"),
    ],
)
def test_lists_of_classes_that_are_none(tmp_path, file, text, message):
    root = write_voc(tmp_path, {"a": voc_masks(SIZE)})
    (root / file).write_text(text)
    with pytest.raises(SourceError, match=message):
        Voc.open("P", str(root))


def test_a_colour_that_is_not_known_is_never_guessed_from_its_index(tmp_path):
    classes, objects = voc_masks(SIZE, ("aeroplane", 5, 5, 15, 15))
    root = write_voc(tmp_path, {"a": (classes, objects)})
    image = PIL.Image.fromarray(classes, "P")
    image.putpalette([0, 0, 0, 10, 200, 30] + [0] * 759 + [224, 224, 192])
    image.save(root / "SegmentationClass" / "a.png")
    with pytest.raises(
        BadItem, match=r"has the index 1 \(colour \(10, 200, 30\)\), which is no class.*Name the colours of other"
    ):
        read(root)
    image.putpalette([value for index in range(256) for value in (index,) * 3])
    image.save(root / "SegmentationClass" / "a.png")
    assert [figure.title for figure in read(root).figures] == ["aeroplane", "neutral"]


def test_bad_items_say_what_is_wrong(root):
    def problem() -> str:
        with pytest.raises(BadItem) as caught:
            read(root)
        return str(caught.value)

    good_mask = (root / "SegmentationClass" / "a.png").read_bytes()
    good_image = (root / "JPEGImages" / "a.jpg").read_bytes()
    mask, image = root / "SegmentationClass" / "a.png", root / "JPEGImages" / "a.jpg"
    mask.unlink()
    assert problem() == f"the mask {mask} does not exist"
    mask.write_bytes(good_mask[:-30])
    assert problem().startswith("the label image cannot be read: ")
    assert str(mask) in problem()
    mask.write_bytes(palette_png(np.zeros((10, 10))))
    assert problem() == "the labels are 10x10 (width x height), the image is 80x60; they must have the same size"
    classes, _ = voc_masks(SIZE, ("person", 10, 10, 30, 40))
    classes[classes == CLASSES.index("person") + 1] = 99
    mask.write_bytes(palette_png(classes))
    assert problem().startswith(
        f"the class mask has the index 99 (colour {voc_color(99)}), which is no class; known: aeroplane, bicycle"
    )
    mask.write_bytes(good_mask)
    image.unlink()
    assert problem() == f"the image {image} does not exist"
    image.write_bytes(b"")
    assert "the image cannot be read" in problem()
    assert "0 bytes" in problem()
    image.write_bytes(good_image)
    assert read(root).size == SIZE


@pytest.mark.parametrize("broken", ["SegmentationClass", "SegmentationObject"])
def test_masks_of_two_sizes(root, broken):
    (root / broken / "a.png").write_bytes(palette_png(np.zeros((60, 81))))
    with pytest.raises(BadItem, match=re.escape("the labels are 81x60 (width x height), the image is 80x60")):
        read(root)


def test_a_photograph_as_mask(root):
    noise = np.random.default_rng(0).integers(0, 256, (*SIZE, 3), np.uint8)
    (root / "SegmentationClass" / "a.png").write_bytes(png(noise))
    with pytest.raises(BadItem, match="colours; labels have a few flat ones"):
        read(root)


def test_an_image_with_another_extension(root):
    (root / "JPEGImages" / "a.jpg").unlink()
    (root / "JPEGImages" / "a.PNG").write_bytes(png(coordinates(SIZE)))
    assert read(root).size == SIZE


def test_an_image_with_a_long_preview_in_front(root):
    data = jpeg(coordinates(SIZE))
    comment = b"\xff\xfe\xff\xff" + bytes(0xFFFF - 2)
    (root / "JPEGImages" / "a.jpg").write_bytes(data[:2] + comment * 3 + data[2:])
    assert read(root).size == SIZE


def test_the_colour_map():
    assert [voc_color(index) for index in (0, 1, 2, 3, 15, 20, 255)] == [
        (0, 0, 0), (128, 0, 0), (0, 128, 0), (128, 128, 0), (192, 128, 128), (0, 64, 128), (224, 224, 192),
    ]  # fmt: skip


def test_real_images():
    project = Voc.open("PascalVOC", str(shared("data/voc2007-44")))
    assert project.datasets == ("train", "val")
    titles = [
        figure.title
        for dataset in project.datasets
        for item in project.items(dataset)
        for figure in project.read(item).figures
    ]
    assert len([title for title in titles if title != "neutral"]) == 115
    assert set(titles) == {*CLASSES, "neutral"}
