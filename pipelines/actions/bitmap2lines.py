"""`bitmap2lines`: thin masks become lines along their pixels.

Family: other shapes.

>>> worked("bitmap2lines", {"classes_mapping": {"a": "l"}, "min_points_cnt": 4}, "20x10",
...     "a bitmap (2,3) ###### ......")
20x10
  l line (7,3) (6,3) (5,3) (4,3) (3,3) (2,3)

Picture: coffee(spoon) [["poly2bitmap", {"classes_mapping": {"spoon": "spoon"}}], ["skeletonize", {"classes":
  ["spoon"], "method": "skeletonization"}], ["bitmap2lines", {"classes_mapping": {"spoon": "middle"},
  "min_points_cnt": 20, "approx_epsilon": 3}]]
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from pipelines.actions.base import action
from pipelines.actions.conversion import Conversion
from pipelines.figures import Bitmap, Line, Shape
from pipelines.image import Size

Tree = dict[int, set[int]]
"""Neighbours of each node; without circles."""

MIN_EDGES = 3
"""A part with fewer steps from pixel to pixel is no line."""


@action("bitmap2lines", "mask_to_lines")
@dataclass(frozen=True)
class BitmapToLines(Conversion):
    classes_mapping: dict[str, str]
    """Title of a bitmap class → title of its lines, which may be the same; other classes stay as they are."""
    min_points_cnt: Annotated[int, Field(ge=2)]
    """Lines through fewer pixels are left out; parts of fewer than 4 pixels always are."""
    approx_epsilon: Annotated[float, Field(ge=0)] = 0
    """Vertices are left out as long as the line moves by at most so many pixels."""

    makes: ClassVar[str] = "line"
    takes: ClassVar[tuple[type[Shape], ...]] = (Bitmap,)
    examples: ClassVar[tuple[Any, ...]] = (
        {"classes_mapping": {"crack": "crack_line"}, "min_points_cnt": 4},
        {"classes_mapping": {"crack": "crack"}, "min_points_cnt": 2, "approx_epsilon": 1.0},
    )

    def convert(self, shape: Bitmap, size: Size) -> Iterable[Shape]:
        """The longest path through the pixels, then the longest of each part that is left, and so on. Masks should be thin."""
        rows, columns = np.nonzero(shape.pixels)
        points = np.stack([columns + shape.x, rows + shape.y], axis=1)
        for path in longest_paths(spanning_forest(shape.pixels), self.min_points_cnt):
            line = Line(points[path])
            yield from line.simplified(self.approx_epsilon) if self.approx_epsilon else (line,)


def spanning_forest(pixels: np.ndarray) -> Tree:
    """Which set pixels of a bool (height, width) mask are joined in a minimum spanning forest of 8-neighbours.

    Nodes number the set pixels row by row. Straight steps are shorter than diagonal ones, so corners are walked around.
    """
    numbers = np.full((pixels.shape[0] + 1, pixels.shape[1] + 2), -1)
    numbers[:-1, 1:-1][pixels] = np.arange(np.count_nonzero(pixels))
    one = numbers[:-1, 1:-1]
    starts, ends, lengths = [], [], []
    for other, length in (
        (numbers[:-1, 2:], 1.0),
        (numbers[1:, 1:-1], 1.0),
        (numbers[1:, :-2], 2**0.5),
        (numbers[1:, 2:], 2**0.5),
    ):
        both = (one >= 0) & (other >= 0)
        starts.append(one[both])
        ends.append(other[both])
        lengths.append(np.full(np.count_nonzero(both), length))
    count = int(np.count_nonzero(pixels))
    edges = np.concatenate(starts), np.concatenate(ends)
    # Imported here: it takes longer than all the rest of a check, which does without.
    from scipy import sparse

    graph = sparse.coo_array((np.concatenate(lengths), edges), shape=(count, count))
    forest = sparse.csgraph.minimum_spanning_tree(graph.tocsr()).tocoo()
    tree: Tree = {node: set() for node in range(count)}
    for start, end in zip(forest.row.tolist(), forest.col.tolist(), strict=True):
        tree[start].add(end)
        tree[end].add(start)
    return tree


def longest_paths(forest: Tree, min_points: int) -> Iterator[list[int]]:
    """Paths of nodes: of each tree the longest, then of each tree that is left without its edges the longest, ...

    Trees of fewer than `MIN_EDGES` edges are passed over; paths of fewer than `min_points` nodes are taken out but not given.
    The forest is used up.
    """
    waiting = deque(_trees(forest, sorted(forest)))
    while waiting:
        nodes = waiting.popleft()
        if len(nodes) <= MIN_EDGES:
            continue
        path = _farthest(forest, _farthest(forest, nodes[0])[-1])
        if len(path) >= min_points:
            yield path
        for start, end in pairwise(path):
            forest[start].discard(end)
            forest[end].discard(start)
        waiting.extend(_trees(forest, nodes))


def _trees(forest: Tree, nodes: list[int]) -> Iterator[list[int]]:
    """The nodes of each tree with an edge, among these nodes, sorted."""
    seen: set[int] = set()
    for node in nodes:
        if node not in seen and forest[node]:
            found = sorted(_reached(forest, node))
            seen.update(found)
            yield found


def _reached(forest: Tree, start: int) -> dict[int, int]:
    """Every node of the tree that `start` is in, nearest first, and the node it is reached from (`start` from itself)."""
    came_from = {start: start}
    queue = deque([start])
    while queue:
        node = queue.popleft()
        for neighbour in sorted(forest[node]):
            if neighbour not in came_from:
                came_from[neighbour] = node
                queue.append(neighbour)
    return came_from


def _farthest(forest: Tree, start: int) -> list[int]:
    """The path from `start` to a node with the most steps to it."""
    came_from = _reached(forest, start)
    path = [next(reversed(came_from))]
    while path[-1] != start:
        path.append(came_from[path[-1]])
    return path[::-1]
