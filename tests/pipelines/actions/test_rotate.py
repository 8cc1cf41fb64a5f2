"""`rotate`: counter-clockwise around the middle, pixels and figures together."""

import itertools
import math

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.actions.rotate import Rotate, largest_inside, rotation
from pipelines.figures import Bitmap, Figure, Line, Point, Polygon, Rectangle
from pipelines.image import Size
from pipelines.sample import Sample
from tests.support import coordinates, drawn, mask_of, pixels_of, tiny_sample


def rotate(sample: Sample, degrees: float, mode: str = "keep") -> list[Sample]:
    action = Rotate.from_settings(
        {"rotate_angles": {"min_degrees": degrees, "max_degrees": degrees}, "black_regions": {"mode": mode}}
    )
    return list(action.apply(sample, np.random.default_rng(0)))


@pytest.mark.parametrize(("degrees", "quarters"), [(0, 0), (90, 1), (180, 2), (270, 3), (-90, 3), (360, 0)])
@pytest.mark.parametrize("size", [(17, 33), (40, 60)])
def test_right_angles_are_exact(degrees, quarters, size):
    mask = np.random.default_rng(1).random((5, 9)) < 0.5
    mask[0, 0] = mask[-1, -1] = True
    sample = tiny_sample([Figure("b", Bitmap(4, 3, mask))], size=size)
    (found,) = rotate(sample, degrees)
    picture = coordinates(size)
    assert np.array_equal(pixels_of(found, picture), np.rot90(picture, quarters))
    whole = drawn(sample.figures[0].shape, size)
    assert np.array_equal(drawn(found.figures[0].shape, found.image.size), np.rot90(whole, quarters))


def test_the_canvas_holds_the_whole_image():
    assert rotation((100, 200), 30)[1] == (187, 224)
    assert rotation((50, 100), 90)[1] == (100, 50)
    assert rotation((50, 100), 180)[1] == (50, 100)
    assert rotation((50, 100), 45)[1] == (107, 107)


def test_a_window_of_the_old_size():
    sample = tiny_sample([Figure("r", Rectangle(10, 10, 30, 20))], size=(50, 100))
    (found,) = rotate(sample, 45, "preserve_size")
    assert found.image.size == (50, 100)
    assert found.figures[0].shape.bounds == pytest.approx((10.61, 28.04, 31.82, 49.25), abs=0.01)


def test_a_window_larger_than_the_canvas_shows_black_around():
    picture = np.full((10, 100, 3), 200, np.uint8)
    (found,) = rotate(tiny_sample([Figure("p", Point(50, 5))], size=(10, 100)), 90, "preserve_size")
    pixels = pixels_of(found, picture)
    assert pixels.shape == (10, 100, 3)
    assert (pixels[:, 45:55] == 200).all()
    assert not pixels[:, :45].any()
    assert not pixels[:, 55:].any()
    assert found.figures[0].shape.bounds == pytest.approx((50, 5, 50, 5))


@given(st.integers(1, 60), st.integers(1, 60), st.floats(-400, 400, allow_nan=False))
def test_the_inner_rectangle_lies_inside_and_no_sampled_one_is_larger(height, width, degrees):
    inner = largest_inside((height, width), degrees)
    cos, sin = abs(math.cos(math.radians(degrees))), abs(math.sin(math.radians(degrees)))

    def fits(h: float, w: float) -> bool:
        return w * cos + h * sin <= width + 1e-4 and w * sin + h * cos <= height + 1e-4

    assert fits(*inner)
    best = max(
        ((h, w) for h in np.linspace(0.5, 85, 60) for w in np.linspace(0.5, 85, 60) if fits(h, w)),
        key=lambda side: side[0] * side[1],
        default=(0, 0),
    )
    assert (inner[0] + 1) * (inner[1] + 1) >= best[0] * best[1] - 1e-6


def test_long_images_have_an_inner_rectangle():
    assert largest_inside((100, 1000), 30) == (57, 100)


@pytest.mark.parametrize("degrees", [1, 10.5, 30, 45, 60, 89, 135, 250])
@pytest.mark.parametrize("size", [(40, 60), (60, 41), (20, 90)])
def test_cropping_leaves_no_black(degrees, size):
    (found,) = rotate(tiny_sample((), size=size), degrees, "crop")
    pixels = pixels_of(found, np.full((*size, 3), 180, np.uint8))
    assert pixels.shape[:2] == found.image.size
    assert pixels.min() > 170


def test_cropping_to_nothing_drops_the_sample():
    assert rotate(tiny_sample((), size=(1, 30)), 45, "crop") == []


@pytest.mark.parametrize("mode", ["keep", "crop", "preserve_size"])
@pytest.mark.parametrize("degrees", [17, -63, 140])
def test_a_mask_stays_on_its_object(mode, degrees):
    size: Size = (60, 80)
    canvas = np.zeros(size, np.uint8)
    cv2.fillPoly(canvas, [np.array([(25, 20), (60, 24), (50, 45), (30, 40)])], 1)
    picture = np.repeat(canvas[:, :, None] * 200, 3, axis=2)
    outline = Polygon(np.array([(25, 20), (61, 24), (51, 46), (30, 41)]))
    figures = [Figure("b", *Bitmap.trimmed(0, 0, canvas.view(bool))), Figure("p", outline)]
    (found,) = rotate(tiny_sample(figures, size=size), degrees, mode)
    lit = pixels_of(found, picture)[:, :, 0] > 100
    for figure in found.figures:
        mask = drawn(figure.shape, found.image.size)
        share = (mask & lit).sum() / (mask | lit).sum()
        assert share > (0.95 if figure.title == "b" else 0.85)


def test_points_and_lines_turn_counter_clockwise():
    sample = tiny_sample([Figure("p", Point(80, 25)), Figure("l", Line([(50, 25), (100, 25)]))], size=(50, 100))
    point, line = (figure.shape for figure in rotate(sample, 90)[0].figures)
    assert point.bounds == pytest.approx((25, 20, 25, 20))
    assert np.allclose(line.points, [(25, 50), (25, 0)])


def test_a_vanished_mask_is_dropped_and_the_rest_kept():
    figures = [Figure("dot", Bitmap(0, 0, mask_of("#"))), Figure("p", Point(20, 20))]
    kept = {len(rotate(tiny_sample(figures), degrees, "crop")[0].figures) for degrees in (20, 30, 40)}
    assert kept == {1}


def test_angles_are_drawn_between_the_limits_and_differ():
    action = Rotate.from_settings(Rotate.examples[0])
    rng = np.random.default_rng(3)
    drawn_angles = [next(iter(action.apply(tiny_sample(), rng))).image.ops[-1].degrees for _ in range(50)]
    assert all(-30 <= angle < 30 for angle in drawn_angles)
    assert all(one != other for one, other in itertools.pairwise(drawn_angles))


def test_exchanged_limits_are_refused():
    settings = {"rotate_angles": {"min_degrees": 5, "max_degrees": 1}, "black_regions": {"mode": "keep"}}
    (finding,) = Rotate.from_settings(settings).problems()
    assert finding.message == "min_degrees 5 is greater than max_degrees 1; exchange them"
