"""Images with label images: what a value means depends on the list of classes and on the folder, never on chance."""

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.sources import bind
from pipelines.sources.base import BadItem, Project, SourceError
from pipelines.sources.passed_over import collected
from tests.pipelines.sources.example import Example
from tests.support import coordinates, drawn, grey16_png, jpeg, palette_png, png

SIZE = (20, 30)


def example(root: Path) -> Example:
    files = {"masks/a.png": palette_png(labels(A, B, C)), "masks/b.png": palette_png(labels())}
    write(root, files, classes="background\nnut\nbolt\n")
    return Example(root, SIZE, {f"{root.name}/a.jpg": ["nut", "bolt", "neutral"], f"{root.name}/b.jpg": []})


def labels(*boxes: tuple[int, int, int, int, int], dtype: type = np.uint8) -> np.ndarray:
    """Values of boxes (value, left, top, right, bottom) on 0."""
    values = np.zeros(SIZE, dtype)
    for value, left, top, right, bottom in boxes:
        values[top:bottom, left:right] = value
    return values


A, B, C = (1, 2, 2, 10, 10), (2, 12, 5, 28, 18), (255, 11, 0, 12, 20)


def write(root: Path, files: dict[str, bytes], **texts: str) -> Path:
    """Files by their path below the root; `classes` and `colors` are the lists. Every mask gets its image."""
    for path, data in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
        for folder in ("masks", "instances"):
            if f"{folder}/" in path:
                image = root / path.replace(f"{folder}/", "images/").replace("_mask.png", ".png").replace(
                    ".png", ".jpg"
                )
                image.parent.mkdir(parents=True, exist_ok=True)
                image.write_bytes(jpeg(coordinates(SIZE)))
    for name, text in texts.items():
        (root / f"{name}.txt").write_text(text)
    return root


def opened(root: Path, layout: str = "") -> Project:
    return bind([f"P={layout}{root}"])["P"]


def objects(root: Path) -> list[tuple[str, np.ndarray]]:
    """(class, mask of the whole image) of each object of the only image."""
    project = opened(root)
    assert project.layout == "masks"
    (dataset,) = project.datasets
    (item,) = project.items(dataset)
    found = project.read(item)
    assert found.size == SIZE
    assert all(project.meta.shape_of(figure.title) == "bitmap" for figure in found.figures)
    return [(figure.title, drawn(figure.shape, SIZE)) for figure in found.figures]


def assert_objects(root: Path, *expected: tuple[str, np.ndarray]) -> None:
    found = objects(root)
    assert [title for title, _ in found] == [title for title, _ in expected]
    for (title, mask), (_, other) in zip(found, expected, strict=True):
        assert np.array_equal(mask, other), title


def colored(values: np.ndarray, colors: dict[int, tuple[int, int, int]]) -> np.ndarray:
    pixels = np.zeros((*SIZE, 3), np.uint8)
    for value, color in colors.items():
        pixels[values == value] = color
    return pixels


VALUES = labels(A, B)


class TestWithoutAList:
    """Every value or colour is one object of the class `object`."""

    @pytest.mark.parametrize(
        "data",
        [
            png(VALUES),
            palette_png(VALUES),
            png(colored(VALUES, {1: (0, 0, 9), 2: (200, 10, 0)})),
            grey16_png(labels((1, *A[1:]), (3000, *B[1:]), dtype=np.uint16)),
        ],
        ids=["grey", "palette", "colour", "16 bits"],
    )
    def test_masks(self, tmp_path, data):
        assert_objects(write(tmp_path, {"masks/a.png": data}), ("object", VALUES == 1), ("object", VALUES == 2))

    def test_white_on_black_is_one_object(self, tmp_path):
        values = labels((255, *A[1:]))
        assert_objects(write(tmp_path, {"masks/a.png": png(values)}), ("object", values == 255))

    def test_instances_are_finer_than_masks(self, tmp_path):
        files = {"masks/a.png": png(labels((1, 0, 0, 30, 20))), "instances/a.png": png(VALUES)}
        assert_objects(write(tmp_path, files), ("object", VALUES == 1), ("object", VALUES == 2))

    def test_instances_alone_will_do(self, tmp_path):
        assert_objects(write(tmp_path, {"instances/a.png": png(labels(B))}), ("object", labels(B) == 2))

    @given(st.integers(0, 2**32 - 1))
    def test_what_is_written_is_read(self, tmp_path_factory, seed):
        rng = np.random.default_rng(seed)
        values = rng.choice(rng.integers(0, 60000, 5), SIZE).astype(np.uint16)
        root = write(tmp_path_factory.mktemp("masks"), {"masks/a.png": grey16_png(values)})
        assert_objects(root, *(("object", values == value) for value in np.unique(values) if value))


