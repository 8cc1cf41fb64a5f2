"""Layouts of random graphs: nothing overlaps, lines go down and around the boxes, straight chains are straight."""

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.pictures.layered_layout import Gaps, Node, arrange

GAPS = Gaps(column=10, passing=6, row=20)


@st.composite
def graphs(draw):
    count = draw(st.integers(1, 12))
    nodes = {f"n{i}": Node(draw(st.integers(10, 200)), draw(st.integers(10, 60))) for i in range(count)}
    pairs = [(f"n{a}", f"n{b}") for a, b in combinations(range(count), 2)]
    edges = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=20)) if pairs else []
    return nodes, edges


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_boxes_keep_apart_and_lines_pass_between_them(graph):
    nodes, edges = graph
    layout = arrange(nodes, edges, [0.0] * len(edges), GAPS)
    boxes = {}
    for name, node in nodes.items():
        x, y = layout.centres[name]
        boxes[name] = (x - node.width / 2, y - node.height / 2, x + node.width / 2, y + node.height / 2)
        assert -1e-6 <= boxes[name][0] < boxes[name][2] <= layout.width + 1e-6
        assert boxes[name][3] <= layout.height + 1e-6
    for (left, top, right, bottom), (l2, t2, r2, b2) in combinations(boxes.values(), 2):
        assert right + GAPS.column <= l2 + 1e-6 or r2 + GAPS.column <= left + 1e-6 or bottom <= t2 or b2 <= top
    for (start, end), route in zip(edges, layout.routes, strict=True):
        assert boxes[start][3] < boxes[end][1], "edges go down"
        assert len(route) == 2 * (layout.row_of[end] - layout.row_of[start] - 1)
        for x, y in route:
            assert not any(left < x < right and top <= y <= bottom for left, top, right, bottom in boxes.values())


def test_a_chain_is_straight_whatever_hangs_beside_it():
    nodes = {
        "a": Node(100, 20),
        "b": Node(40, 20),
        "dead": Node(160, 20, pull=0.001),
        "c": Node(200, 20),
        "d": Node(10, 20),
    }
    layout = arrange(nodes, [("a", "b"), ("a", "dead"), ("b", "c"), ("c", "d")], [0.0] * 4, GAPS)
    straight = [layout.centres[name][0] for name in ("a", "b", "c", "d")]
    assert straight == pytest.approx([straight[0]] * 4, abs=0.5)
    assert layout.centres["dead"][0] > straight[0] + 20 + 80


def test_crossings_that_can_be_avoided_are_avoided():
    nodes = {name: Node(20, 20) for name in ("a", "b", "x", "y", "z")}
    layout = arrange(nodes, [("a", "z"), ("a", "y"), ("b", "x"), ("b", "y")], [0.0] * 4, GAPS)
    x = {name: place[0] for name, place in layout.centres.items()}
    assert (x["z"] < x["y"] < x["x"]) == (x["a"] < x["b"])
    assert x["y"] == pytest.approx((x["a"] + x["b"]) / 2, abs=6)


def test_nothing_is_an_empty_picture():
    assert arrange({}, [], [], GAPS).height == 0
