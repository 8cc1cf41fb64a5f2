"""A graph's text becomes layers, and what is no layer is told with its line."""

import json
import re

import pytest

from pipelines.graph.problems import GraphError, Problem, dotted
from pipelines.graph.spec import parse_graph, read_graph
from tests.support import chain, layer


def problems(*layers: object) -> list[str]:
    return [str(problem) for problem in parse_graph(json.dumps(list(layers), indent=1), "g.json").problems]


def test_layers_are_numbered_and_names_become_lists():
    spec = parse_graph(
        json.dumps([layer("flip", "$a", ["$b"]), layer("if", ["$b", "$b", "$c"], ["$d", "$e"])]), "g.json"
    )
    assert [(one.number, one.action, one.src, one.dst) for one in spec.layers] == [
        (1, "flip", ("$a",), ("$b",)),
        (2, "if", ("$b", "$c"), ("$d", "$e")),
    ]
    assert spec.complete
    assert spec.layers[0].name == "layer 1 (flip)"


def test_a_problem_points_to_the_deepest_place_that_is_there():
    spec = parse_graph(json.dumps([layer("crop", "$a", "$b", {"sides": {"left": "5px"}})], indent=1), "g.json")
    (crop,) = spec.layers
    at_left = crop.problem("odd", "settings", "sides", "left")
    assert str(at_left) == f"g.json:{at_left.line}: layer 1 (crop), settings.sides.left: odd"
    assert '"left"' in spec.text.splitlines()[at_left.line - 1]
    assert crop.problem("odd", "settings", "sides", "right").line == at_left.line - 1
    assert crop.problem("odd", "nothing").line == 2


def test_missing_and_unknown_keys():
    found = problems({"action": "flip", "src": "$a", "dst": "$b", "comment": "x"})
    assert found == [
        'g.json:2: layer 1 (flip): the key "settings" is missing; a layer has action, src, dst, settings',
        "g.json:6: layer 1 (flip), comment: there is no such key; a layer has action, src, dst, settings",
    ]


def test_wrong_types_are_all_told():
    found = problems(7, layer("flip", None, ["$b", 3]), {"action": 4, "src": [], "dst": [], "settings": {}})
    assert found == [
        "g.json:2: layer 1: a layer is an object {...}, found a number",
        "g.json:5: layer 2 (flip), src: found None, a name or a list of names is expected",
        "g.json:6: layer 2 (flip), dst: found ['$b', 3], a name or a list of names is expected",
        "g.json:13: layer 3 (), action: found 4, the name of an action is expected",
    ]
    assert not parse_graph("[7]").complete


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", "g.json:1: a graph is a list [...] of layers, found an object {...}"),
        ('"x"', "g.json:1: a graph is a list [...] of layers, found a string"),
        ("null", "g.json:1: a graph is a list [...] of layers, found null"),
        ("[1,\n\n]", "g.json:3: not valid JSON: the ',' before this ']' has nothing after it; remove it"),
    ],
)
def test_what_is_no_graph(text, message):
    with pytest.raises(GraphError, match=f"^{re.escape(message)}$"):
        parse_graph(text, "g.json")


def test_a_file_is_read_with_or_without_a_byte_order_mark(tmp_path):
    for encoding in ("utf-8", "utf-8-sig"):
        (tmp_path / "g.json").write_text(json.dumps(chain()), encoding)
        assert len(read_graph(str(tmp_path / "g.json")).layers) == 2


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(
        GraphError, match=re.escape("g.json:1: there is no such graph file; give the path of a JSON file")
    ):
        read_graph(str(tmp_path / "g.json"))
    with pytest.raises(GraphError, match="there is no such graph file"):
        read_graph(str(tmp_path))
    (tmp_path / "g.json").write_bytes(b"[\xff]")
    with pytest.raises(GraphError, match=r"g\.json:1: the file, line 1: byte 0xff is no UTF-8; save the file as UTF-8"):
        read_graph(str(tmp_path / "g.json"))


def test_paths_and_problems_as_people_read_them():
    assert dotted(("settings", "regex_names", 0, "x")) == "settings.regex_names[0].x"
    assert str(Problem("odd", "g.json", 3, severity="warning")) == "g.json:3: warning: odd"
    assert str(GraphError([Problem("a", "g", 1), Problem("b", "g", 2)])) == "g:1: a\ng:2: b"