class TestWithClasses:
    @pytest.mark.parametrize(
        "classes", ["car\nred bus\n", "background\ncar\n\nred bus", "0 sky\n1 car\n2 red bus", "2: red bus\n1, car"]
    )
    def test_indices_have_names(self, tmp_path, classes):
        values = labels(A, B, C)
        root = write(tmp_path, {"masks/a.png": palette_png(values)}, classes=classes)
        assert_objects(root, ("car", values == 1), ("red bus", values == 2), ("neutral", values == 255))
        assert set(opened(root).meta.titles) == {"car", "red bus", "neutral"}

    def test_255_can_be_a_class(self, tmp_path):
        root = write(tmp_path, {"masks/a.png": png(labels(C))}, classes="255 car")
        assert_objects(root, ("car", labels(C) == 255))
        assert opened(root).meta.titles == ("car",)

    def test_instances_have_the_class_of_most_of_their_pixels(self, tmp_path):
        instances = labels((7, 2, 2, 10, 6), (300, 2, 6, 10, 10), (9, 12, 5, 28, 18), dtype=np.uint16)
        classes = labels((1, 2, 2, 10, 10), (2, 2, 2, 10, 3), (2, 25, 5, 28, 18))
        files = {"masks/a.png": png(classes), "instances/a.png": grey16_png(instances)}
        root = write(tmp_path, files, classes="car\nbus")
        assert_objects(root, ("car", instances == 7), ("bus", instances == 9), ("car", instances == 300))

    def test_16_bits_hold_class_and_instance(self, tmp_path):
        values = labels((256, *A[1:]), (513, *B[1:]), (514, 0, 0, 2, 2), dtype=np.uint16)
        root = write(tmp_path, {"masks/a.png": grey16_png(values)}, classes="car\nbus")
        assert_objects(root, ("car", values == 256), ("bus", values == 513), ("bus", values == 514))

    def test_16_bits_hold_classes_where_so_many_are_listed(self, tmp_path):
        values = labels((3, *A[1:]), (700, *B[1:]), dtype=np.uint16)
        root = write(tmp_path, {"masks/a.png": grey16_png(values)}, classes="3 car\n700 bus")
        assert_objects(root, ("car", values == 3), ("bus", values == 700))


class TestWithColors:
    COLORS = "car 0 0 9\nred bus 200 10 0\nbackground 0 0 0"

    def test_colours_have_names(self, tmp_path):
        pixels = colored(VALUES, {1: (0, 0, 9), 2: (200, 10, 0)})
        root = write(tmp_path, {"masks/a.png": png(pixels)}, colors=self.COLORS)
        assert_objects(root, ("car", VALUES == 1), ("red bus", VALUES == 2))
        assert [spec.color for spec in opened(root).meta.classes] == ["#000009", "#c80a00"]

    def test_palettes_have_colours_too(self, tmp_path):
        root = write(tmp_path, {"masks/a.png": palette_png(VALUES)}, colors="car 128 0 0\nbus 0 128 0")
        assert_objects(root, ("car", VALUES == 1), ("bus", VALUES == 2))

    def test_grey_is_a_colour(self, tmp_path):
        root = write(tmp_path, {"masks/a.png": png(VALUES)}, colors="car 1 1 1\nbus 2 2 2")
        assert_objects(root, ("car", VALUES == 1), ("bus", VALUES == 2))


MASK = png(VALUES)


@pytest.mark.parametrize(
    ("files", "datasets"),
    [
        ({"masks/a.png": MASK}, ("data",)),
        ({"masks/x/a.png": MASK, "masks/y/b.png": MASK}, ("x", "y")),
        ({"x/masks/a.png": MASK, "y/masks/b_mask.png": MASK}, ("x", "y")),
        ({"masks/a.png": MASK, "masks/y/b.png": MASK}, ("data", "y")),
    ],
)
def test_datasets_are_folders(tmp_path, files, datasets):
    project = opened(write(tmp_path / "data", files))
    assert (project.layout, project.datasets) == ("masks", datasets)
    items = [item for dataset in datasets for item in project.items(dataset)]
    assert [len(project.read(item).figures) for item in items] == [2] * len(files)


BAD_ITEMS = [
    (
        {"masks/a.png": MASK},
        {"classes": "car"},
        "the mask has the index 2, which classes.txt does not name; named: 1 car, 255 neutral",
    ),
    (
        {"masks/a.png": png(colored(VALUES, {1: (9, 9, 0), 2: (1, 2, 3)}))},
        {"colors": "car 9 9 0"},
        "the mask has the colour (1, 2, 3), which colors.txt does not name; named: car",
    ),
    (
        {"masks/a.png": grey16_png(labels((5, *A[1:]), (600, *B[1:]), dtype=np.uint16))},
        {"classes": "car\nbus"},
        "the mask has 16 bits and the value 5; such masks hold 256 * class + instance. "
        "If they number objects only, they belong into the folder instances",
    ),
    (
        {"masks/a.png": png(labels(A)), "instances/a.png": png(labels(A, B))},
        {"classes": "car\nbus"},
        "the instance 2 lies on no class: the mask is 0 in all of its 208 pixels",
    ),
    ({"masks/a.png": png(VALUES[:, :20])}, {}, "the labels are 20x20 (width x height), the image is 30x20"),
    ({"masks/a.png": b"no picture"}, {}, "the label image cannot be read: no known image format ("),
]


