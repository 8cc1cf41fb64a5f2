"""COCO: every form of segmentation becomes the mask it means, wherever the files lie, and each image is read for itself."""

import json
import math
import pickle
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycocotools import mask as coco_masks

from pipelines.formats import storage
from pipelines.formats.left_out import FAR, NO_PIXEL, TOO_FEW_POINTS
from pipelines.sources import bind
from pipelines.sources.base import BadItem, Project, SourceError
from pipelines.sources.coco_objects import BOXES
from pipelines.sources.passed_over import collected
from tests.pipelines.sources.example import Example
from tests.support import chain, coordinates, drawn, jpeg, mask_of, run, shared

SIZE = (40, 60)
CATEGORIES = [{"id": 3, "name": "car"}, {"id": 90, "name": "café"}]


def example(root: Path) -> Example:
    square = [2.0, 2.0, 9.0, 2.0, 9.0, 9.0, 2.0, 9.0]
    document = content([annotation(1, [square]), annotation(2, [square], iscrowd=1)], ("a.jpg", "b.jpg"))
    write(root, document)
    return Example(root, SIZE, {f"{root.name}/a.jpg": ["car", "neutral"], f"{root.name}/b.jpg": []})


def annotation(number: int, segmentation: object, image: int = 1, category: int = 3, **more: object) -> dict:
    return {"id": number, "image_id": image, "category_id": category, "segmentation": segmentation, "iscrowd": 0} | more


def content(annotations: list[dict], files: tuple[str, ...] = ("a.jpg",), categories: list[dict] = CATEGORIES) -> dict:
    images = [{"id": n, "file_name": file, "height": SIZE[0], "width": SIZE[1]} for n, file in enumerate(files, 1)]
    return {"info": {"year": 1}, "images": images, "annotations": annotations, "categories": categories}


def write(root: Path, document: dict | str, where: str = "annotations.json", pictures: str = "images") -> Path:
    """A COCO folder; its pictures are those the document lists, or `a.jpg`."""
    (root / where).parent.mkdir(parents=True, exist_ok=True)
    (root / where).write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    files = [image["file_name"] for image in document["images"]] if isinstance(document, dict) else ["a.jpg"]
    for file in files:
        (root / pictures / file).parent.mkdir(parents=True, exist_ok=True)
        (root / pictures / file).write_bytes(jpeg(coordinates(SIZE)))
    return root


def opened(root: Path, layout: str = "") -> Project:
    return bind([f"P={layout}{root}"])["P"]


def objects(root: Path, number: int = 0) -> list[tuple[str, np.ndarray]]:
    """(class, mask of the whole image) of each object of the number-th image of the only dataset."""
    project = opened(root)
    (dataset,) = project.datasets
    found = project.read(list(project.items(dataset))[number])
    assert found.size == SIZE
    return [(figure.title, drawn(figure.shape, SIZE)) for figure in found.figures]


def mask_at(left: int, top: int, right: int, bottom: int) -> np.ndarray:
    mask = np.zeros(SIZE, bool)
    mask[top:bottom, left:right] = True
    return mask


def compressed(mask: np.ndarray) -> dict:
    code = coco_masks.encode(np.asfortranarray(mask.astype(np.uint8)))
    return {"size": list(SIZE), "counts": code["counts"].decode()}


def runs(mask: np.ndarray) -> dict:
    """Run lengths down the columns, beginning with the background: written out, as an oracle."""
    counts, current = [0], False
    for value in mask.T.ravel().tolist():
        if value != current:
            counts.append(0)
            current = value
        counts[-1] += 1
    return {"size": list(SIZE), "counts": counts}


def outline(left: int, top: int, right: int, bottom: int) -> list[float]:
    return [left, top, right, top, right, bottom, left, bottom]


BOX = (10, 5, 22, 30)


