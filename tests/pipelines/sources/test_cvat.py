"""CVAT for images 1.1: every shape that has an inside becomes its pixels, the others are refused in words, image by image."""

from __future__ import annotations

import math
import pickle
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.figures import Line, Point
from pipelines.formats import storage
from pipelines.formats.xml_parts import read_element
from pipelines.sources import bind
from pipelines.sources.base import BadItem, Project, SourceError
from pipelines.sources.cvat import Cvat
from pipelines.tag import Tag
from tests.pipelines.sources.example import Example
from tests.support import chain, coordinates, drawn, jpeg, run, shared

SIZE = (30, 40)
BOX = (10, 5, 22, 25)


def example(root: Path) -> Example:
    write(
        root,
        image("a.jpg", polygon("nut", BOX), '<tag label="day"/>'),
        image("b.jpg", polygon("bolt", BOX), polygon("nut", BOX)),
    )
    titles = {f"{root.name}/a.jpg": ["nut"], f"{root.name}/b.jpg": ["bolt", "nut"]}
    return Example(root, SIZE, titles, {f"{root.name}/a.jpg": ["day"]})


def polygon(label: str, box: tuple[float, float, float, float], more: str = "", inside: str = "") -> str:
    left, top, right, bottom = box
    points = f"{left:.2f},{top:.2f};{right:.2f},{top:.2f};{right:.2f},{bottom:.2f};{left:.2f},{bottom:.2f}"
    return f'<polygon label="{label}" source="manual" occluded="0" points="{points}" {more}>{inside}</polygon>'


def mask(label: str, left: int, top: int, pixels: np.ndarray, more: str = "") -> str:
    """Run lengths along the rows, beginning with the background: written out, as an oracle."""
    runs, current = [0], False
    for value in pixels.ravel().tolist():
        if value != current:
            runs.append(0)
            current = value
        runs[-1] += 1
    height, width = pixels.shape
    place = f'left="{left}" top="{top}" width="{width}" height="{height}"'
    return f'<mask label="{label}" occluded="0" rle="{", ".join(map(str, runs))}" {place} {more}></mask>'


def image(name: str, *inside: str, more: str = "", size: tuple[int, int] = SIZE) -> str:
    return (
        f'  <image id="0" name="{name}" {more} width="{size[1]}" height="{size[0]}">\n    '
        + "\n    ".join(inside)
        + "\n  </image>\n"
    )


def label(name: str, kind: str = "any", color: str = "#FF0000", more: str = "") -> str:
    attribute = "<attributes><attribute><name>size</name><values>1</values></attribute></attributes>"
    return f"<label><name>{name}</name><color>{color}</color><type>{kind}</type>{attribute}{more}</label>"


def document(*images: str, labels: str = "", head: str = '<?xml version="1.0" encoding="utf-8"?>\n') -> str:
    meta = f"<meta><task><name>label</name><labels>{labels}</labels></task></meta>"
    return f"{head}<annotations>\n  <version>1.1</version>\n  {meta}\n{''.join(images)}</annotations>\n"


