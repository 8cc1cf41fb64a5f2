"""`approx_vector`: fewer vertices, the others exact."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pipelines.actions.approx_vector import ApproxVector
from pipelines.figures import Bitmap, Figure, Line, Polygon, Shape
from tests.pipelines.figures.strategies import lines, polygons
from tests.support import mask_of, tiny_sample


def simplified(shape: Shape, epsilon: float = 1) -> list[Shape]:
    action = ApproxVector.from_settings({"classes": ["road"], "epsilon": epsilon})
    (found,) = action.apply(tiny_sample([Figure("road", shape)]), None)
    return [figure.shape for figure in found.figures]


def test_a_small_bend_of_a_ring_is_left_out():
    (found,) = simplified(Polygon([(0, 0), (4.7, 0.5), (9, 0), (9, 9), (0, 9)]))
    assert {(x, y) for x, y in found.exterior.tolist()} == {(0, 0), (9, 0), (9, 9), (0, 9)}


def test_vertices_that_stay_keep_their_fractions():
    assert simplified(Line([(0, 0), (5.9, 0.6), (9.9, 0)])) == [Line([(0, 0), (9.9, 0)])]
    exact = Line([(0.1, 0.2), (30.123456789012345, 20.3), (55.7, 0.4)])
    assert simplified(exact, 0.01) == [exact]


def test_rings_that_would_vanish_stay():
    small = [(20.25, 20), (21, 20), (21, 21)]
    assert simplified(Polygon(small), 5) == [Polygon(small)]
    large = [(0, 0), (50, 0), (50, 30), (0, 30)]
    (found,) = simplified(Polygon(large, (small,)), 5)
    assert np.array_equal(found.holes[0], small)


def test_a_line_of_one_place_vanishes():
    assert simplified(Line([(5, 5), (5, 5)])) == []


@given(lines, st.floats(0.01, 8))
def test_a_line_keeps_its_ends_and_stays_near_the_vertices_left_out(line, epsilon):
    found = simplified(line, epsilon)
    if not found:
        assert np.ptp(line.points, axis=0).max() <= epsilon
        return
    (left,) = found
    assert np.array_equal(left.points[[0, -1]], line.points[[0, -1]])
    path = shapely.LineString(left.points)
    assert shapely.distance(shapely.points(line.points), path).max() <= epsilon * 1.001 + 1e-3


@given(polygons, st.floats(0.01, 8))
def test_a_ring_keeps_some_of_its_vertices(polygon, epsilon):
    (found,) = simplified(polygon, epsilon)
    assert len(found.exterior) >= 3
    assert {tuple(v) for v in found.exterior.tolist()} <= {tuple(v) for v in polygon.exterior.tolist()}


def test_another_shape_fails_the_image():
    text = "^an object of class 'road' is a bitmap, approx_vector works on lines and polygons; convert it before"
    with pytest.raises(ValueError, match=text):
        simplified(Bitmap(1, 1, mask_of("#")))


def test_an_epsilon_of_nothing_is_refused():
    with pytest.raises(ValidationError, match="greater than 0"):
        ApproxVector.from_settings({"classes": ["road"], "epsilon": 0})