@pytest.mark.parametrize(
    "segmentation",
    [[outline(*BOX)], compressed(mask_at(*BOX)), runs(mask_at(*BOX))],
    ids=["polygon", "compressed", "runs"],
)
def test_every_form_gives_the_same_mask(tmp_path, segmentation):
    ((title, mask),) = objects(write(tmp_path, content([annotation(1, segmentation)])))
    assert title == "car"
    assert np.array_equal(mask, mask_at(*BOX))


def test_an_object_of_several_parts_stays_one_object(tmp_path):
    parts = [outline(2, 2, 12, 12), outline(8, 8, 20, 20), outline(40, 30, 50, 38)]
    ((_, mask),) = objects(write(tmp_path, content([annotation(1, parts)])))
    assert np.array_equal(mask, mask_at(2, 2, 12, 12) | mask_at(8, 8, 20, 20) | mask_at(40, 30, 50, 38))


def test_polygons_may_leave_the_image_and_thin_ones_may_vanish(tmp_path):
    document = content([annotation(1, [outline(-5, 35, 70, 50)]), annotation(2, [[5, 5, 5.1, 5.1, 5.2, 5.1]])])
    ((_, mask),) = objects(write(tmp_path, document))
    assert np.array_equal(mask, mask_at(0, 35, 60, 40))


def test_a_crowd_is_neutral(tmp_path):
    document = content([annotation(1, runs(mask_at(*BOX)), iscrowd=1), annotation(2, [outline(*BOX)], iscrowd=False)])
    root = write(tmp_path, document)
    assert [title for title, _ in objects(root)] == ["neutral", "car"]
    assert [(spec.title, spec.shape) for spec in opened(root).meta.classes] == [
        ("car", "bitmap"),
        ("café", "bitmap"),
        ("neutral", "bitmap"),
    ]


@given(st.integers(0, 2**32 - 1))
def test_masks_come_back_as_they_were_written(tmp_path_factory, seed):
    rng = np.random.default_rng(seed)
    masks = [rng.random(SIZE) < rng.random() for _ in range(3)]
    document = content([annotation(n, (compressed, runs)[n % 2](mask)) for n, mask in enumerate(masks)])
    found = objects(write(tmp_path_factory.mktemp("coco"), document))
    expected = [mask for mask in masks if mask.any()]
    assert len(found) == len(expected)
    assert all(np.array_equal(mask, other) for (_, mask), other in zip(found, expected, strict=True))


def test_each_image_gets_its_own_annotations_in_their_order(tmp_path):
    boxes = [(n, n, n + 10, n + 10) for n in range(6)]
    owners = [2, 1, 1, 2, 2, 1]
    annotations = [annotation(n, [outline(*box)], owners[n]) for n, box in enumerate(boxes)]
    root = write(
        tmp_path, content([*annotations, annotation(9, [outline(0, 0, 5, 5)], 77)], ("b.jpg", "a.jpg", "c.jpg"))
    )
    of = {file: number for number, file in enumerate(("a.jpg", "b.jpg", "c.jpg"))}
    for file, owner in (("b.jpg", 1), ("a.jpg", 2), ("c.jpg", 3)):
        expected = [mask_at(*box) for box, own in zip(boxes, owners, strict=True) if own == owner]
        found = [mask for _, mask in objects(root, of[file])]
        assert np.array_equal(np.array(found), np.array(expected)) or not (found or expected)


def test_only_an_image_s_own_bytes_are_read(tmp_path, monkeypatch):
    many = [annotation(n, [outline(*BOX)], 1 + n % 2) for n in range(200)]
    project = opened(write(tmp_path, content(sorted(many, key=lambda a: a["image_id"]), ("a.jpg", "b.jpg"))))
    (first, second) = project.items(tmp_path.name)
    assert len(first.labels) == 2  # the image, and its annotations in one piece
    read = []
    whole = storage.read_bytes
    monkeypatch.setattr(
        storage, "read_bytes", lambda address, at_most=None: read.append(address) or whole(address, at_most)
    )
    assert len(pickle.loads(pickle.dumps(project)).read(second).figures) == 100
    assert [address for address in read if ".json" in address] == list(second.labels)


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_names_in_any_writing(tmp_path, indent, ascii_only):
    document = content([annotation(1, [outline(*BOX)], category=90)], ("日本 ü.jpg",))
    text = json.dumps(document, ensure_ascii=ascii_only, indent=indent)
    write(tmp_path, document)
    (tmp_path / "annotations.json").write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert [item.file for item in opened(tmp_path).items(tmp_path.name)] == ["日本 ü.jpg"]
    assert [title for title, _ in objects(tmp_path)] == ["café"]


