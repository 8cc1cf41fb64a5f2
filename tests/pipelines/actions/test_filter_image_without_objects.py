"""`filter_image_without_objects`: the first output is for images without, the second for images with."""

import pytest

from pipelines.actions.base import Notes
from pipelines.actions.filter_image_without_objects import FilterImageWithoutObjects
from pipelines.figures import Figure, Point
from pipelines.meta import ClassSpec, Meta
from tests.support import tiny_sample


@pytest.mark.parametrize(("titles", "port"), [("", 0), ("c", 0), ("a", 1), ("cb", 1), ("ab", 1)])
def test_which_output(titles, port):
    sample = tiny_sample([Figure(title, Point(1, 1)) for title in titles])
    assert FilterImageWithoutObjects(("a", "b")).route(sample, None) == port


def test_an_unknown_class_is_a_warning():
    notes = Notes()
    FilterImageWithoutObjects(("a", "x")).map_meta(Meta((ClassSpec("a", "point"),)), notes)
    assert [(finding.path, finding.severity) for finding in notes.findings] == [(("exclude_classes",), "warning")]


def test_an_empty_list_is_refused():
    with pytest.raises(ValueError, match="at least 1 item"):
        FilterImageWithoutObjects.from_settings({"exclude_classes": []})
