"""`objects_filter_by_area`: strict limits in pixels, and three things that can happen."""

import numpy as np
import pytest

from pipelines.actions.base import Notes
from pipelines.actions.objects_filter_by_area import ObjectsFilterByArea
from pipelines.figures import Bitmap, Figure, Line
from pipelines.meta import ClassSpec, Meta, TagSpec
from pipelines.tag import Tag
from tests.support import tiny_sample


def box(area: int) -> Bitmap:
    return Bitmap(0, 0, np.ones((1, area), bool))


SAMPLE = tiny_sample(
    [
        Figure("car", box(9)),
        Figure("car", box(10)),
        Figure("car", box(11)),
        Figure("bus", box(5)),
        Figure("line", Line([(0, 0), (9, 9)])),
    ]
)


def areas(**settings: object) -> list[tuple[str, float]]:
    (found,) = ObjectsFilterByArea.from_settings({"classes": ["car"], "area": 10} | settings).apply(SAMPLE, None)
    return [(figure.title, figure.shape.area) for figure in found.figures]


REST = [("bus", 5.0), ("line", 0.0)]


def test_delete_what_is_strictly_beyond():
    assert areas(comparator="lt", action="delete") == [("car", 10.0), ("car", 11.0), *REST]
    assert areas(comparator="gt", action="delete") == [("car", 9.0), ("car", 10.0), *REST]
    assert areas(comparator="lt", action="delete", area=9.5) == [("car", 10.0), ("car", 11.0), *REST]


def test_keep_drops_all_others():
    assert areas(comparator="lt", action="keep") == [("car", 9.0)]
    assert areas(comparator="lt", action="keep", classes=["car", "bus"]) == [("car", 9.0), ("bus", 5.0)]


def test_lines_have_no_area():
    assert ("line", 0.0) not in areas(comparator="lt", action="delete", classes=["line"])
    assert ("line", 0.0) in areas(comparator="lt", action="delete", classes=["line"], area=0)


def tagged(before: tuple[Tag, ...], *tags: object) -> list[tuple[Tag, ...]]:
    sample = tiny_sample([Figure("car", box(11), before), Figure("car", box(10), before)])
    settings = {"classes": ["car"], "area": 10, "comparator": "gt", "action": "add_tags", "tags_to_add": list(tags)}
    (found,) = ObjectsFilterByArea.from_settings(settings).apply(sample, None)
    return [figure.tags for figure in found.figures]


def test_tags_are_added_once():
    assert tagged((), "large", {"name": "size", "value": "l"}) == [(Tag("large"), Tag("size", "l")), ()]
    assert tagged((Tag("size", "s"),), {"name": "size", "value": "l"}) == [(Tag("size", "s"),)] * 2


def test_the_meta_gets_the_tags():
    meta = Meta((ClassSpec("car", "bitmap"),), (TagSpec("size", "oneof_string", ("s", "l")),))
    settings = {"classes": ["car"], "area": 10, "comparator": "gt", "action": "add_tags"}
    tags = ["large", {"name": "size", "value": "l"}, {"name": "why", "value": "x"}]
    found = ObjectsFilterByArea.from_settings(settings | {"tags_to_add": tags}).map_meta(meta, Notes())
    assert [(spec.name, spec.value_type) for spec in found.tags] == [
        ("size", "oneof_string"),
        ("large", "none"),
        ("why", "any_string"),
    ]
    deleting = settings | {"action": "delete", "tags_to_add": tags}
    assert ObjectsFilterByArea.from_settings(deleting).map_meta(meta, Notes()) == meta


@pytest.mark.parametrize(
    ("change", "message", "severity"),
    [
        ({"action": "add_tags"}, 'the action add_tags needs tags, e.g. "tags_to_add": ["small"]', "error"),
        ({"tags_to_add": ["a"]}, "the action delete adds no tags, so these are not used", "warning"),
    ],
)
def test_tags_and_action_go_together(change, message, severity):
    settings = {"classes": ["car"], "area": 10, "comparator": "gt", "action": "delete"} | change
    (finding,) = ObjectsFilterByArea.from_settings(settings).problems()
    assert (finding.path, finding.message, finding.severity) == (("tags_to_add",), message, severity)
