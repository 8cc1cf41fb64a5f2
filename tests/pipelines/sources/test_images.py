"""Plain pictures: they are found where there is nothing else, and have no objects."""

import re
from pathlib import Path

import numpy as np
import pytest

from pipelines.sources import bind
from pipelines.sources.base import BadItem, Project, SourceError
from tests.pipelines.sources.example import Example
from tests.support import chain, coordinates, jpeg, png, run, tiny_project, write_tiny_voc


def example(root: Path) -> Example:
    return Example(write(root, "a.jpg", "more/b.png"), (20, 30), {f"{root.name}/a.jpg": [], "more/b.png": []})


def write(root: Path, *files: str) -> Path:
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        is_picture = file.lower().endswith((".jpg", ".png"))
        (root / file).write_bytes(
            (png if file.endswith("png") else jpeg)(coordinates((20, 30))) if is_picture else b"x"
        )
    return root


def opened(root: Path | str, layout: str = "") -> Project:
    return bind([f"P={layout}{root}"])["P"]


@pytest.mark.parametrize(
    ("files", "datasets"),
    [
        (("b.jpg", "a.PNG"), ("data",)),
        (("x/a.jpg", "y/b.png"), ("x", "y")),
        (("a.jpg", "y/b.png"), ("data", "y")),
        (("a.jpg", ".DS_Store", "README.md"), ("data",)),
    ],
)
def test_datasets_are_folders(tmp_path, files, datasets):
    project = opened(write(tmp_path / "data", *files))
    assert (project.layout, project.datasets, project.meta.classes) == ("images", datasets, ())


def test_pictures_come_sorted_with_their_size_and_no_objects(tmp_path):
    project = opened(write(tmp_path, "b.jpg", "a.png"))
    items = list(project.items(tmp_path.name))
    assert [item.file for item in items] == ["a.png", "b.jpg"]
    assert [project.read(item).size for item in items] == [(20, 30), (20, 30)]
    assert [project.read(item).figures for item in items] == [(), ()]


def test_a_graph_runs_on_them(tmp_path):
    project = {"P": opened(write(tmp_path, "a.png"))}
    (sample,) = run(chain(("flip", {"axis": "vertical"})), project).samples
    assert sample.image.uri == f"{tmp_path}/a.png"
    assert sample.dataset == tmp_path.name


@pytest.mark.parametrize("other", ["labels.csv", "Annotations/a.xml", "y/b.xml", "deep/er/a.jpg", "empty/.keep"])
def test_what_may_hold_labels_is_not_taken_for_plain_pictures(tmp_path, other):
    root = write(tmp_path / "data", "x/a.jpg", other)
    if other != "empty/.keep":
        with pytest.raises(
            SourceError, match=re.escape(f"{root} has none of the known layouts; found in it: ")
        ) as caught:
            opened(root)
        assert "images (pictures and nothing else; NAME=images:LOCATION takes the pictures of any folder)" in str(
            caught.value
        )
    assert opened(root, "images:").datasets == ("x",)


def test_labelled_layouts_come_first(tmp_path):
    devkit = tmp_path / "VOCdevkit"
    write_tiny_voc(devkit / "VOC2012")
    write(devkit / "previews", "a.jpg")
    assert opened(devkit).layout == "voc"
    tiny_project(tmp_path / "sly" / "inner")
    write(tmp_path / "sly", "screenshot.png")
    assert opened(tmp_path / "sly").layout == "supervisely"


def test_a_folder_of_its_parent_s_name_is_refused(tmp_path):
    root = write(tmp_path / "cats", "a.jpg", "cats/b.jpg")
    with pytest.raises(
        SourceError, match="has pictures itself and in a folder of the same name 'cats'; rename one of the two"
    ):
        opened(root)


def test_no_picture_is_said_when_it_is_insisted_on(tmp_path):
    with pytest.raises(SourceError, match=re.escape(f"{tmp_path} has no pictures (.jpg, .jpeg, ")):
        opened(tmp_path, "images:")


def test_the_dataset_of_the_working_folder_is_called_after_the_project(tmp_path, monkeypatch):
    write(tmp_path, "a.jpg")
    monkeypatch.chdir(tmp_path)
    assert opened(".").datasets == ("P",)


def test_a_broken_picture_costs_itself_alone(tmp_path):
    project = opened(write(tmp_path, "a.jpg", "b.jpg"))
    (tmp_path / "b.jpg").write_bytes(np.zeros(9, np.uint8).tobytes())
    first, second = project.items(tmp_path.name)
    assert project.read(first).size == (20, 30)
    with pytest.raises(BadItem, match="the image cannot be read: no known image format"):
        project.read(second)
