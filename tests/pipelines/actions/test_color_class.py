"""`color_class`: only colours change, and only in the meta."""

import pytest

from pipelines.actions.base import Notes
from pipelines.actions.color_class import ColorClass
from pipelines.meta import ClassSpec, Meta
from tests.support import tiny_sample

META = Meta((ClassSpec("a", "point", "#000000", {"note": 1}), ClassSpec("b", "point", "#111111")))


def test_colours_of_the_listed_classes_change():
    found = ColorClass({"a": "#FF00aB"}).map_meta(META, Notes())
    assert found == Meta((ClassSpec("a", "point", "#ff00ab", {"note": 1}), META.classes[1]))


def test_samples_pass_unchanged():
    sample = tiny_sample()
    assert list(ColorClass({"point": "#FF0000"}).apply(sample, None)) == [sample]


@pytest.mark.parametrize("color", ["#ff000", "#ff00000", "ff0000", "#gg0000", "red", "", "#ff0000\n"])
def test_other_forms_of_colours_are_refused(color):
    (finding,) = ColorClass({"a": color}).problems()
    assert finding.path == ("classes_color_mapping", "a")
    assert finding.message == (
        f"found {color!r}, a colour is # and six hexadecimal digits, two each for red, green, blue: #FF8000"
    )


def test_an_unknown_class_is_a_warning():
    notes = Notes()
    assert ColorClass({"A": "#000000"}).map_meta(META, notes) == META
    assert [(finding.severity, finding.path) for finding in notes.findings] == [("warning", ("classes_color_mapping",))]