def write(
    root: Path, *images: str, text: str = "", file: str = "annotations.xml", pictures: str = "images/", **more: str
) -> Path:
    """A file of CVAT, or the text given for it, and the pictures it lists."""
    root.mkdir(parents=True, exist_ok=True)
    text = text or document(*images, **more)
    (root / file).write_text(text, encoding="utf-8")
    for name in re.findall(r'<image [^>]*?name="([^"]+\.jpg)"', text):
        path = root / (pictures + name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(jpeg(coordinates(SIZE)))
    return root


def opened(root: Path | str, layout: str = "") -> Project:
    project = bind([f"P={layout}{root}"])["P"]
    assert project.layout == "cvat"
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


def at_opening(root: Path, layout: str = "") -> str:
    with pytest.raises(SourceError) as caught:
        opened(root, layout)
    return str(caught.value)


def files_of(project: Project, dataset: str) -> list[str]:
    return [item.file for item in project.items(dataset)]


def mask_at(left: int, top: int, right: int, bottom: int) -> np.ndarray:
    found = np.zeros(SIZE, bool)
    found[top:bottom, left:right] = True
    return found


# ---------------------------------------------------------------- shapes


def test_a_polygon_is_its_pixels(tmp_path):
    ((title, found),) = objects(write(tmp_path, image("a.jpg", polygon("nut", BOX))))
    assert title == "nut"
    assert np.array_equal(found, mask_at(*BOX))


@given(st.integers(0, 2**32 - 1))
def test_masks_come_back_as_they_were_written(tmp_path_factory, seed):
    rng = np.random.default_rng(seed)
    height, width = int(rng.integers(1, 20)), int(rng.integers(1, 20))
    left, top = int(rng.integers(0, SIZE[1] - width)), int(rng.integers(0, SIZE[0] - height))
    pixels = rng.random((height, width)) < rng.random()
    root = write(tmp_path_factory.mktemp("cvat"), image("a.jpg", mask("nut", left, top, pixels)))
    expected = np.zeros(SIZE, bool)
    expected[top : top + height, left : left + width] = pixels
    found = objects(root)
    assert len(found) == pixels.any()
    assert all(np.array_equal(own, expected) for _, own in found)


def test_an_ellipse_has_its_area_and_is_turned_clockwise(tmp_path):
    shape = '<ellipse label="nut" cx="20.00" cy="15.00" rx="12.00" ry="3.00" rotation="45.00"/>'
    ((_, found),) = objects(write(tmp_path, image("a.jpg", shape)))
    assert found.sum() == pytest.approx(math.pi * 36, rel=0.05)
    assert found[20, 25]
    assert not found[10, 25]


def test_lines_and_points_stay_what_they_are(tmp_path):
    line, points = (
        '<polyline label="crack" points="1.00,2.00;3.50,4.00"/>',
        '<points label="click" points="7.50,8.00;1,2"/>',
    )
    root = write(tmp_path, image("a.jpg", line, points, polygon("crack", BOX)))
    assert [(figure.title, figure.shape) for figure in read(root).figures][:3] == [
        ("crack (line)", Line([(1, 2), (3.5, 4)])),
        ("click", Point(7.5, 8.0)),
        ("click", Point(1.0, 2.0)),
    ]
    assert [(spec.title, spec.shape) for spec in opened(root).meta.classes] == [
        ("crack", "bitmap"),
        ("crack (line)", "line"),
        ("click", "point"),
    ]


def test_z_order_decides_what_lies_on_top_then_the_order_in_the_file(tmp_path):
    shapes = [polygon(name, BOX, f'z_order="{z}"') for name, z in (("a", 1), ("b", 0), ("c", -1), ("d", 0), ("e", 1))]
    assert [title for title, _ in objects(write(tmp_path, image("a.jpg", *shapes)))] == ["c", "b", "d", "a", "e"]


def test_a_group_is_one_object_of_each_label(tmp_path):
    shapes = [
        polygon("nut", BOX, 'group_id="1"', '<attribute name="size">big</attribute>'),
        polygon("bolt", (0, 0, 3, 3), 'group_id="1"'),
        mask("nut", 30, 20, np.ones((8, 8), bool), 'group_id="1"'),
        polygon("nut", (1, 1, 5, 5), 'group_id="0"'),
        polygon("nut", (1, 1, 5, 5), 'group_id="0"'),
    ]
    figures = read(write(tmp_path, image("a.jpg", *shapes))).figures
    assert [figure.title for figure in figures] == ["nut", "bolt", "nut", "nut"]
    assert np.array_equal(drawn(figures[0].shape, SIZE), mask_at(*BOX) | mask_at(30, 20, 38, 28))
    assert [figure.extra for figure in figures] == [
        {"attributes": {"size": "big"}, "group_id": 1},
        {"group_id": 1},
        {},
        {},
    ]


def test_attributes_stay_with_the_object_and_tags_with_the_image(tmp_path):
    shape = polygon(
        "nut", BOX, inside='<attribute name="size">2 &amp; 3</attribute><attribute name="text"></attribute>'
    )
    tags = '<tag label="day" source="manual"></tag>', '<tag label="rain"><attribute name="much">yes</attribute></tag>'
    root = write(tmp_path, image("a.jpg", shape.replace('occluded="0"', 'occluded="1"'), *tags, tags[0]))
    found = read(root)
    assert found.figures[0].extra == {"attributes": {"size": "2 & 3", "text": ""}, "occluded": True}
    assert found.tags == (Tag("day"), Tag("rain"))
    assert found.extra == {"tag_attributes": {"rain": {"much": "yes"}}}
    assert opened(root).tags(root.name) == {"a.jpg": ("day", "rain")}
    assert len(run(chain(), {"P": opened(root)}).samples) == 1


def raw(word: str, name: str | None = "nut", inside: str = "", **attributes: object) -> str:
    """An element with a label and any attributes."""
    given = ({"label": name} if name else {}) | attributes
    text = " ".join(f'{key}="{value}"' for key, value in given.items())
    return f"<{word} {text}>{inside}</{word}>"


@pytest.mark.parametrize(
    ("shape", "problem"),
    [
        (
            raw("spline"),
            "there is no such shape; known are polygon, mask, ellipse, polyline, points, box, cuboid, skeleton",
        ),
        (raw("polygon", None, points="1,2;3,4;5,6"), "it has no label, so nothing says of which class it is"),
        (raw("polygon", points="1,2;3"), "its points are not x,y;x,y within reach of the image: '1,2;3'"),
        (raw("polygon"), "its points are not x,y;x,y within reach of the image: ''"),
        (raw("ellipse", cx=1, cy=2, rx=0, ry=3), "radii 0 and 3; both must be above 0"),
        (raw("ellipse", cx=1, cy=2, rx="z"), "its rx is no number: 'z'"),
        (raw("mask", rle="0,4", left=1, top=1, width=2), "its height is no whole number: ''"),
        (raw("mask", rle="0,4", left=1, top=1, width=2, height=3), "its runs are 4 pixels in all, its box has 6 (2x3)"),
        (raw("mask", rle="0,-4", left=1, top=1, width=2, height=2), "its rle is no list of run lengths: '0,-4'"),
        (raw("mask", rle="", left=1, top=1, width=2, height=2), "its rle is no list of run lengths: ''"),
        (
            raw("mask", rle="0,900000000000", left=1, top=1, width=900000, height=1000000),
            "it is 900000x1000000 (width x height), the image is 40x30",
        ),
        (raw("polygon", points="1,2;3,4;5,6", z_order="top"), "its z_order is no whole number: 'top'"),
    ],
)
def test_a_shape_that_cannot_be_meant_is_refused(tmp_path, shape, problem):
    root = write(tmp_path, image("a.jpg", polygon("nut", BOX), shape), image("b.jpg", polygon("nut", BOX)))
    word = shape[1 : shape.index(" ")]
    named = "'nut'" if 'label="nut"' in shape else None
    assert refusal(root).startswith(f"{root}/annotations.xml, image 'a.jpg': shape 2 ({word} {named}): {problem}")
    assert len(objects(root, 1)) == 1


@pytest.mark.parametrize(
    ("shape", "problem"),
    [
        (
            raw("box", xtl=1, ytl=2, xbr=8, ybr=9),
            "a box alone does not say which pixels belong to the object; draw it as a",
        ),
        (
            raw("cuboid", xtl1=1),
            "the edges of a cuboid do not say which pixels belong to the object; draw it as a polygon",
        ),
        (
            raw("skeleton", inside=raw("points", points="1,2")),
            "the points of a skeleton do not say which pixels belong to",
        ),
        (raw("polygon", points="1,2;3,4"), "an outline of 2 points; it needs 3 or more"),
        (
            raw("polygon", points="1,2;3,nan;4,5"),
            "points beyond 100000 pixels from the image, or no numbers: [[1.0, 2.0], [3.0, nan]",
        ),
        (raw("polyline", points="1,2"), "a line of 1 point; it needs 2 or more"),
    ],
)
def test_a_shape_without_pixels_costs_itself_and_is_counted(tmp_path, shape, problem):
    root = write(tmp_path, image("a.jpg", shape, polygon("nut", BOX)), image("b.jpg", shape))
    first, second = opened(root).items(tmp_path.name)
    found = opened(root).read(first)
    assert [figure.title for figure in found.figures] == ["nut"]
    (kind,) = found.left_out
    assert kind.endswith(": left out")
    with pytest.raises(
        BadItem, match=re.escape(f"image 'b.jpg': shape 1 ({shape[1 : shape.index(' ')]} 'nut'): {problem}")
    ):
        opened(root).read(second)


def test_every_bad_shape_is_said(tmp_path):
    bad = '<spline label="sign"/>'
    root = write(tmp_path, image("a.jpg", bad, polygon("nut", BOX), *[bad] * 4))
    assert re.search(r"shape 1 \(spline 'sign'\).*; shape 3 .*; shape 4 .*; and 2 more$", refusal(root))


# ---------------------------------------------------------------- labels


def test_classes_are_the_labels_in_their_order_then_those_of_shapes_alone(tmp_path):
    labels = (
        label("tv &amp; set") + label("road", "polyline") + label("click", "points") + label("day", "tag", "#00ff00")
    )
    labels += label("man", "skeleton", more="<svg>x</svg>") + label("eye", "points", more="<parent>man</parent>")
    root = write(
        tmp_path, image("a.jpg", polygon("nut", BOX), '<tag label="wet"/>', polygon("road", BOX)), labels=labels
    )
    meta = opened(root).meta
    assert [(spec.title, spec.shape) for spec in meta.classes] == [
        ("tv & set", "bitmap"),
        ("road", "bitmap"),
        ("click", "point"),
        ("man", "bitmap"),
        ("nut", "bitmap"),
    ]
    assert meta.classes[0].color == "#ff0000"
    assert meta.tags[0].color == "#00ff00"
    assert [tag.name for tag in meta.tags] == ["day", "wet"]


def test_an_old_file_without_types_and_without_meta(tmp_path):
    text = (
        '<annotations><image id="0" name="a.jpg" width="40" height="30">'
        + polygon("nut", BOX)
        + "</image></annotations>"
    )
    root = write(tmp_path, text=text)
    assert opened(root).meta.titles == ("nut",)
    assert len(objects(root)) == 1
    root = write(
        tmp_path / "old", image("a.jpg"), labels="<label><name>nut</name></label><label><name> </name></label>"
    )
    assert [(spec.title, spec.shape) for spec in opened(root).meta.classes] == [("nut", "bitmap")]


# ---------------------------------------------------------------- files and pictures


def test_only_an_image_s_own_bytes_are_read(tmp_path, monkeypatch):
    root = write(tmp_path, *(image(f"{n}.jpg", polygon(f"nüt {n % 3}", BOX)) for n in range(50)))
    project = opened(root)
    items = list(project.items(root.name))
    taken = []
    whole = storage.read_bytes
    monkeypatch.setattr(
        storage, "read_bytes", lambda address, at_most=None: taken.append(address) or whole(address, at_most)
    )
    again = pickle.loads(pickle.dumps(project))
    for item in items:
        (figure,) = again.read(item).figures
        assert figure.title == f"nüt {int(Path(item.file).stem) % 3}"
    parts = [address for address in taken if ".xml" in address]
    assert parts == [label for item in items for label in item.labels]
    assert sum(int(part.rpartition("+")[2]) for part in parts) < (root / "annotations.xml").stat().st_size


@pytest.mark.parametrize("ending", [" />", "/>", "></image>", "></image >", ">\n</image\n>"])
def test_images_without_objects_end_where_they_end(tmp_path, ending):
    empty = f'<image id="1" name="b&gt;>.jpg" width="40" height="30"{ending}'
    root = write(
        tmp_path,
        text=f"<annotations>{empty}{image('a.jpg', polygon('nut', BOX))}{empty.replace('b&gt;', 'c')}</annotations>",
    )
    for name in ("b>>.jpg", "c>.jpg"):
        (root / "images" / name).write_bytes(jpeg(coordinates(SIZE)))
    assert [len(objects(root, number)) for number in range(3)] == [1, 0, 0]
    assert files_of(opened(root), root.name) == ["a.jpg", "b>>.jpg", "c>.jpg"]


def test_a_byte_order_mark_moves_nothing(tmp_path):
    root = write(tmp_path, text="\ufeff" + document(image("ä.jpg", polygon("nut", BOX))))
    assert [title for title, _ in objects(root)] == ["nut"]


@pytest.mark.parametrize(
    ("more", "pictures", "dataset"),
    [
        ("", "images/", "data"),
        ("", "", "data"),
        ('subset="Train" task_id="7"', "images/Train/", "Train"),
        ('subset="Train" task_id="7"', "images/", "Train"),
        ('subset="Train" task_id="7"', "Train/", "Train"),
    ],
)
def test_places_of_pictures(tmp_path, more, pictures, dataset):
    project = opened(write(tmp_path / "data", image("a.jpg", polygon("nut", BOX), more=more), pictures=pictures))
    assert project.datasets == (dataset,)
    (item,) = project.items(dataset)
    assert item.image == f"{tmp_path}/data/{pictures}a.jpg"
    assert len(project.read(item).figures) == 1


def test_subsets_are_datasets(tmp_path):
    images = [image(f"{n}.jpg", more=f'subset="{subset}"') for n, subset in enumerate(("val", "train", "val"))]
    project = opened(write(tmp_path, *images))
    assert {dataset: files_of(project, dataset) for dataset in project.datasets} == {
        "train": ["1.jpg"],
        "val": ["0.jpg", "2.jpg"],
    }


def test_several_files_are_datasets_unless_one_has_the_usual_name(tmp_path):
    root = write(tmp_path, image("a.jpg", polygon("nut", BOX)), file="one.xml")
    write(root, image("b.jpg", more='subset="val"'), file="two.xml")
    (root / "voc.xml").write_text("<annotation></annotation>")
    project = opened(root)
    assert {dataset: files_of(project, dataset) for dataset in project.datasets} == {
        "one": ["a.jpg"],
        "two_val": ["b.jpg"],
    }
    write(root, image("c.jpg"))
    assert files_of(opened(root), root.name) == ["c.jpg"]


def test_frames_of_a_video_are_called_after_their_numbers(tmp_path):
    root = write(tmp_path, image("frame_000000", polygon("nut", BOX)), image("frame_000001"))
    (root / "images").mkdir()
    (root / "images" / "frame_000000.PNG").write_bytes(jpeg(coordinates(SIZE)))
    assert len(objects(root)) == 1
    assert refusal(root, 1).startswith(f"the image {root}/images/frame_000001 does not exist")


def test_pictures_in_folders_and_names_that_meet(tmp_path):
    root = write(tmp_path, image("lot1/a.jpg", polygon("nut", BOX)), image("lot2\\a.jpg"))
    (root / "images/lot2").mkdir()
    (root / "images/lot2/a.jpg").write_bytes(jpeg(coordinates(SIZE)))
    assert files_of(opened(root), root.name) == ["lot1_a.jpg", "lot2_a.jpg"]
    assert [len(objects(root, number)) for number in range(2)] == [1, 0]


def test_an_image_that_is_there_twice_is_refused(tmp_path):
    root = write(tmp_path, image("a.jpg", polygon("nut", BOX)), image("b.jpg"), image("a.jpg"))
    with pytest.raises(SourceError) as caught:
        files_of(opened(root), root.name)
    assert str(caught.value) == (
        f"{root}/annotations.xml has 1 images more than once in {root.name!r}, e.g. 'a.jpg', so their pictures cannot be told "
        "apart; export each task by itself, or give the tasks subsets of their own"
    )


def test_pictures_that_are_not_there(tmp_path):
    root = write(tmp_path, image("a.jpg"), image("b.jpg", polygon("nut", BOX)), image("c.heic"))
    (root / "images/a.jpg").unlink()
    (root / "images/c.heic").write_bytes(b"")
    assert (
        refusal(root)
        == f"the image {root}/images/a.jpg does not exist, which {root}/annotations.xml, image 'a.jpg' is of"
    )
    assert len(objects(root, 1)) == 1
    assert "c.heic ends in '.heic', which is not read" in refusal(root, 2)
    (root / "images/b.jpg").unlink()
    (root / "images/c.heic").unlink()
    with pytest.raises(SourceError) as caught:
        files_of(opened(root), root.name)
    assert str(caught.value) == (
        f"{root} has no picture a.jpg, nor any other of the first 3 that the file lists; looked in {root}/images, {root}. "
        "Export with `Save images`, or put the pictures there"
    )


def test_a_picture_of_another_size_is_refused(tmp_path):
    root = write(tmp_path, image("a.jpg", size=(40, 30)))
    assert refusal(root).startswith(
        "the labels are 30x40 (width x height), the image is 40x30; they must have the same size"
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("<annotations><image name='a.jpg'></annotations>", "is not valid XML: mismatched tag: line 1, column "),
        ("<annotations>" + "<image/>" * 2, ": image 1 has no name: {}"),
        (document().replace("<version>", "<track id='0'/><version>"), "has <track>: it is `CVAT for video 1.1`"),
        (
            document(head='<?xml version="1.0" encoding="iso-8859-1"?>'),
            "is in iso-8859-1; it has to be in UTF-8: save it so",
        ),
        ("<x><annotations></annotations></x>", "begins with <x>; a file of CVAT is <annotations>"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused(tmp_path, text, problem):
    assert f"{tmp_path}/annotations.xml" + (" " if problem[0] != ":" else "") + problem in at_opening(
        write(tmp_path, text=text)
    )


def test_entities_are_refused_before_they_unfold(tmp_path):
    entities = '<!ENTITY a "boom">' + "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    text = f"<!DOCTYPE annotations [{entities}]>" + document(image("a.jpg", polygon("&i;", BOX)), head="")
    assert (
        f"{tmp_path}/annotations.xml declares a document type (<!DOCTYPE>), whose entities could stand for anything"
        in (at_opening(write(tmp_path, text=text)))
    )
    outside = '<!DOCTYPE annotations [<!ENTITY a SYSTEM "file:///etc/hostname">]>' + document(head="")
    assert "declares a document type" in at_opening(write(tmp_path / "outside", text=outside))
    assert "is not valid XML: undefined entity" in at_opening(
        write(tmp_path / "undeclared", image("a.jpg", polygon("&a;", BOX)))
    )


def test_a_file_that_was_changed_since_is_said(tmp_path):
    root = write(tmp_path, image("a.jpg", polygon("nut", BOX)), image("b.jpg"))
    project = opened(root)
    items = list(project.items(root.name))
    longer = document(
        image("a.jpg", polygon("nut", BOX), "<!-- a word -->"), image("b.jpg"), labels=label("a longer one")
    )
    for text, problem in (
        (longer, "is not valid XML where an element <image> was"),
        ("<annotations>", "annotations.xml is cut off"),
        (None, f"{root}/annotations.xml does not exist"),
    ):
        (root / "annotations.xml").unlink()
        if text is not None:
            (root / "annotations.xml").write_text(text)
        with pytest.raises(BadItem, match=problem):
            project.read(items[0])


@pytest.mark.parametrize("text", ["<annotation></annotation>", "<annotationset>", "", "<html>"])
def test_other_xml_is_not_taken_for_it(tmp_path, text):
    (tmp_path / "annotations.xml").write_text(text)
    assert not Cvat.matches(str(tmp_path))
    assert f"{tmp_path} has no annotations.xml of CVAT; export the task" in at_opening(tmp_path, "cvat:")


# ---------------------------------------------------------------- real files


def test_a_real_export_of_a_project():
    root = shared("formats/cvat-images-1.1-masks")
    project = opened(root)
    assert project.datasets == ("default",)
    assert [tag.name for tag in project.meta.tags][:2] == ["Daytime_Clear", "Daytime_Cloudy"]
    first, *boxes = project.items("default")
    found = project.read(first)
    assert [figure.title for figure in found.figures] == ["CAR"] * 8 + ["ROAD_SURFACE"]
    assert found.figures[1].extra == {"attributes": {"occluded": "yes", "truncated": "no"}, "occluded": True}
    assert found.tags == (Tag("Nighttime_Clear"),)
    # A car stands on the road, and not in the sky.
    assert all(figure.shape.bounds[3] > found.size[0] / 3 for figure in found.figures)
    assert found.figures[8].shape.bounds[2:] == (found.size[1], found.size[0])
    for item in boxes:
        found = project.read(item)
        assert found.figures
        assert set(found.left_out) == {"objects that are a box, which does not say which pixels are theirs: left out"}


def test_all_masks_of_a_real_file_fill_their_boxes():
    """Run lengths along rows, the background first: read otherwise they would not add up to tight boxes."""
    from pipelines.sources.cvat import _Document, _mask

    address = str(shared("formats/cvat-images-1.1-masks") / "annotations.full.xml")
    found = tight = 0
    for image in _Document(address).images:
        element = read_element(storage.byte_range(address, image.span[0], image.span[1] - image.span[0]), "image")
        size = int(element.get("height", "")), int(element.get("width", ""))
        for shape in element.iterfind("mask"):
            (bitmap,) = _mask(shape, size)
            left, top, width, height = (int(shape.get(name, "")) for name in ("left", "top", "width", "height"))
            bounds = bitmap.bounds
            assert left <= bounds[0] < bounds[2] <= left + width
            assert top <= bounds[1] < bounds[3] <= top + height
            tight += bounds == (left, top, left + width, top + height)
            found += 1
    # What another object covers is taken out of a mask, and its box stays as it was.
    assert (found, tight) == (245, 233)
