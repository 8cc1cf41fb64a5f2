"""Supervisely project folders, current and old, and what can be wrong with an item."""

import json
import re
import shutil
from pathlib import Path

import pytest

from pipelines.sources import SourceError
from pipelines.sources.base import BadItem
from pipelines.sources.passed_over import collected
from pipelines.sources.supervisely import Supervisely
from tests.pipelines.sources.example import Example
from tests.support import chain, coordinates, png, run, tiny_project, tiny_sample


def example(root: Path) -> Example:
    titles = ["bitmap", "line", "point", "polygon", "rectangle"]
    return Example(
        tiny_project(root, images=2),
        (40, 60),
        {"ds/image0.png": titles, "ds/image1.png": titles},
        {"ds/image1.png": ["night"]},
    )


@pytest.fixture
def root(tmp_path):
    return tiny_project(tmp_path / "project")


def read(root, number: int = 0):
    project = Supervisely.open("P", str(root))
    return project.read(list(project.items("ds"))[number])


def test_figures_and_tags_are_read(root):
    assert read(root).figures == tiny_sample().figures
    assert [tag.name for tag in read(root, 1).tags] == ["night"]


def test_datasets_are_folders_with_pictures(root):
    (root / "empty" / "img").mkdir(parents=True)
    (root / "notes").mkdir()
    (root / "other" / "img").mkdir(parents=True)
    (root / "other" / "img" / "x.png").write_bytes(png(coordinates((4, 4))))
    assert Supervisely.open("P", str(root)).datasets == ("ds", "other")


def test_an_annotation_named_after_the_stem(root):
    (root / "ds" / "ann" / "image0.png.json").rename(root / "ds" / "ann" / "image0.json")
    assert read(root).figures == tiny_sample().figures


def test_an_image_without_annotation_has_no_objects(root):
    (root / "ds" / "ann" / "image0.png.json").unlink()
    found = read(root)
    assert found.figures == ()
    assert found.size == (40, 60)


def test_other_files_beside_the_pictures_are_left_out(root):
    (root / "ds" / "img" / "Thumbs.db").write_bytes(b"")
    (root / "ds" / "img" / "image9.JPEG").write_bytes(png(coordinates((4, 4))))
    assert [item.file for item in Supervisely.open("P", str(root)).items("ds")] == [
        "image0.png", "image1.png", "image2.png", "image9.JPEG",
    ]  # fmt: skip


def test_the_oldest_form_of_the_meta_counts_where_it_lies(root):
    (root / "classes.json").write_text(json.dumps([{"title": "only", "shape": "point"}]))
    assert Supervisely.open("P", str(root)).meta.titles == ("only",)


def test_what_is_wrong_with_a_project(root):
    (root / "meta.json").write_text('{"classes": 5}')
    with pytest.raises(
        SourceError, match=r'meta\.json: a project meta is an object with a list "classes"; this one has none'
    ):
        Supervisely.open("P", str(root))
    (root / "meta.json").write_text("{")
    with pytest.raises(SourceError, match=r"meta\.json: Expecting property name"):
        Supervisely.open("P", str(root))
    (root / "meta.json").unlink()
    with pytest.raises(
        SourceError, match=r"has no meta\.json; a Supervisely project has meta\.json and <dataset>/img, <dataset>/ann"
    ):
        Supervisely.open("P", str(root))


def test_a_project_without_pictures(tmp_path):
    (tmp_path / "meta.json").write_text('{"classes": []}')
    with pytest.raises(SourceError, match="has no dataset: no folder in it has pictures in a folder img"):
        Supervisely.open("P", str(tmp_path))


def test_what_is_wrong_with_an_item(root):
    address = root / "ds" / "ann" / "image0.png.json"
    good = json.loads(address.read_text())

    def problem(content: object) -> str:
        address.write_text(content if isinstance(content, str) else json.dumps(content))
        with pytest.raises(BadItem) as caught:
            read(root)
        return str(caught.value)

    found = problem("{")
    assert found.startswith(
        f"the annotation {address} is not as the format asks: Expecting property name enclosed in double quotes"
    )
    assert problem(good | {"size": {"height": 41, "width": 60}}) == (
        "the labels are 60x41 (width x height), the image is 60x40; they must have the same size"
    )
    found = problem(good | {"objects": [{"classTitle": "polgon"}]})
    assert found == (
        f"an object is of class 'polgon', which the project's meta does not list (did you mean 'polygon'?) ({address})"
    )
    assert "is not as the format asks" in problem(
        good | {"objects": [{"classTitle": "line", "points": {"exterior": [[1, 2], ["x", 4]]}}]}
    )
    broken_mask = {"classTitle": "bitmap", "bitmap": {"origin": [0, 0], "data": "???"}}
    assert "bitmap data is not base64 of a zlib stream" in problem(good | {"objects": [broken_mask]})


def items_of(root, dataset="ds"):
    with collected() as found:
        return [item.file for item in Supervisely.open("P", str(root)).items(dataset)], dict(found)