@pytest.mark.parametrize(
    ("where", "pictures", "dataset"),
    [
        ("annotations.json", "images", "coco"),
        ("annotations.json", "", "coco"),
        ("things.json", "things", "things"),
        ("instances_train.json", "train", "train"),
        ("annotations/instances_train2017.json", "train2017", "train2017"),
        ("annotations/instances_train2017.json", "images/train2017", "train2017"),
        ("annotations/instances_train2017.json", "images", "train2017"),
    ],
)
def test_places_of_the_files(tmp_path, where, pictures, dataset):
    root = write(tmp_path / "coco", content([annotation(1, [outline(*BOX)])]), where, pictures)
    project = opened(root)
    assert (project.layout, project.datasets) == ("coco", (dataset,))
    (item,) = project.items(dataset)
    assert item.image == f"{root}/{pictures}/a.jpg".replace("//", "/")


def test_several_files_are_datasets_with_classes_of_their_own_numbers(tmp_path):
    write(tmp_path, content([annotation(1, [outline(*BOX)])], ("a.jpg",)), "annotations/instances_a.json", "a")
    other = content([annotation(1, [outline(*BOX)])], ("b.jpg",), [{"id": 3, "name": "dog"}])
    write(tmp_path, other, "annotations/instances_b.json", "b")
    (tmp_path / "annotations" / "captions_a.json").write_text(json.dumps(content([])))
    project = opened(tmp_path)
    assert project.datasets == ("a", "b")
    assert project.meta.titles == ("car", "café", "dog", "neutral")
    titles = [project.read(item).figures[0].title for dataset in project.datasets for item in project.items(dataset)]
    assert titles == ["car", "dog"]


def test_pictures_of_one_name_are_told_apart_by_their_folders(tmp_path):
    root = write(tmp_path, content([], ("x/1.jpg", "y/1.jpg")))
    assert [item.file for item in opened(root).items(tmp_path.name)] == ["x_1.jpg", "y_1.jpg"]
    root = write(tmp_path / "other", content([], ("x/1.jpg", "y/2.jpg")))
    assert [item.file for item in opened(root).items("other")] == ["1.jpg", "2.jpg"]


BAD_ITEMS = [
    (
        annotation(7, []),
        "the annotation 7 has no segmentation; a box alone does not say which pixels belong to the object",
    ),
    (
        annotation(7, [[1, 2, 3, 4]]),
        "the annotation 7 has a polygon of 4 numbers; it needs x and y of 3 or more points",
    ),
    (annotation(7, [[1, 2, 3, 4, 5, 6, 7]]), "the annotation 7 has a polygon of 7 numbers"),
    (annotation(7, [outline(*BOX)], category=5), "the annotation 7 has the category 5, which "),
    (
        annotation(7, {"size": [60, 40], "counts": "x"}),
        "the annotation 7 has a mask of 40x60 (width x height), the image is 60x40",
    ),
    (
        annotation(7, {"size": [40, 60], "counts": [5, 5]}),
        "the annotation 7 has runs of 10 pixels in all, the image has 2400 (60x40)",
    ),
    (
        annotation(7, {"counts": [2400]}),
        'the annotation 7 has a segmentation that is neither a list of polygons nor {"size", "counts"}',
    ),
    (
        annotation(7, "text"),
        'the annotation 7 has a segmentation that is neither a list of polygons nor {"size", "counts"}',
    ),
    (annotation(7, {"size": [40, 60], "counts": "!!"}), "the annotation 7 has"),
]


