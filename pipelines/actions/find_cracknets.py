"""`find_cracknets`: places where many crack lines meet become polygons.

Vertices of the lines are gathered into clusters, the lines of a cluster are painted on a coarse grid and thickened by one cell,
and the outer outlines of what they enclose become polygons, if they are large and filled enough. Clusters are found by single
linkage, cut at a multiple of the vertices' usual spacing: simpler than density clustering with levels (HDBSCAN), which was used
for this before, and without a further library.

Family: lines.

>>> worked("find_cracknets", {"crack_class": "a", "cracknet_class": "net", "mask_resolution": 20, "loop_devide_eps":
...     1, "min_area_in_bbox_coef": 0.3, "min_poly_bbox_area_coef": 0.01, "enable_subclustering": False,
...     "min_points_in_cluster": 4}, "20x20", "a line (4,4) (8,4) (12,4)", "a line (4,12) (8,12) (12,12)",
...     "a line (4,4) (4,8) (4,12)", "a line (12,4) (12,8) (12,12)")
20x20
  a line (4,4) (8,4) (12,4)
  a line (4,12) (8,12) (12,12)
  a line (4,4) (4,8) (4,12)
  a line (12,4) (12,8) (12,12)
  net polygon (3.5,3.5) (3.5,13.5) (13.5,13.5) (13.5,3.5)

Picture: wall(joint) {"crack_class": "joint", "cracknet_class": "net", "mask_resolution": 160, "loop_devide_eps": 2,
  "min_area_in_bbox_coef": 0.3, "min_poly_bbox_area_coef": 0.008, "enable_subclustering": false,
  "min_points_in_cluster": 10}
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import cv2
import numpy as np
from pydantic import Field

from pipelines.actions.base import Action, Notes, action
from pipelines.actions.expected_shape import check_classes, required
from pipelines.figures import Bitmap, Figure, Line, Polygon
from pipelines.image import Size
from pipelines.meta import ClassSpec, Meta
from pipelines.sample import Sample, with_figures

Share = Annotated[float, Field(ge=0, le=1)]

REACH = 3.0
"""Vertices belong together when they are at most so many times the usual spacing apart."""


@action("find_cracknets")
@dataclass(frozen=True)
class FindCracknets(Action):
    crack_class: str
    """The line class of single cracks."""
    cracknet_class: str
    """Class of the nets; it is added with the shape polygon."""
    mask_resolution: Annotated[int, Field(ge=8)]
    """Cells of the grid along the image's longer side."""
    loop_devide_eps: Annotated[float, Field(ge=0)]
    """Vertices of a net's outline are left out as long as it moves by at most so many cells."""
    min_area_in_bbox_coef: Share
    """A net fills at least this share of its bounding box."""
    min_poly_bbox_area_coef: Share
    """A net's bounding box has at least this share of the image's area."""
    enable_subclustering: bool
    """With true each cluster is divided once more, by the spacing of its own vertices."""
    min_points_in_cluster: Annotated[int, Field(ge=2)]
    """Clusters of fewer vertices are no nets."""

    examples: ClassVar[tuple[Any, ...]] = (
        {
            "crack_class": "crack",
            "cracknet_class": "cracknet",
            "mask_resolution": 160,
            "loop_devide_eps": 2,
            "min_area_in_bbox_coef": 0.3,
            "min_poly_bbox_area_coef": 0.008,
            "enable_subclustering": False,
            "min_points_in_cluster": 10,
        },
    )

    def map_meta(self, meta: Meta, notes: Notes) -> Meta:
        check_classes(notes, ("crack_class",), (self.crack_class,), meta, self.word, Line)
        return meta.with_class(ClassSpec(self.cracknet_class, "polygon"))

    def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
        """The nets are added on top; the lines stay."""
        cracks = (figure for figure in sample.figures if figure.title == self.crack_class)
        lines = [required(figure, self.word, Line).points for figure in cracks]
        nets = (Figure(self.cracknet_class, net) for net in self._nets(lines, sample.image.size))
        return (with_figures(sample, (*sample.figures, *nets)),)

    def _nets(self, lines: list[np.ndarray], size: Size) -> Iterator[Polygon]:
        cell = max(size) / self.mask_resolution
        for members in self._clusters(lines):
            for net in outlines(members, size, cell):
                left, top, right, bottom = net.bounds
                box = (right - left) * (bottom - top)
                filled = net.area >= self.min_area_in_bbox_coef * box
                if filled and box >= self.min_poly_bbox_area_coef * size[0] * size[1]:
                    yield from net.simplified(self.loop_devide_eps * cell)

    def _clusters(self, lines: list[np.ndarray]) -> Iterator[list[np.ndarray]]:
        """Lines by the cluster that most of their vertices are in."""
        if not lines:
            return
        owner = np.repeat(np.arange(len(lines)), [len(line) for line in lines])
        points = np.concatenate(lines)
        for cluster in self._divided(points, np.arange(len(points))):
            counts = np.bincount(owner[cluster], minlength=len(lines))
            yield [line for line, inside in zip(lines, counts.tolist(), strict=True) if 2 * inside > len(line)]

    def _divided(self, points: np.ndarray, chosen: np.ndarray) -> Iterator[np.ndarray]:
        """Indices of the points in each cluster of the chosen ones that is large enough."""
        for cluster in (chosen[part] for part in clusters(points[chosen], self.min_points_in_cluster)):
            if self.enable_subclustering:
                yield from (cluster[part] for part in clusters(points[cluster], self.min_points_in_cluster))
            else:
                yield cluster


def clusters(points: np.ndarray, smallest: int) -> list[np.ndarray]:
    """Indices of (n, 2) points that hang together by steps of up to `REACH` times the usual spacing, at least `smallest` each.

    The usual spacing is the median distance from a place to the nearest other one.
    """
    places, place_of = np.unique(points, axis=0, return_inverse=True)
    if len(points) < smallest or len(places) < 2:
        return []
    # Imported here: it takes longer than all the rest of a check, which does without.
    from scipy import sparse, spatial

    tree = spatial.cKDTree(places)
    nearest, _ = tree.query(places, k=2)
    pairs = tree.query_pairs(REACH * float(np.median(nearest[:, 1])), output_type="ndarray")
    links = sparse.coo_array((np.ones(len(pairs), bool), pairs.T), shape=(len(places), len(places)))
    count, labels = sparse.csgraph.connected_components(links, directed=False)
    found = (np.flatnonzero(labels[place_of.ravel()] == label) for label in range(count))
    return [cluster for cluster in found if len(cluster) >= smallest]


def outlines(lines: list[np.ndarray], size: Size, cell: float) -> Iterator[Polygon]:
    """What the lines enclose in an image of this (height, width): outlines on a grid of cells of `cell` pixels, in pixels."""
    rows, columns = (int(np.ceil(side / cell)) for side in size)
    grid = np.zeros((rows, columns), np.uint8)
    for line in lines:
        Line(line / cell - 0.5).draw(grid, 1)
    thick = cv2.dilate(grid, np.ones((3, 3), np.uint8))
    for mask in Bitmap.trimmed(0, 0, thick.view(bool)):
        for exterior, _ in mask.outlines():
            if len(exterior) >= 3:
                yield Polygon((exterior + 0.5) * cell)
