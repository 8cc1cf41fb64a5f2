"""`rename`: titles change all at once, everything else stays."""

import numpy as np

from pipelines.actions.base import Notes
from pipelines.actions.rename import Rename
from pipelines.figures import Bitmap, Figure
from pipelines.meta import ClassSpec, Meta
from pipelines.tag import Tag
from tests.support import tiny_sample

MASK = Bitmap(3, 3, np.ones((4, 4), bool))


def titles(mapping: dict[str, str], *before: str) -> list[str]:
    (found,) = Rename.from_settings({"classes_mapping": mapping}).apply(
        tiny_sample([Figure(title, MASK) for title in before]), None
    )
    return [figure.title for figure in found.figures]


def meta_after(mapping: dict[str, str], *before: str) -> tuple[tuple[str, ...], list[str]]:
    notes = Notes()
    meta = Rename.from_settings({"classes_mapping": mapping}).map_meta(
        Meta(tuple(ClassSpec(t, "bitmap") for t in before)), notes
    )
    return meta.titles, [finding.severity for finding in notes.findings]


def test_listed_titles_change_and_merge():
    assert titles({"obj_Freq": "obj"}, "obj", "obj_Freq", "other") == ["obj", "obj", "other"]
    assert meta_after({"obj_Freq": "obj"}, "obj_Freq", "obj", "other") == (("obj", "other"), [])


def test_a_swap_is_a_swap():
    assert titles({"a": "b", "b": "a"}, "a", "b") == ["b", "a"]
    assert meta_after({"a": "b", "b": "a"}, "a", "b") == (("b", "a"), [])


def test_a_chain_of_names_is_looked_up_once():
    assert titles({"a": "b", "b": "c"}, "a", "b") == ["b", "c"]


def test_ignore_drops_and_default_keeps():
    assert titles({"a": "__ignore__", "b": "__default__"}, "a", "b", "c") == ["b", "c"]
    assert meta_after({"a": "__ignore__", "b": "__default__"}, "a", "b", "c") == (("b", "c"), [])


def test_other_is_always_kept():
    assert titles({"a": "x", "__other__": "gone"}, "a", "b") == ["x", "b"]


def test_an_unknown_class_is_a_warning():
    assert meta_after({"nosuch": "x"}, "a") == (("a",), ["warning"])


def test_what_people_attached_stays():
    figure = Figure("a", MASK, (Tag("rusty"),), "a wreck", {"priority": 1})
    (found,) = Rename.from_settings({"classes_mapping": {"a": "b"}}).apply(tiny_sample([figure]), None)
    assert found.figures == (Figure("b", MASK, (Tag("rusty"),), "a wreck", {"priority": 1}),)
