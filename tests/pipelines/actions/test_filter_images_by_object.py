"""`filter_images_by_object`: all of some classes and none of others."""

import pytest

from pipelines.actions.base import Notes
from pipelines.actions.filter_images_by_object import FilterImagesByObject
from pipelines.figures import Figure, Point
from pipelines.meta import ClassSpec, Meta
from tests.support import layer, run, tiny_sample


def sample_of(*titles: str):
    return tiny_sample([Figure(title, Point(1, 1)) for title in titles])


@pytest.mark.parametrize(
    ("include", "exclude", "titles", "holds"),
    [
        (["a"], [], "a", True),
        (["a"], [], "ab", True),
        (["a", "b"], [], "a", False),
        (["a", "b"], [], "bca", True),
        ([], ["a"], "", True),
        ([], ["a"], "b", True),
        ([], ["a", "b"], "b", False),
        (["a"], ["b"], "a", True),
        (["a"], ["b"], "ab", False),
        (["a"], ["b"], "", False),
    ],
)
def test_which_output(include, exclude, titles, holds):
    action = FilterImagesByObject.from_settings({"include": include, "exclude": exclude})
    assert not list(action.problems())
    assert action.route(sample_of(*titles), None) == (0 if holds else 1)


def test_the_first_output_is_for_images_that_pass():
    graph = [
        layer("data", ["P/*"], "$0", {"classes_mapping": "default"}),
        layer("filter_images_by_object", ["$0"], ["$yes", "null"], {"include": ["a"], "exclude": []}),
        layer("supervisely", ["$yes"], "out"),
    ]
    samples = [tiny_sample([Figure(title, Point(1, 1))], name=f"{title}.png") for title in "ab"]
    assert [sample.origin.file for sample in run(graph, samples).samples] == ["a.png"]


def test_nothing_asked_for_and_contradictions_are_refused():
    (nothing,) = FilterImagesByObject().problems()
    assert nothing.message == 'nothing is asked for; list classes in "include", in "exclude", or in both'
    (both,) = FilterImagesByObject(("a", "b"), ("b",)).problems()
    assert both.message == "b stands in include too, so no image can pass; take it out of one list"


def test_unknown_classes_are_warnings():
    notes = Notes()
    FilterImagesByObject(("x",), ("y",)).map_meta(Meta((ClassSpec("a", "point"),)), notes)
    assert [(finding.path, finding.severity) for finding in notes.findings] == [
        (("include",), "warning"),
        (("exclude",), "warning"),
    ]