@pytest.mark.parametrize(("bad", "message"), BAD_ITEMS, ids=str)
def test_what_is_wrong_with_an_object_is_said(tmp_path, bad, message):
    with pytest.raises(BadItem, match="^" + re.escape(message)):
        objects(write(tmp_path, content([bad])))


@pytest.mark.parametrize(
    ("bad", "kind"),
    [
        (annotation(7, []), BOXES),
        (annotation(7, None), BOXES),
        (annotation(7, [[1, 2, 3, 4]]), TOO_FEW_POINTS),
        (annotation(7, [[5, 5, 5.1, 5.1, 5.2, 5.1]]), NO_PIXEL),
        *(
            (annotation(7, [[1, 2, 9, 2, 9, place]]), FAR)
            for place in (math.nan, -math.inf, 1e308, 1e6, 10**12, 10**400)
        ),
    ],
    ids=lambda value: str(value)[:60],
)
def test_an_object_without_pixels_costs_itself_and_is_counted(tmp_path, bad, kind):
    root = write(tmp_path, content([annotation(1, [outline(*BOX)]), bad]))
    project = opened(root)
    (item,) = project.items(tmp_path.name)
    found = project.read(item)
    assert [figure.title for figure in found.figures] == ["car"]
    assert found.left_out == (kind,)
    assert run(chain(), {"P": project}).counts["data $0"].left_out == {kind: 1}


def test_a_part_that_is_no_outline_costs_that_part(tmp_path):
    ((_, mask),) = objects(write(tmp_path, content([annotation(1, [outline(*BOX), [20, 20, 22, 22]])])))
    assert np.array_equal(mask, mask_at(*BOX))


@pytest.mark.parametrize(
    ("value", "crowd"),
    [("0", False), ("1", True), (False, False), (True, True), (None, False), (0, False), (1, True), ("false", False)],
)
def test_what_says_that_an_object_is_a_crowd(tmp_path, value, crowd):
    ((title, _),) = objects(write(tmp_path, content([annotation(1, [outline(*BOX)], iscrowd=value)])))
    assert title == ("neutral" if crowd else "car")


@pytest.mark.parametrize(("image", "owner"), [("1", 1), (1, "1"), (1, 1.0)])
def test_numbers_and_texts_of_numbers_are_the_same_ids(tmp_path, image, owner):
    document = content([annotation(1, [outline(*BOX)], owner, "3")])
    document["images"][0]["id"] = image
    ((title, _),) = objects(write(tmp_path, document))
    assert title == "car"


def passed_over(root: Path) -> tuple[list[str], dict[str, int]]:
    project = opened(root)
    with collected() as found:
        return [item.file for item in project.items(project.datasets[0])], dict(found)


def test_annotations_of_images_that_are_not_listed_are_counted(tmp_path):
    document = content([annotation(1, [outline(*BOX)], 77), annotation(2, [outline(*BOX)], None)])
    root = write(tmp_path, document)
    assert passed_over(root) == (["a.jpg"], {"annotations of images that are not listed: passed over": 2})


def test_two_entries_of_one_file_are_one_image_with_the_objects_of_both(tmp_path):
    document = content([annotation(1, [outline(*BOX)], 2), annotation(2, [outline(1, 1, 5, 5)], 1)], ("a.jpg", "a.jpg"))
    root = write(tmp_path, document)
    files, said = passed_over(root)
    assert (files, said) == (
        ["a.jpg"],
        {"entries of a file that another entry has, too: their objects are put together": 1},
    )
    assert [int(mask.sum()) for _, mask in objects(root)] == [16, 300]


def test_a_name_that_a_path_would_become_is_no_other_image_s(tmp_path):
    with pytest.raises(
        SourceError, match=r"a/1\.jpg and a_1\.jpg would both be the image 'a_1\.jpg'; rename one of them"
    ):
        passed_over(write(tmp_path, content([], ("a/1.jpg", "a_1.jpg", "b/1.jpg"))))