def test_pictures_of_other_kinds_are_said_and_other_files_counted(root):
    for name in ("b.jfif", "c.GIF", "d.xyz", "e.XYZ"):
        (root / "ds" / "img" / name).write_bytes(b"x")
    assert items_of(root) == (
        ["b.jfif", "c.GIF", "image0.png", "image1.png", "image2.png"],
        {"files in img that end in .xyz: passed over, they are no pictures": 2},
    )
    with pytest.raises(BadItem, match=r"b\.jfif ends in '\.jfif', which is not read; .* rename it to \.jpg"):
        read(root)


def test_datasets_inside_of_datasets(root):
    shutil.copytree(root / "ds", root / "ds" / "datasets" / "inner")
    shutil.copytree(root / "ds", root / "outer" / "datasets" / "x" / "datasets" / "y")
    project = Supervisely.open("P", str(root))
    assert project.datasets == ("ds", "ds/inner", "outer/x/y", "outer/x/y/inner")
    assert [project.read(item).figures for item in project.items("ds/inner")] == [tiny_sample().figures] * 3
    found = run(chain(source="P/ds/inner"), {"P": project})
    assert [sample.dataset for sample in found.samples] == ["ds__inner"] * 3
    assert len(run(chain(), {"P": project}).samples) == 12


def anything(root, *objects: dict, classes: list[dict] | None = None):
    meta = {
        "classes": classes
        or [{"title": "thing", "shape": "any", "color": "#00FF00"}, {"title": "car", "shape": "bitmap"}]
    }
    (root / "meta.json").write_text(json.dumps(meta | {"tags": None}))
    for number in range(3):
        content = {"size": {"height": 40, "width": 60}, "objects": objects if not number else [], "tags": None}
        (root / "ds" / "ann" / f"image{number}.png.json").write_text(json.dumps(content))
    return Supervisely.open("P", str(root))


def thing(kind: str, *points: list[int], key: str = "geometryType") -> dict:
    return {"classTitle": "thing", key: kind, "points": {"exterior": points, "interior": []}}


def test_objects_of_a_class_of_any_shape_are_what_they_say(root):
    polygon, line = thing("polygon", [1, 1], [9, 1], [9, 7]), thing("line", [1, 1], [9, 1], key="shape")
    project = anything(root, polygon)
    spec = project.meta.classes[0]
    assert (spec.title, spec.shape, spec.color) == ("thing", "polygon", "#00ff00")
    assert [figure.title for figure in read(root).figures] == ["thing"]
    project = anything(root, line, polygon, {"classTitle": "thing", "geometryType": "graph", "nodes": {}})
    assert [(spec.title, spec.shape) for spec in project.meta.classes] == [
        ("thing", "polygon"),
        ("thing (line)", "line"),
        ("car", "bitmap"),
    ]
    found = read(root)
    assert [(figure.title, figure.shape.kind) for figure in found.figures] == [
        ("thing (line)", "line"),
        ("thing", "polygon"),
    ]
    assert len(found.left_out) == 1
    assert len(run(chain(), {"P": project}).samples) == 3


def test_a_class_of_any_shape_whose_parts_have_no_name_left(root):
    classes = [{"title": "thing", "shape": "any"}, {"title": "thing (line)", "shape": "line"}]
    with pytest.raises(
        SourceError, match=r"so its lines would be 'thing \(line\)', a class that is there, too; rename it"
    ):
        anything(root, thing("line", [1, 1], [9, 1]), thing("polygon", [1, 1], [9, 1], [9, 7]), classes=classes)


def test_shapes_that_are_not_read_cost_their_objects_alone(root):
    classes = [{"title": "thing", "shape": "cuboid"}, {"title": "car", "shape": "rectangle"}]
    car = thing("rectangle", [1, 1], [9, 9]) | {"classTitle": "car"}
    project = anything(root, thing("cuboid"), car, classes=classes)
    result = run(chain(mapping={"thing": "__ignore__", "car": "__default__"}), {"P": project})
    assert [figure.title for figure in result.samples[0].figures] == ["car"]
    assert result.counts["data $0"].left_out == {
        "objects of class 'thing', of the shape 'cuboid', which no action can change: left out": 1
    }


def test_projects_of_videos_are_named(root):
    (root / "meta.json").write_text('{"classes": [], "projectType": "videos"}')
    with pytest.raises(
        SourceError, match=r"it is a project of videos; only projects of images are read: export the frames"
    ):
        Supervisely.open("P", str(root))


def test_a_meta_from_a_windows_editor(root):
    text = (root / "meta.json").read_text()
    (root / "meta.json").write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert read(root).figures
    (root / "meta.json").write_bytes(text.encode("utf-16"))
    with pytest.raises(SourceError, match=r"meta\.json is UTF-16; save it as UTF-8"):
        read(root)


def test_a_picture_that_is_cut_off_in_its_head(root):
    (root / "ds" / "img" / "image0.png").write_bytes(png(coordinates((40, 60)))[:20])
    with pytest.raises(BadItem, match=re.escape("image0.png, 20 bytes)")):
        read(root)
