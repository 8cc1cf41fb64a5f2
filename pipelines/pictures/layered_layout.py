"""Where the boxes of a directed graph go, top down, and which way its edges take: nothing overlaps, few edges cross."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, pairwise

Point = tuple[float, float]
"""(x, y), y down."""

_SWEEPS = 12


@dataclass(frozen=True, slots=True)
class Node:
    """The size of a box; `pull` says how much its neighbours care to stand straight above or below it."""

    width: float
    height: float
    pull: float = 1.0


@dataclass(frozen=True, slots=True)
class Gaps:
    """Free space: between neighbours in a row, around a passing edge, and between rows."""

    column: float = 18
    passing: float = 14
    row: float = 20


@dataclass(frozen=True)
class Arrangement:
    """Centres of the boxes; for each edge the points between its two boxes where it must pass; the size of the whole."""

    centres: dict[str, Point]
    routes: list[list[Point]]
    row_of: dict[str, int]
    row_spans: list[tuple[float, float]]
    width: float
    height: float


@dataclass
class _Rows:
    """Boxes and the places of passing edges (`edge|row`) in rows from top to bottom, each from left to right."""

    rows: list[list[str]]
    above: dict[str, list[str]] = field(default_factory=dict)
    below: dict[str, list[str]] = field(default_factory=dict)
    shifts: dict[tuple[str, str], float] = field(default_factory=dict)

    def pull(self, name: str, other: str, xs: Mapping[str, float]) -> float:
        """The x at which `name` stands straight in line with its neighbour."""
        return xs[other] + self.shifts.get((other, name), 0.0) - self.shifts.get((name, other), 0.0)


def arrange(
    nodes: Mapping[str, Node], edges: Sequence[tuple[str, str]], shifts: Sequence[float], gaps: Gaps
) -> Arrangement:
    """Lay out a graph without loops.

    `nodes` are in reading order, edges are (from, to), at most one between two boxes; what follows a box stands in the edges'
    order. An edge leaves its box `shifts` to the right of the middle.
    """
    row_of = _rows_by_longest_path(nodes, edges)
    sizes = dict(nodes)
    rows = _Rows([[] for _ in range(1 + max(row_of.values(), default=-1))])
    for name in nodes:
        rows.rows[row_of[name]].append(name)
    passing: list[list[str]] = []
    for number, (start, end) in enumerate(edges):
        names = [f"{number}|{row}" for row in range(row_of[start] + 1, row_of[end])]
        for name, row in zip(names, range(row_of[start] + 1, row_of[end]), strict=True):
            sizes[name] = Node(2, 0, pull=12)
            rows.rows[row].append(name)
        rows.shifts[start, (names or [end])[0]] = shifts[number]
        for one, two in pairwise([start, *names, end]):
            rows.below.setdefault(one, []).append(two)
            rows.above.setdefault(two, []).append(one)
        passing.append(names)
    _order(rows)
    xs = _columns(rows, sizes, gaps)
    left = min((xs[name] - sizes[name].width / 2 for name in sizes), default=0.0)
    right = max((xs[name] + sizes[name].width / 2 for name in sizes), default=0.0)
    spans = _row_spans(rows, sizes, gaps)
    centres = {name: (xs[name] - left, sum(spans[row_of[name]]) / 2) for name in nodes}
    routes = [[(xs[name] - left, y) for name in names for y in spans[int(name.split("|")[1])]] for names in passing]
    return Arrangement(centres, routes, row_of, spans, right - left, spans[-1][1] if spans else 0.0)


def _rows_by_longest_path(nodes: Mapping[str, Node], edges: Sequence[tuple[str, str]]) -> dict[str, int]:
    """Each box one row below the lowest one it follows."""
    above: dict[str, list[str]] = {name: [] for name in nodes}
    for start, end in edges:
        above[end].append(start)
    row_of: dict[str, int] = {}

    def row(name: str) -> int:
        if name not in row_of:
            row_of[name] = 1 + max((row(other) for other in above[name]), default=-1)
        return row_of[name]

    for name in nodes:
        row(name)
    return row_of


def _order(rows: _Rows) -> None:
    """Sort each row by where its neighbours stand, downwards and upwards in turn; the order with the fewest crossings stays."""
    best, fewest = [list(row) for row in rows.rows], _crossings(rows)
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        neighbours, facing = (rows.above, rows.below) if down else (rows.below, rows.above)
        lines = range(1, len(rows.rows)) if down else range(len(rows.rows) - 2, -1, -1)
        for line in lines:
            fixed = {name: place for place, name in enumerate(rows.rows[line - 1 if down else line + 1])}
            rows.rows[line].sort(key=_mean_place(rows.rows[line], neighbours, facing, fixed))
        crossings = _crossings(rows)
        if crossings < fewest:
            best, fewest = [list(row) for row in rows.rows], crossings
    rows.rows = best


def _mean_place(
    line: list[str], neighbours: Mapping[str, list[str]], facing: Mapping[str, list[str]], fixed: Mapping[str, int]
) -> Callable[[str], float]:
    """Where a box of the line is drawn to; the several outputs of one box keep their order."""
    own = {name: float(place) for place, name in enumerate(line)}

    def place(name: str) -> float:
        others = neighbours.get(name, [])
        if not others:
            return own[name]
        return sum(fixed[other] + facing[other].index(name) / (len(facing[other]) + 1) for other in others) / len(
            others
        )

    return place


def _crossings(rows: _Rows) -> int:
    count = 0
    for upper, lower in pairwise(rows.rows):
        places = {name: place for place, name in enumerate(lower)}
        lines = [(start, places[other]) for start, name in enumerate(upper) for other in rows.below.get(name, [])]
        count += sum((one[0] - two[0]) * (one[1] - two[1]) < 0 for one, two in combinations(lines, 2))
    return count


def _columns(rows: _Rows, sizes: Mapping[str, Node], gaps: Gaps) -> dict[str, float]:
    """The x of every centre: as near to the neighbours' as the order and the widths of the row allow."""
    xs: dict[str, float] = {}
    for line in rows.rows:
        x = 0.0
        for one, two in pairwise([None, *line]):
            x += _distance(one, two, sizes, gaps) if one and two else 0.0
            xs[str(two)] = x
    for sweep in range(4 * _SWEEPS):
        lines = rows.rows if sweep % 2 == 0 else rows.rows[::-1]
        # The first sweeps look one way, as the order was found; the last ones balance both sides.
        near = rows.above if sweep % 2 == 0 else rows.below
        sides = (rows.above, rows.below) if sweep >= 2 * _SWEEPS else (near,)
        for line in lines:
            neighbours = {name: [other for side in sides for other in side.get(name, [])] for name in line}
            pulls = {name: [(rows.pull(name, other, xs), other) for other in neighbours[name]] for name in line}
            _settle(line, xs, sizes, pulls, gaps)
    return xs


