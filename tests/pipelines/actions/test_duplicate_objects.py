"""`duplicate_objects`: each copy lies directly above its object, and its class is described like the object's."""

import pytest

from pipelines.actions.base import Notes
from pipelines.actions.duplicate_objects import DuplicateObjects
from pipelines.figures import Figure, Point, Rectangle
from pipelines.meta import ClassSpec, Meta, MetaConflict
from pipelines.tag import Tag
from tests.support import tiny_sample

META = Meta((ClassSpec("a", "point", "#123456", {"note": 1}), ClassSpec("b", "rectangle"), ClassSpec("c", "point")))


def titles(mapping: dict[str, str], *before: str) -> list[str]:
    sample = tiny_sample([Figure(title, Point(1, 1)) for title in before])
    (found,) = DuplicateObjects(mapping).apply(sample, None)
    return [figure.title for figure in found.figures]


def test_copies_follow_their_objects():
    assert titles({"a": "a2"}, "a", "b") == ["a", "a2", "b"]
    assert titles({"a": "c", "c": "a"}, "a", "c") == ["a", "c", "c", "a"]  # copies are not copied
    assert titles({"a": "a"}, "a") == ["a", "a"]


def test_tags_and_description_are_copied():
    figure = Figure("a", Rectangle(0, 0, 2, 2), (Tag("t", "v"),), "words")
    (found,) = DuplicateObjects({"a": "a2"}).apply(tiny_sample([figure]), None)
    assert found.figures == (figure, figure.with_title("a2"))


def test_new_classes_are_clones():
    found = DuplicateObjects({"b": "b2", "a": "a2"}).map_meta(META, Notes())
    assert found.titles == ("a", "b", "c", "a2", "b2")
    assert found.classes[3] == ClassSpec("a2", "point", "#123456", {"note": 1})


def test_copies_join_an_existing_class_of_the_same_shape():
    assert DuplicateObjects({"a": "c"}).map_meta(META, Notes()) == META
    with pytest.raises(MetaConflict, match="class 'b' is a rectangle in one place and a point in another"):
        DuplicateObjects({"a": "b"}).map_meta(META, Notes())


def test_an_unknown_class_is_a_warning():
    notes = Notes()
    assert DuplicateObjects({"x": "y"}).map_meta(META, notes) == META
    assert [(finding.severity, finding.path) for finding in notes.findings] == [("warning", ("classes_mapping",))]


@pytest.mark.parametrize("mapping", [{"a": "__ignore__"}, {"a": "__default__"}, {"__other__": "x"}])
def test_words_of_other_mappings_are_refused(mapping):
    (finding,) = DuplicateObjects(mapping).problems()
    assert "has no meaning here; list each class with the class of its copies" in finding.message