@pytest.mark.parametrize("name", ["x\\a.jpg", "./x/a.jpg"])
def test_paths_as_other_machines_write_them(tmp_path, name):
    document = content([annotation(1, [outline(*BOX)])], ("x/a.jpg",))
    root = write(tmp_path / "lot #3 %20", document)
    document["images"][0]["file_name"] = name
    (root / "annotations.json").write_text(json.dumps(document))
    assert [title for title, _ in objects(root)] == ["car"]


def test_the_address_of_a_picture_where_it_has_no_name(tmp_path):
    document = content([annotation(1, [outline(*BOX)])], ("a b.jpg",))
    root = write(tmp_path, document)
    document["images"][0] |= {"file_name": None, "coco_url": "http://images.org/train/a%20b.jpg?size=3"}
    (root / "annotations.json").write_text(json.dumps(document))
    assert passed_over(root)[0] == ["a b.jpg"]


def test_the_folder_of_fiftyone(tmp_path):
    root = write(tmp_path / "fo", content([annotation(1, [outline(*BOX)])]), "labels.json", "data")
    assert opened(root).datasets == ("fo",)
    assert [title for title, _ in objects(root)] == ["car"]


def test_of_several_datasets_those_with_pictures_are_named(tmp_path):
    write(tmp_path, content([], ("a.jpg",)), "annotations/instances_train.json", "gone")
    write(tmp_path, content([], ("b.jpg",)), "annotations/instances_val.json", "val")
    with pytest.raises(SourceError, match=r"has no picture a\.jpg, .*\. To read the others only, name them: P/val$"):
        list(opened(tmp_path).items("train"))


def test_panoptic_annotations_are_answered_in_words(tmp_path):
    document = content([])
    document["annotations"] = [{"image_id": 1, "file_name": "a.png", "segments_info": [{"id": 9, "category_id": 3}]}]
    with pytest.raises(
        SourceError, match=r"is COCO panoptic, whose masks are PNG files of their own, and is not read; take the"
    ):
        passed_over(write(tmp_path, document))


def test_a_picture_of_another_size_is_refused(tmp_path):
    root = write(tmp_path, content([]))
    (root / "images" / "a.jpg").write_bytes(jpeg(coordinates((20, 60))))
    with pytest.raises(BadItem, match=re.escape("the labels are 60x40 (width x height), the image is 60x20")):
        objects(root)


def test_a_missing_picture_costs_that_image(tmp_path):
    project = opened(write(tmp_path, content([], ("a.jpg", "b.jpg"))))
    (tmp_path / "images" / "b.jpg").unlink()
    first, second = project.items(tmp_path.name)
    assert project.read(first).figures == ()
    with pytest.raises(BadItem, match=re.escape(f"the image {tmp_path}/images/b.jpg does not exist")):
        project.read(second)


TEXT = json.dumps(content([annotation(1, [outline(*BOX)])]))
BAD_FILES = [
    (TEXT[:-1], f"is not valid JSON at byte {len(TEXT) - 1} of {len(TEXT) - 1}: ',' is expected"),
    (TEXT[:150], "is not valid JSON at byte 1"),
    (
        TEXT.replace('"categories"', '"classes"'),
        "lacks categories; a COCO file has the lists images, annotations, categories",
    ),
    (TEXT.replace('"name": "car"', '"title": "car"'), 'a category needs a number "id" and a "name"; found {\'id\': 3}'),
    ('{"images": [1]}', "an object is expected, found 1"),
]


@pytest.mark.parametrize(("text", "message"), BAD_FILES, ids=range(len(BAD_FILES)))
def test_what_is_wrong_with_a_file_is_said(tmp_path, text, message):
    with pytest.raises(SourceError, match=re.escape(message)):
        opened(write(tmp_path, text))


def test_text_that_is_not_utf8_is_said(tmp_path):
    write(tmp_path, content([]))
    (tmp_path / "annotations.json").write_bytes(json.dumps(content([]), ensure_ascii=False).encode("latin-1"))
    with pytest.raises(SourceError, match=r"annotations\.json has text that is not UTF-8"):
        opened(tmp_path)


