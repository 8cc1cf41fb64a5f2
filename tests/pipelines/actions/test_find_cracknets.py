"""`find_cracknets`: polygons around places where many lines meet."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from pipelines.actions.base import Notes
from pipelines.actions.find_cracknets import FindCracknets, clusters
from pipelines.figures import Figure, Line, Point, Polygon
from pipelines.meta import ClassSpec, Meta
from tests.support import drawn, tiny_sample

SIZE = (96, 128)


def action(**changed: Any) -> FindCracknets:
    usual = {
        "crack_class": "crack",
        "cracknet_class": "net",
        "mask_resolution": 160,
        "loop_devide_eps": 2,
        "min_area_in_bbox_coef": 0.3,
        "min_poly_bbox_area_coef": 0.008,
        "enable_subclustering": False,
        "min_points_in_cluster": 10,
    }
    return FindCracknets.from_settings(usual | changed)


def grid(left: float, top: float, side: float = 20, step: float = 4) -> list[Line]:
    """Lines across a square, `step` apart, along both axes."""
    offsets = np.arange(0, side + 1, step).tolist()
    down = [Line([(left + d, top), (left + d, top + side)]) for d in offsets]
    return down + [Line([(left, top + d), (left + side, top + d)]) for d in offsets]


def nets(lines: list[Line], **changed: Any) -> list[Polygon]:
    sample = tiny_sample([Figure("crack", line) for line in lines], size=SIZE)
    (found,) = action(**changed).apply(sample, None)
    assert found.figures[: len(lines)] == sample.figures, "the cracks stay"
    assert all(figure.title == "net" for figure in found.figures[len(lines) :])
    return [figure.shape for figure in found.figures[len(lines) :]]


def test_a_grid_of_cracks_is_a_net_of_its_extent():
    (net,) = nets(grid(10, 10))
    assert np.abs(np.array(net.bounds) - (10, 10, 30, 30)).max() < 2
    assert drawn(net, SIZE)[11:30, 11:30].all()


def test_grids_far_apart_are_two_nets():
    found = nets(grid(10, 10) + grid(80, 60))
    assert len(found) == 2
    assert found[0].bounds[2] < 40 < 70 < found[1].bounds[0]


def test_a_few_lines_are_no_net():
    assert nets([]) == []
    assert nets(grid(10, 10)[:4]) == []
    assert len(nets(grid(10, 10), min_points_in_cluster=24)) == 1
    assert nets(grid(10, 10), min_points_in_cluster=25) == []


def test_the_box_decides_by_its_area():
    """About 22 * 22 of 128 * 96 pixels: four percent."""
    assert len(nets(grid(10, 10), min_poly_bbox_area_coef=0.03)) == 1
    assert nets(grid(10, 10), min_poly_bbox_area_coef=0.05) == []


def test_thin_figures_in_large_boxes_are_no_nets():
    steps = [(5 + 3 * k, 5 + 3 * k) for k in range(25)]
    diagonal = [Line([a, b]) for a, b in pairwise(steps)]
    assert nets(diagonal) == []
    assert len(nets(diagonal, min_area_in_bbox_coef=0)) == 1


def test_coordinates_beyond_a_byte_are_right():
    (net,) = nets(grid(100, 60), mask_resolution=1000)
    assert np.abs(np.array(net.bounds) - (100, 60, 120, 80)).max() < 1


def test_subclustering_divides_by_the_spacing_inside_a_cluster():
    """Many scattered lines widen the usual spacing to 8 pixels, which joins two dense grids 12 pixels apart."""
    dense = grid(10, 10, 12, 2) + grid(34, 10, 12, 2)
    scattered = [Line([(x, y), (x + 8, y)]) for x in range(0, 128, 16) for y in range(50, 96, 8)]
    assert len(nets(dense + scattered, min_points_in_cluster=30)) == 2
    assert nets(dense + scattered, min_points_in_cluster=30, enable_subclustering=True) == [], "28 vertices each"
    assert len(nets(dense + scattered, min_points_in_cluster=28, enable_subclustering=True)) == 2


def test_clusters_hang_together_by_three_times_the_usual_spacing():
    points = np.array([(x, 0) for x in (0, 1, 2, 3, 6, 7, 8, 12, 13, 14)], float)
    assert [cluster.tolist() for cluster in clusters(points, 2)] == [[0, 1, 2, 3, 4, 5, 6], [7, 8, 9]]
    assert [cluster.tolist() for cluster in clusters(points, 4)] == [[0, 1, 2, 3, 4, 5, 6]]
    assert clusters(np.zeros((9, 2)), 2) == [], "one place has no spacing"


def test_the_class_of_the_nets_is_added():
    meta = action().map_meta(Meta((ClassSpec("crack", "line"),)), Notes())
    assert [(spec.title, spec.shape) for spec in meta.classes] == [("crack", "line"), ("net", "polygon")]


def test_another_shape_fails_the_image():
    with pytest.raises(ValueError, match=r"^an object of class 'crack' is a point, find_cracknets works on lines"):
        action().apply(tiny_sample([Figure("crack", Point(1, 1))]), None)