def _settle(
    line: list[str],
    xs: dict[str, float],
    sizes: Mapping[str, Node],
    pulls: Mapping[str, list[tuple[float, str]]],
    gaps: Gaps,
) -> None:
    """Move the boxes of one row to where they are pulled, with the least squared error that keeps their distances."""
    offsets, wanted, weights = [0.0], [], []
    for one, two in pairwise(line):
        offsets.append(offsets[-1] + _distance(one, two, sizes, gaps))
    for name, offset in zip(line, offsets, strict=True):
        drawn = [(x, sizes[other].pull * sizes[name].pull) for x, other in pulls[name]]
        total = sum(weight for _, weight in drawn)
        wanted.append((sum(x * weight for x, weight in drawn) / total if total else xs[name]) - offset)
        weights.append(total or 0.01)
    for name, offset, x in zip(line, offsets, _rising(wanted, weights), strict=True):
        xs[name] = x + offset


def _rising(values: Sequence[float], weights: Sequence[float]) -> list[float]:
    """The non-decreasing sequence nearest to the values in weighted squares (neighbours that violate the order are pooled)."""
    pools: list[tuple[float, float, int]] = []
    for value, weight in zip(values, weights, strict=True):
        pools.append((value, weight, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (one, weight_one, count_one), (two, weight_two, count_two) = pools[-2:]
            weight = weight_one + weight_two
            pools[-2:] = [((one * weight_one + two * weight_two) / weight, weight, count_one + count_two)]
    return [value for value, _, count in pools for _ in range(count)]


def _distance(one: str, two: str, sizes: Mapping[str, Node], gaps: Gaps) -> float:
    passes = not sizes[one].height or not sizes[two].height
    return (sizes[one].width + sizes[two].width) / 2 + (gaps.passing if passes else gaps.column)


def _row_spans(rows: _Rows, sizes: Mapping[str, Node], gaps: Gaps) -> list[tuple[float, float]]:
    """(top, bottom) of each row."""
    spans, y = [], 0.0
    for line in rows.rows:
        height = max(sizes[name].height for name in line)
        spans.append((y, y + height))
        y += height + gaps.row
    return spans
