"""`filter_image_by_tag`: names stand for any value, objects for the very value; on images or on their objects."""

import pytest

from pipelines.actions.base import Notes
from pipelines.actions.filter_image_by_tag import FilterImageByTag
from pipelines.figures import Figure, Point
from pipelines.meta import Meta, TagSpec
from pipelines.tag import Tag
from tests.support import compiled, layer, tiny_sample

SAMPLE = tiny_sample(
    [Figure("a", Point(1, 1), (Tag("cut"),)), Figure("a", Point(2, 2), (Tag("side", "left"),))],
    (Tag("night"), Tag("weather", "rain")),
)


@pytest.mark.parametrize(
    ("tags", "with_all", "with_none"),
    [
        (["night"], True, False),
        (["weather"], True, False),
        ([{"name": "weather", "value": "rain"}], True, False),
        ([{"name": "weather", "value": "sun"}], False, True),
        ([{"name": "weather"}], False, True),
        ([{"name": "night"}], True, False),
        ([{"name": "night", "value": None}], True, False),
        (["night", "weather"], True, False),
        (["night", "snow"], False, False),
        (["snow", "fog"], False, True),
        (["cut"], False, True),
    ],
)
def test_tags_of_the_image(tags, with_all, with_none):
    for condition, holds in (
        ("with", with_all),
        ("with_img", with_all),
        ("without", with_none),
        ("without_img", with_none),
    ):
        action = FilterImageByTag.from_settings({"tags": tags, "condition": condition})
        assert action.route(SAMPLE, None) == (0 if holds else 1), condition


@pytest.mark.parametrize(
    ("tags", "with_all", "with_none"),
    [
        (["cut", "side"], True, False),  # on different objects
        ([{"name": "side", "value": "left"}], True, False),
        ([{"name": "side", "value": "right"}], False, True),
        (["night"], False, True),
        (["cut", "night"], False, False),
    ],
)
def test_tags_of_the_objects(tags, with_all, with_none):
    for condition, holds in (("with_obj", with_all), ("without_obj", with_none)):
        action = FilterImageByTag.from_settings({"tags": tags, "condition": condition})
        assert action.route(SAMPLE, None) == (0 if holds else 1), condition


def test_an_unknown_tag_is_a_warning():
    notes = Notes()
    action = FilterImageByTag.from_settings({"tags": ["nigth", "x"], "condition": "with"})
    action.map_meta(Meta((), (TagSpec("night"),)), notes)
    assert [finding.message for finding in notes.findings] == [
        "no tag 'nigth' arrives here (did you mean 'night'?); the tags that do: night",
        "no tag 'x' arrives here; the tags that do: night",
    ]
    assert {finding.severity for finding in notes.findings} == {"warning"}


def test_a_tag_listed_twice_is_a_warning():
    (finding,) = FilterImageByTag.from_settings({"tags": ["a", "a"], "condition": "with"}).problems()
    assert (finding.path, finding.message, finding.severity) == (("tags", 1), "the tag 'a' is listed twice", "warning")


def test_a_wrong_condition_is_refused():
    settings = {"tags": ["a"], "condition": "witout"}
    graph = [
        layer("data", ["P/*"], "$0", {"classes_mapping": "default"}),
        layer("filter_image_by_tag", ["$0"], ["$1", "null"], settings),
        layer("supervisely", ["$1"], "out"),
    ]
    with pytest.raises(ValueError, match=r"found 'witout', .* is expected \(did you mean 'without'\?\)"):
        compiled(graph)
