"""JSON with line numbers: the same values as the standard library reads, and every value's own line."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.graph.json_lines import JsonSyntaxError, parse

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=15,
)


@given(values, st.sampled_from([None, 0, 1, 4, "\t"]), st.booleans(), st.sampled_from(["", " ", "\n\n", "\r\n"]))
def test_the_values_are_those_of_the_standard_library(value, indent, ascii_only, margin):
    text = margin + json.dumps(value, indent=indent, ensure_ascii=ascii_only) + margin
    assert parse(text)[0] == json.loads(text)


class Written:
    """The slow twin: writes a value piece by piece and notes the line on which each piece begins."""

    def __init__(self, gaps: list[str]) -> None:
        self.text, self.lines, self._gaps = "", {}, gaps

    def gap(self) -> None:
        if self._gaps:
            self.text += self._gaps.pop()

    def write(self, value: object, path: tuple = (), line: int | None = None) -> None:
        self.gap()
        self.lines[path] = line or self.text.count("\n") + 1
        if isinstance(value, dict):
            self.text += "{"
            for number, (key, inner) in enumerate(value.items()):
                self.text += "," if number else ""
                self.gap()
                start = self.text.count("\n") + 1
                self.text += json.dumps(key)
                self.gap()
                self.text += ":"
                self.write(inner, (*path, key), start)
            self.gap()
            self.text += "}"
        elif isinstance(value, list):
            self.text += "["
            for number, inner in enumerate(value):
                self.text += "," if number else ""
                self.write(inner, (*path, number))
                self.gap()
            self.text += "]"
        else:
            self.text += json.dumps(value)


def has_empty_key(value: object) -> bool:
    if isinstance(value, dict):
        return "" in value or any(map(has_empty_key, value.values()))
    return isinstance(value, list) and any(map(has_empty_key, value))


def test_an_empty_key_keeps_its_line():
    assert parse('{"": 1,\n "a": 2}')[1] == {(): 1, ("",): 1, ("a",): 2}


@given(
    values.filter(lambda value: not has_empty_key(value)),
    st.lists(st.sampled_from(["\n", " ", "\n\n\t", "", "\r\n"]), max_size=60),
)
def test_every_line_number_is_right(value, gaps):
    written = Written(list(gaps))
    written.write(value)
    found, lines = parse(written.text)
    assert found == value
    assert lines == written.lines


def test_a_value_is_placed_where_its_key_is():
    _, lines = parse('[\n {"a":\n   {"b": [1,\n 2]}}\n]')
    assert lines == {(): 1, (0,): 2, (0, "a"): 2, (0, "a", "b"): 3, (0, "a", "b", 0): 3, (0, "a", "b", 1): 4}


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("", 1, "a value is expected here, found the end of the text"),
        ("\n\n", 3, "a value is expected here, found the end of the text"),
        ("[1,\n2,\n]", 3, "the ',' before this ']' has nothing after it; remove it"),
        ('{"a": 1,\n}', 2, "the ',' before this '}' has nothing after it; remove it"),
        ("[1\n2]", 2, "a ',' or ']' is expected here, found '2]'"),
        ('{"a": 1\n"b": 2}', 2, "a ',' or '}' is expected here, found '\"b\": 2}'"),
        ("{'a': 1}", 1, "a key in double quotes is expected here, found \"'a': 1}\""),
        ('{"a" 1}', 1, "a ':' is expected after the key 'a', found '1}'"),
        ('{"a":\n nope}', 2, "a value is expected here, found 'nope}'"),
        ("[1, 2", 1, "a ',' or ']' is expected here, found the end of the text"),
        ("[1] [2]", 1, "the text goes on after its end: '[2]'"),
        ('{"a": 1,\n "a": 2}', 2, "the key 'a' stands twice in one object; keep one of them"),
        ("// a comment\n[]", 1, "a value is expected here, found '// a comment'"),
        ('["a\nb"]', 1, "a value is expected here"),
    ],
)
def test_what_is_wrong_and_where(text, line, message):
    with pytest.raises(JsonSyntaxError, match=re.escape(message)) as caught:
        parse(text)
    assert caught.value.line == line


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text):
    try:
        expected = json.loads(text)
    except ValueError:
        with pytest.raises(JsonSyntaxError):
            parse(text)
    else:
        if "NaN" not in text:
            assert parse(text)[0] == expected
