"""Settings in words."""

import pytest

from pipelines.actions import CATALOGUE
from pipelines.pictures.settings_summary import short_list, summary_lines

CASES = [
    ("multiply", {"multiply": 3}, ["× 3"]),
    ("if", {"condition": {"probability": 0.05}}, ["5 % by chance"]),
    ("if", {"condition": {"min_objects_count": 1}}, ["at least 1 object"]),
    ("if", {"condition": {"sum_object_area": 100, "classes": ["car"]}}, ["area of car ≥ 100 px²"]),
    ("if", {"condition": {"tags": ["train"]}}, ["tags train"]),
    ("data", {"classes_mapping": {"a": "obj", "b": "obj", "__other__": "__ignore__"}}, ["a, b → obj; others dropped"]),
    (
        "data",
        {"classes_mapping": {"a b c": "object", "d e f": "frequent", "g h i": "third", "__other__": "unused"}},
        ["a b c → object; d e f → frequent;", "g h i → third; others → unused"],
    ),
    ("crop", {"sides": {"left": "4px", "top": "10%"}}, ["cut off left 4px, top 10%"]),
    ("objects_filter", {"filter_by": {"names": ["car", "bus", "cat", "dog"]}}, ["keep car, bus and 2 more"]),
    ("multiply", {"times": {"min": 2, "max": 3}}, ["times 2–3"]),
    ("resize", {"width": 33, "height": -1, "aspect_ratio": {"keep": True}}, ["33 × free, aspect ratio kept"]),
    ("tag", {"tag": {"name": "weather", "value": "rain"}, "action": "add"}, ["add weather = rain"]),
    ("supervisely", {"anything": 1}, []),
    ("not known", {"kernel_size": {"min": 3, "max": 9}, "keep": False, "of": [1]}, ["kernel size 3–9, keep: no, of 1"]),
]  # fmt: skip


@pytest.mark.parametrize(("word", "settings", "lines"), CASES)
def test_words_for_settings(word, settings, lines):
    assert summary_lines(word, settings) == lines


@pytest.mark.parametrize("word", sorted(CATALOGUE))
def test_every_example_of_every_action_has_at_most_two_short_lines(word):
    for example in CATALOGUE[word].examples:
        lines = summary_lines(word, example)
        assert len(lines) <= 2
        assert all(0 < len(line) <= 36 for line in lines)


def test_a_long_text_ends_in_dots():
    lines = summary_lines("not known", {f"setting_{number}": number for number in range(20)})
    assert len(lines) == 2
    assert lines[1].endswith("…")


def test_short_lists():
    assert short_list(["a", "b", "c"]) == "a, b, c"
    assert short_list(["a", "b", "c", "d"]) == "a, b and 2 more"
