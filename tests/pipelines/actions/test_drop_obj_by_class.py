"""`drop_obj_by_class`: objects and class go together."""

from pipelines.actions.base import Notes
from pipelines.actions.drop_obj_by_class import DropObjByClass
from pipelines.figures import Figure, Point
from tests.support import meta_of, tiny_sample

SAMPLE = tiny_sample([Figure(title, Point(x, 1)) for x, title in enumerate(("a", "b", "a", "c"))])


def test_objects_of_the_classes_are_removed():
    (found,) = DropObjByClass(("a", "c")).apply(SAMPLE, None)
    assert [(figure.title, figure.shape.x) for figure in found.figures] == [("b", 1)]


def test_the_classes_leave_the_meta():
    notes = Notes()
    assert DropObjByClass(("a",)).map_meta(meta_of([SAMPLE]), notes).titles == ("b", "c")
    assert not notes.findings


def test_an_unknown_class_is_a_warning():
    notes = Notes()
    assert DropObjByClass(("d",)).map_meta(meta_of([SAMPLE]), notes).titles == ("a", "b", "c")
    (finding,) = notes.findings
    assert (finding.severity, finding.path) == ("warning", ("classes",))
    assert finding.message == "no class 'd' arrives here; the classes that do: a, b, c"