def test_images_without_names_and_pictures_nowhere_are_said(tmp_path):
    document = content([])
    document["images"][0].pop("id")
    with pytest.raises(SourceError, match='an image needs an "id" of its own and a "file_name"'):
        list(opened(write(tmp_path / "a", document)).items("a"))
    root = write(tmp_path / "b", content([]), pictures="elsewhere")
    with pytest.raises(
        SourceError,
        match=re.escape(
            f"{root} has no picture a.jpg, nor any other of the first 1 that 'b' lists; looked in {root}/images"
        ),
    ):
        list(opened(root).items("b"))


def test_a_folder_without_instances_is_said_when_it_is_insisted_on(tmp_path):
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(SourceError, match="has no COCO instances: a JSON file with"):
        opened(tmp_path, "coco:")


def test_real_objects_have_the_areas_they_should():
    location = shared("data/coco-person")
    project = opened(location)
    assert project.datasets == ("coco-person",)
    listed = json.loads((location / "annotations.json").read_text())
    area = {entry["image_id"]: entry["area"] for entry in listed["annotations"]}
    items = list(project.items("coco-person"))
    assert len(items) == len(listed["images"]) > 900
    for item in items[::50]:
        (figure,) = project.read(item).figures
        assert figure.shape.area == pytest.approx(area[int(item.file.split(".")[0])], rel=0.1)


def test_the_helper_masks_are_what_they_seem():
    assert runs(mask_at(0, 0, 1, 1))["counts"] == [0, 1, 2399]
    assert mask_of("#.").tolist() == [[True, False]]


LICENCES = [
    {"id": 1, "name": "CC BY-NC 4.0", "url": "http://licences.org/by-nc"},
    {"id": 2, "name": "Lizenz für alle", "url": ""},
    {"id": 3, "url": "http://licences.org/zero"},
    {"id": 4, "name": "nobody's"},
]


def licensed(root: Path, numbers: list[object], licences: object = LICENCES) -> Project:
    """A folder with an image for each of the licence numbers; None for an image without one."""
    document = content([], tuple(f"{number}.jpg" for number in range(len(numbers))))
    for image, number in zip(document["images"], numbers, strict=True):
        image |= {} if number is None else {"license": number}
    return opened(write(root, document | {"licenses": licences}))


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ([1, 1], ("CC BY-NC 4.0 (http://licences.org/by-nc)",)),
        ([3, 2, 3], ("Lizenz für alle", "http://licences.org/zero")),
        ([2, None], ("Lizenz für alle", "not stated")),
        ([2, 77], ("Lizenz für alle", "not stated")),
        ([77, 78], ()),
        (
            [None, None],
            ("CC BY-NC 4.0 (http://licences.org/by-nc)", "Lizenz für alle", "http://licences.org/zero", "nobody's"),
        ),
    ],
)
def test_the_licences_are_those_that_the_images_refer_to(tmp_path, numbers, expected):
    project = licensed(tmp_path / "d", numbers)
    assert project.licences(project.datasets) == expected


@pytest.mark.parametrize("licences", [[], [{"id": 1, "name": "", "url": ""}], ["CC0"], "CC0", {"id": 1}, None])
def test_a_list_of_licences_that_says_nothing_is_no_error(tmp_path, licences):
    project = licensed(tmp_path / "d", [1, 1], licences)
    assert project.licences(project.datasets) == ()
    assert len(list(project.items("d"))) == 2


def test_only_the_datasets_that_are_used_count(tmp_path):
    for name, number in (("train", 2), ("val", 4)):
        document = content([])
        document["images"][0]["license"] = number
        write(tmp_path, document | {"licenses": LICENCES}, f"annotations/instances_{name}.json")
    project = opened(tmp_path)
    assert project.licences(["val"]) == ("nobody's",)
    assert project.licences(["train", "val"]) == ("Lizenz für alle", "nobody's")
    assert pickle.loads(pickle.dumps(project)).licences(["val"]) == ("nobody's",)
