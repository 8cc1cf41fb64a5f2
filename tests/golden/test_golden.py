"""The golden cases of the original engine: everything that differs is a documented deviation."""

import json
from pathlib import Path

import pytest

from tests.golden.run import Case, Difference, Verdict, find_cases, judge, read_expected
from tests.golden.small import PICTURES
from tests.support import chain, layer, shared, tiny_project

NUMBERS = "numbers in tags"


@pytest.fixture(scope="module", params=["small", "whole"])
def verdicts(request: pytest.FixtureRequest) -> list[Verdict]:
    """Of the cases in this repository, which have hardly any pictures, and of the whole set where it lies beside."""
    folder = request.getfixturevalue("small_golden") if request.param == "small" else shared("golden")
    return [judge(case, folder / "input") for case in find_cases(folder)]


def unexplained(verdicts: list[Verdict], *kinds: str) -> list[str]:
    return [
        f"{verdict.case.name}: {difference}"
        for verdict in verdicts
        for difference in verdict.unexplained
        if difference.kind in kinds or not kinds
    ]


def test_there_are_cases_of_every_verdict(verdicts):
    assert len(verdicts) > 150
    assert not any(verdict.missing for verdict in verdicts)


def test_what_differs_is_explained(verdicts):
    assert unexplained(verdicts) == []


def test_numbers_in_tags_stay_numbers(verdicts):
    assert unexplained(verdicts, NUMBERS) == []


def test_vectors_are_scaled_like_their_picture(verdicts):
    assert unexplained(verdicts, "points") == []


def test_flat_polygons_are_dropped_by_a_crop(verdicts):
    assert unexplained(verdicts, "number of figures") == []


def test_the_small_set_has_pictures_where_it_says(small_golden):
    pictured = {
        case.name
        for case in find_cases(small_golden)
        if any(output.picture is not None for outputs in read_expected(case).samples.values() for output in outputs)
    }
    assert pictured == set(PICTURES)


# ---------------------------------------------------------------- the comparison can fail


def write_case(folder: Path, graph: list[dict], annotation: dict) -> Case:
    """A case as the original would have left it, for the first image of the tiny project."""
    tiny_project(folder / "input" / "P", 1)
    case = folder / "cases" / "one"
    out = case / "out"
    (out / "ds" / "ann").mkdir(parents=True)
    (case / "graph.json").write_text(json.dumps(graph))
    meta = json.loads((folder / "input" / "P" / "meta.json").read_text())
    (out / "meta.json").write_text(json.dumps(meta))
    (out / "errors.json").write_text("[]")
    (out / "order.json").write_text(
        json.dumps([{"src": ["P", "ds", "image0.png"], "k": 0, "out": ["ds", "image0.png"]}])
    )
    (out / "ds" / "ann" / "image0.png.json").write_text(json.dumps(annotation))
    (found,) = find_cases(folder)
    return found


def annotation_of(folder: Path) -> dict:
    tiny_project(folder, 1)
    return json.loads((folder / "ds" / "ann" / "image0.png.json").read_text())


def test_equal_is_equal(tmp_path):
    case = write_case(tmp_path, chain(), annotation_of(tmp_path / "x"))
    assert judge(case, tmp_path / "input").kind == "equal"


@pytest.mark.parametrize(
    ("spoil", "kind"),
    [
        (lambda a: a["objects"][1]["points"]["exterior"][0].__setitem__(0, 5.1), "points"),
        (lambda a: a["objects"][0]["bitmap"].__setitem__("origin", [29, 12]), "mask"),
        (lambda a: a["objects"].pop(), "number of figures"),
        (lambda a: a["objects"][2].__setitem__("classTitle", "polygon"), "class"),
        (lambda a: a["objects"][2]["tags"].append({"name": "x", "value": None}), "figure tags"),
        (lambda a: a["tags"].append("night"), "image tags"),
        (lambda a: a["size"].__setitem__("width", 61), "size"),
    ],
)
def test_each_difference_is_seen(tmp_path, spoil, kind):
    annotation = annotation_of(tmp_path / "x")
    spoil(annotation)
    verdict = judge(write_case(tmp_path, chain(), annotation), tmp_path / "input")
    assert [difference.kind for difference in verdict.unexplained] == [kind]


def test_a_refusal_against_a_result_is_seen(tmp_path):
    case = write_case(tmp_path, chain(("flip", {"axis": "both"})), annotation_of(tmp_path / "x"))
    (difference,) = judge(case, tmp_path / "input").unexplained
    assert difference.kind == "refused"


def test_a_rule_needs_the_settings_it_speaks_of(tmp_path):
    case = write_case(tmp_path, chain(("flip", {"axis": "vertical"})), {})
    from tests.golden.run import RULES

    closed = Difference("points", "x", [[[0, 0], [1, 0], [1, 1], [0, 0]]], [[[0, 0], [1, 0], [1, 1]]])
    assert not any(rule.applies(case, closed) for rule in RULES)
    cropped = Case("x", case.folder, json.dumps([layer("crop", "$a", "$b", {"sides": {}})]))
    assert [rule.name for rule in RULES if rule.applies(cropped, closed)] == ["the closing vertex is dropped"]
