"""Names bound to places: the layout is found out or given, and all problems come at once."""

import re

import pytest

from pipelines.origin import Selection
from pipelines.sources import LAYOUTS, SourceError, bind, layout_words, list_items, result_datasets
from pipelines.sources.binding import open_project
from tests.pipelines.sources.test_mapillary import instances
from tests.support import tiny_project, voc_masks, write_mapillary, write_voc


@pytest.fixture
def places(tmp_path):
    return {
        "voc": write_voc(tmp_path / "voc", {"a": voc_masks()}),
        "mapillary": write_mapillary(tmp_path / "vistas", {"a": instances()}),
        "supervisely": tiny_project(tmp_path / "project"),
    }


def test_layouts_are_found_out(places):
    for layout, place in places.items():
        assert open_project("P", str(place)).layout == layout
        assert open_project("P", f"{place}/").location == str(place)


def test_only_the_right_layout_recognises_a_place(places):
    for layout, place in places.items():
        assert [name for name, kind in LAYOUTS.items() if kind.matches(str(place))] == [layout]


def test_a_layout_can_be_given(places):
    assert open_project("P", f"voc:{places['voc']}").layout == "voc"
    with pytest.raises(SourceError, match="has no folder JPEGImages; a VOC project has"):
        open_project("P", f"voc:{places['supervisely']}")


def test_a_project_one_folder_down(places, tmp_path):
    nested = tmp_path / "VOCdevkit"
    nested.mkdir()
    places["voc"].rename(nested / "VOC2012")
    assert open_project("P", str(nested)).location == f"{nested}/VOC2012"


def test_several_projects_below_are_named(places, tmp_path):
    with pytest.raises(SourceError, match=r"holds several projects: .*/project, .*/vistas, .*/voc; name one of them"):
        open_project("P", str(tmp_path))


def test_all_problems_at_once(places, tmp_path):
    (tmp_path / "nothing").mkdir()
    (tmp_path / "nothing" / "readme.txt").write_text("")
    bindings = [
        f"P={places['voc']}",
        "Q",
        "=x",
        "R=",
        f"P={places['voc']}",
        f"S={tmp_path}/missing",
        f"T={tmp_path}/nothing",
        f"U=vok:{places['voc']}",
    ]
    with pytest.raises(SourceError) as caught:
        bind(bindings)
    expected = [
        "--project Q: found no NAME=LOCATION; write e.g. --project PascalVOC=data/VOC2012",
        "--project =x: found no NAME=LOCATION; write e.g.",
        "--project R=: found no NAME=LOCATION; write e.g.",
        f"--project P={places['voc']}: the project 'P' is given twice",
        f"--project S={tmp_path}/missing: {tmp_path}/missing does not exist",
        f"--project T={tmp_path}/nothing: {tmp_path}/nothing has none of the known layouts; found in it: "
        f"readme.txt. Known: {layout_words()[0]} ({LAYOUTS[layout_words()[0]].recognised_by}",
        f"--project U=vok:{places['voc']}: there is no layout 'vok' (did you mean 'voc'?); the layouts are "
        f"{', '.join(layout_words())}",
    ]
    found = str(caught.value).splitlines()
    assert len(found) == len(expected)
    for line, start in zip(found, expected, strict=True):
        assert re.match(re.escape(start), line), line


def test_a_dataset_of_two_projects_gets_the_project_in_front(tmp_path):
    one = write_voc(tmp_path / "one", {"a": voc_masks()}, {"dsA": ["a"], "dsB": ["a"]})
    other = write_voc(tmp_path / "other", {"a": voc_masks()}, {"dsA": ["a"]})
    assert result_datasets(bind([f"Project_AB={one}", f"Project_A={other}"])) == {
        ("Project_AB", "dsA"): "Project_AB__dsA",
        ("Project_AB", "dsB"): "dsB",
        ("Project_A", "dsA"): "Project_A__dsA",
    }


def test_images_are_listed_once_and_sorted(tmp_path):
    root = write_voc(tmp_path, {stem: voc_masks() for stem in "cab"}, {"y": ["c", "a"], "x": ["b"], "z": ["c"]})
    projects = bind([f"P={root}"])
    selections = [Selection("P", frozenset({"y"})), Selection("P", frozenset({"x", "y"}))]
    assert [str(origin) for origin, _ in list_items(projects, selections)] == ["P/x/b.jpg", "P/y/a.jpg", "P/y/c.jpg"]
