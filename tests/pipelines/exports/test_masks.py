"""`masks`: Pillow and numpy find every object under its number, and its class under the same pixels."""

from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from pipelines.annotation import Annotation
from pipelines.errors import UserError
from pipelines.exports import Notes, masks
from pipelines.exports.masks import _drawn, _png, class_indices, mask_stem
from pipelines.figures import Bitmap, Figure
from pipelines.formats.label_images import read_labels
from pipelines.meta import ClassSpec, Meta
from pipelines.sources import open_project
from tests.pipelines.exports.example import FIGURES, SIZE, Image
from tests.support import drawn


def classes_in(root: Path) -> dict[int, str]:
    lines = (root / "classes.txt").read_text().splitlines()
    return {int(number): name for number, name in (line.split(" ", 1) for line in lines)}


def read_back(root: Path) -> list[Image]:
    names, found = classes_in(root), []
    for path in sorted((root / "images").rglob("*")):
        if path.is_file():
            classes, objects = (
                np.asarray(PIL.Image.open(root / folder / path.parent.name / f"{path.stem}.png"))
                for folder in ("masks", "instances")
            )
            assert np.array_equal(classes > 0, objects > 0)
            own = []
            for number in range(1, objects.max() + 1):
                mask = objects == number
                (index,) = np.unique(classes[mask])
                own.append((names[index], mask))
            found.append(Image(path.read_bytes(), own))
    return found


@pytest.fixture
def root(unpack, tmp_path) -> Path:
    assert unpack(tmp_path / "unpacked", "masks").code == 0
    return tmp_path / "unpacked"


def meta_with(*titles: str) -> Meta:
    return Meta(tuple(ClassSpec(title, "bitmap") for title in titles))


def test_the_classes_are_numbered_in_their_order(root):
    assert classes_in(root) == {0: "background", 1: "thing", 2: 'field "5"', 3: "frame", 255: "neutral"}


def test_later_objects_lie_above_earlier_ones(root):
    (last,) = (image for image in read_back(root) if image.content == (root / "images/val/last.png").read_bytes())
    expected, above = [], np.zeros(SIZE, bool)
    for figure in reversed([figure for figure in FIGURES if figure.shape.kind not in ("line", "point")]):
        mask = drawn(figure.shape, SIZE)
        if (mask & ~above).any():
            expected.insert(0, (figure.title, mask & ~above))
        above |= mask
    assert [title for title, _ in last.objects] == [title for title, _ in expected]
    assert all(np.array_equal(mask, other) for (_, mask), (_, other) in zip(last.objects, expected, strict=True))


def test_what_others_cover_is_counted(root, unpack, tmp_path):
    said = unpack(tmp_path / "again", "masks").out
    assert (
        "objects left out: 4 (thing 4): other objects cover them, and a pixel of a label image is of one object only"
        in said
    )
    assert "objects cut: 7 (frame 7): other objects cover a part of them" in said
    assert "objects left out: 9 (point 6, way 3): points and lines cover no pixels" in said


def test_eight_bits_have_the_colours_of_the_classes(root):
    with PIL.Image.open(root / "masks" / "val" / "last.png") as image:
        assert image.mode == "P"
        colors = np.array(image.getpalette()).reshape(-1, 3)
        assert colors[[0, 1, 2, 3, 255]].tolist() == [
            [0, 0, 0],
            [255, 128, 0],
            [0, 160, 255],
            [64, 192, 64],
            [224, 224, 192],
        ]
    with PIL.Image.open(root / "instances" / "val" / "last.png") as image:
        assert image.mode == "P"
        assert len(np.unique(np.array(image.getpalette()).reshape(-1, 3), axis=0)) == 256


@pytest.mark.parametrize(("highest", "mode"), [(255, "P"), (256, "I;16"), (65535, "I;16")])
def test_as_many_bits_as_needed(highest, mode, tmp_path):
    values = np.array([[0, 1], [7, highest]])
    (tmp_path / "a.png").write_bytes(_png(values, highest, bytes(768)))
    with PIL.Image.open(tmp_path / "a.png") as image:
        assert image.mode == mode
        assert np.array_equal(np.asarray(image), values)


def test_more_than_sixteen_bits_are_refused():
    with pytest.raises(
        UserError, match=r"an image has 65,536 objects, and a label image of 16 bits holds 65,535; merge some"
    ):
        _png(np.zeros((1, 1), np.int32), 65_536, bytes(768))


@pytest.mark.parametrize("count", [254, 255, 300])
@pytest.mark.parametrize("neutral", [True, False])
def test_many_classes_and_objects_are_read_by_our_own_layout(tmp_path, count, neutral):
    """Up to 254 classes and the neutral one have room in 8 bits; the numbers of more than 255 objects have not."""
    titles = [f"class {number}" for number in range(count)] + ["neutral"] * neutral
    indices = class_indices(meta_with(*titles))
    assert indices.get("neutral", 255) == (255 if count < 255 else count + 1) or not neutral
    assert len(set(indices.values())) == len(titles)
    figures = tuple(Figure(t, Bitmap(n % 40, n // 40, np.ones((1, 1), bool))) for n, t in enumerate(titles))
    objects, drawn_titles = _drawn(Annotation((10, 40), figures), Notes())
    assert drawn_titles == titles
    index_of = np.array([0, *(indices[title] for title in titles)])
    for folder, data in (
        ("masks", _png(index_of[objects], max(indices.values()), bytes(768))),
        ("instances", _png(objects, len(titles), bytes(768))),
        ("images", _png(objects, len(titles), bytes(768))),
    ):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.png").write_bytes(data)
    assert (read_labels((tmp_path / "masks" / "a.png").read_bytes()).indices.dtype == np.uint8) == (
        max(indices.values()) <= 255
    )
    (tmp_path / "classes.txt").write_text("".join(f"{index} {title}\n" for title, index in indices.items()))
    project = open_project("P", str(tmp_path))
    (item,) = project.items(project.datasets[0])
    assert [figure.title for figure in project.read(item).figures] == titles


@pytest.mark.parametrize("title", ["two\nlines", " car", "car ", ""])
def test_a_class_that_the_list_cannot_name_is_refused(title):
    with pytest.raises(UserError) as caught:
        class_indices(meta_with("thing", title))
    assert f"the class {title!r} cannot stand in classes.txt, where a name is a line" in str(caught.value)
    assert "rename it in the graph (action rename), or unpack in another form" in str(caught.value)


def test_a_class_may_be_called_like_a_number_or_the_background():
    assert class_indices(meta_with("7 dwarfs", "background", "car")) == {"7 dwarfs": 1, "background": 2, "car": 3}


@pytest.mark.parametrize(
    ("one", "other"),
    [("a.jpg", "a.png"), ("A.jpg", "a.jpg"), ("a.jpg", "a_mask.jpg"), ("a_mask_mask.jpg", "A_MASK.png")],
)
def test_names_whose_masks_would_be_taken_for_each_other(one, other):
    assert mask_stem(one) == mask_stem(other)


def test_names_that_stand_beside_each_other():
    assert (
        len({mask_stem(name) for name in ("a.jpg", "a.b.jpg", "a_masks.jpg", "mask.jpg", "_mask.jpg", "a_2.jpg")}) == 6
    )
    assert masks.VOID == 255
