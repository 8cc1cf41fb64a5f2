"""What a listing leaves out is counted where somebody collects it, and names of images are their own, whatever the layout."""

from dataclasses import dataclass, field
from typing import ClassVar

import pytest

from pipelines.annotation import Annotation
from pipelines.execute.reading import list_images
from pipelines.meta import Meta
from pipelines.origin import Selection
from pipelines.sources import Item, Project, SourceError, list_items, result_datasets
from pipelines.sources.passed_over import collected, pass_over, pass_over_files
from tests.support import chain, compiled


@dataclass(frozen=True)
class Listed(Project):
    """A project of nothing but lists."""

    layout: ClassVar[str] = "listed"
    lists: dict[str, list[Item]] = field(default_factory=dict)

    @classmethod
    def matches(cls, location):
        return False

    @classmethod
    def open(cls, name, location):
        raise NotImplementedError

    def items(self, dataset):
        pass_over("entries without a picture", len(dataset))
        yield from self.lists[dataset]

    def read(self, item):
        return Annotation((1, 1))


def project(**lists: list[str]) -> dict[str, Project]:
    items = {
        name: [Item(f"{stem}.jpg", f"/x/{stem}.jpg", (f"{stem}.png",)) for stem in stems]
        for name, stems in lists.items()
    }
    return {"P": Listed("P", "/x", Meta(), tuple(lists), items)}


def listed(projects, *datasets: str):
    passed: dict[str, dict[str, int]] = {}
    selection = Selection("P", frozenset(datasets) if datasets else None)
    return [str(origin) for origin, _ in list_items(projects, [selection], passed)], passed.get("P", {})


def test_nothing_is_counted_where_nobody_collects():
    pass_over("things")
    with collected() as found:
        pass_over("things", 2)
        pass_over("things")
        pass_over("others", 0)
        pass_over_files(["a.xyz", "b.XYZ", "c"], "img")
    assert found == {
        "things": 3,
        "files in img that end in .xyz: passed over, they are no pictures": 2,
        "files or folders in img without an ending: passed over, they are no pictures": 1,
    }


def test_an_image_of_several_lists_is_taken_once_from_the_shortest():
    projects = project(all=["a", "b", "c", "d"], train=["a", "b"], val=["c"])
    assert listed(projects) == (
        ["P/all/d.jpg", "P/train/a.jpg", "P/train/b.jpg", "P/val/c.jpg"],
        {
            "entries without a picture": 11,
            "images of the list 'all' that another list has, too: taken once": 3,
        },
    )


def test_a_list_that_is_asked_for_is_taken_whole():
    projects = project(all=["a", "b"], train=["a"])
    assert listed(projects, "all")[0] == ["P/all/a.jpg", "P/all/b.jpg"]
    assert listed(projects, "all", "train")[0] == ["P/all/a.jpg", "P/all/b.jpg", "P/train/a.jpg"]


def test_two_images_of_one_name_are_refused():
    projects = {"P": Listed("P", "/x", Meta(), ("d",), {"d": [Item("a.jpg", "/x/1", ()), Item("a.jpg", "/x/2", ())]})}
    with pytest.raises(
        SourceError, match=r"/x \(d\): /x/1 and /x/2 would both be the image 'a\.jpg'; names are unique in a"
    ):
        listed(projects)


def test_a_name_with_a_folder_in_it_is_refused():
    with pytest.raises(SourceError, match=r"'b/a\.jpg' is a path; an image's name has no folder in it"):
        listed({"P": Listed("P", "/x", Meta(), ("d",), {"d": [Item("b/a.jpg", "/x/1", ())]})})


def test_datasets_inside_of_others_are_folders_side_by_side():
    assert result_datasets(project(**{"a": [], "a/b": []})) == {("P", "a"): "a", ("P", "a/b"): "a__b"}


def test_two_datasets_of_one_folder_are_refused():
    with pytest.raises(
        SourceError, match=r"'a/b' and 'a__b' of P would both be the dataset 'a__b'; rename one of them"
    ):
        result_datasets(project(**{"a/b": [], "a__b": []}))


def test_names_that_differ_in_their_writing_alone_do_not_meet():
    composed, decomposed = "\u00e4", "a\u0308"
    projects = project(d=[composed, decomposed, "x"])
    listing = list_images(compiled(chain(), projects), projects)
    free = {origin.stem: origin.name_is_free for origin in listing.origins}
    assert free == {composed: False, decomposed: False, "x": True}
    assert listing.passed_over == {"P": {"entries without a picture": 1}}