@pytest.mark.parametrize(("files", "lists", "message"), BAD_ITEMS, ids=range(len(BAD_ITEMS)))
def test_what_is_wrong_with_a_mask_is_said(tmp_path, files, lists, message):
    with pytest.raises(BadItem, match="^" + re.escape(message)):
        objects(write(tmp_path, files, **lists))


def test_colours_do_not_pass_for_indices(tmp_path):
    root = write(tmp_path, {"masks/a.png": png(colored(VALUES, {1: (0, 0, 9)}))}, classes="car")
    message = f"the mask {root}/masks/a.png has colours, but classes.txt names indices; name the colours in colors.txt instead"
    with pytest.raises(BadItem, match=re.escape(message)):
        objects(root)


def test_a_missing_mask_costs_its_image(tmp_path):
    root = write(tmp_path, {"masks/a.png": MASK, "masks/b.png": MASK})
    (root / "masks" / "a.png").unlink()
    project = opened(root)
    first, second = project.items(tmp_path.name)
    assert len(project.read(second).figures) == 2
    with pytest.raises(BadItem, match=re.escape(f"the mask {root}/masks/a.png does not exist")):
        project.read(first)


BAD_PROJECTS = [
    (
        {"classes": "car", "colors": "car 1 1 1"},
        "has classes.txt and colors.txt; the first names the indices of the masks",
    ),
    ({"classes": "1 car\n1 bus"}, "classes.txt names the index 1 twice: car and bus"),
    ({"classes": "background\n"}, "classes.txt names no class; a line is a name, or an index and a name: 1 car"),
    ({"colors": "car 1 1"}, "a line is a name and three numbers from 0 to 255"),
]


@pytest.mark.parametrize(("lists", "message"), BAD_PROJECTS, ids=range(len(BAD_PROJECTS)))
def test_what_is_wrong_with_a_list_is_said(tmp_path, lists, message):
    with pytest.raises(SourceError, match=re.escape(message)):
        opened(write(tmp_path, {"masks/a.png": MASK}, **lists))


def test_masks_saved_as_jpeg_are_refused(tmp_path):
    root = write(tmp_path, {"masks/a.png": MASK})
    (root / "masks" / "a.png").rename(root / "masks" / "a.jpg")
    with pytest.raises(SourceError, match=r"masks has no PNG but files like a.jpg; masks are read from PNG"):
        opened(root)


def test_a_list_without_masks_is_refused(tmp_path):
    root = write(tmp_path, {"instances/a.png": MASK}, classes="car")
    with pytest.raises(SourceError, match=r"has classes.txt but no folder masks that could hold these classes"):
        opened(root)


def test_a_folder_without_masks_is_said_when_it_is_insisted_on(tmp_path):
    (tmp_path / "images").mkdir()
    with pytest.raises(SourceError, match="has no images with masks; pictures lie in images"):
        opened(tmp_path, "masks:")


@pytest.mark.parametrize("text", ["\ufeffnut\nbolt\n", "\ufeff1 nut\r\n2 bolt\r\n"])
def test_a_list_of_a_windows_editor(tmp_path, text):
    root = write(tmp_path, {"masks/a.png": png(labels(A, B))}, classes=text)
    assert [title for title, _ in objects(root)] == ["nut", "bolt"]
    (root / "classes.txt").write_bytes(text.encode("utf-16"))
    with pytest.raises(SourceError, match=r"classes\.txt is UTF-16; save it as UTF-8"):
        opened(root)


def test_black_and_white_masks_with_a_list_are_said(tmp_path):
    root = write(tmp_path, {"masks/a.png": png(labels(C)), "masks/b.png": png(labels(A, C))}, classes="crack\n")
    project = opened(root)
    first, second = map(project.read, project.items(project.datasets[0]))
    assert [figure.title for figure in first.figures] == ["neutral"]
    assert first.left_out[0].endswith("where it is a class, write 255 and its name into classes.txt")
    assert second.left_out == ()
    (root / "classes.txt").write_text("255 crack\n")
    project = opened(root)
    found = project.read(next(project.items(project.datasets[0])))
    assert ([figure.title for figure in found.figures], found.left_out) == (["crack"], ())


def test_endings_of_masks_in_capitals(tmp_path):
    root = write(tmp_path, {"masks/a.png": png(labels(A))}, classes="nut\n")
    (root / "masks" / "a.png").rename(root / "masks" / "a.PNG")
    assert [title for title, _ in objects(root)] == ["nut"]
    (root / "masks" / "a.PNG").rename(root / "masks" / "a_mask.PNG")
    assert [title for title, _ in objects(root)] == ["nut"]


def test_two_pictures_for_one_mask_are_said(tmp_path):
    root = write(tmp_path, {"masks/a.png": png(labels(A))}, classes="nut\n")
    (root / "images" / "a.png").write_bytes(png(coordinates(SIZE)))
    project = opened(root)
    with collected() as found:
        assert [item.file for item in project.items(project.datasets[0])] == ["a.jpg"]
    assert found == {
        "pictures that differ from another one in the ending alone: passed over, one mask is not for both": 1
    }
