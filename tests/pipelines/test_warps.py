"""Maps of the plane: there and back again, and every shape on the place its pixels go to."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.figures import Bitmap, Line, Point, Polygon, Rectangle
from pipelines.image import Rect
from pipelines.warps import Displacement, Homography, Warp
from tests.pipelines.figures.strategies import HEIGHT, SIZE, WIDTH, bitmaps
from tests.support import drawn, mask_of

WHOLE = Rect(0, 0, WIDTH, HEIGHT)
SKEW = np.array([[1.1, 0.2, -1.5], [-0.1, 0.9, 2.0], [0.002, -0.001, 1.0]])


def waves(amplitude: float = 2.0, length: float = 25.0) -> Displacement:
    """A smooth field whose slopes stay below amplitude * 2 pi / length."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    turn = 2 * np.pi / length
    return Displacement((amplitude * np.stack([np.sin(y * turn), np.cos(x * turn)], axis=2)).astype(np.float32))


WARPS: list[Warp] = [Homography(np.eye(3), SIZE), Homography(SKEW, SIZE), waves()]
NAMES = ["nothing", "projective", "waves"]


def looked_up(mask: np.ndarray, warp: Warp) -> np.ndarray:
    """Oracle: one result pixel after the other, the source pixel under its middle."""
    found = np.zeros(warp.size, bool)
    for row in range(warp.size[0]):
        for column in range(warp.size[1]):
            x, y = (float(v[0, 0]) for v in warp.sources(Rect(column, row, column + 1, row + 1)))
            if 0 <= x < mask.shape[1] and 0 <= y < mask.shape[0]:
                found[row, column] = mask[int(y), int(x)]
    return found


@pytest.mark.parametrize("warp", WARPS, ids=NAMES)
def test_a_place_maps_to_where_it_is_looked_up(warp):
    x, y = warp.sources(WHOLE)
    back = warp.forward(np.column_stack((x.ravel(), y.ravel())))
    columns, rows = np.meshgrid(np.arange(WIDTH) + 0.5, np.arange(HEIGHT) + 0.5)
    error = np.abs(back - np.column_stack((columns.ravel(), rows.ravel()))).reshape(HEIGHT, WIDTH, 2)
    inside = (x > 1) & (x < WIDTH - 1) & (y > 1) & (y < HEIGHT - 1)
    assert error[inside].max() < 1e-3


@settings(max_examples=15)
@given(bitmaps(outside=True), st.sampled_from(WARPS))
def test_a_mask_is_looked_up_pixel_by_pixel(bitmap, warp):
    expected = looked_up(drawn(bitmap, SIZE), warp)
    pieces = bitmap.warp(warp)
    assert len(pieces) <= 1
    found = drawn(pieces[0], SIZE) if pieces else np.zeros(SIZE, bool)
    if bitmap.clean(SIZE) == (bitmap,):
        assert np.array_equal(found, expected)
    assert not (expected & ~found).any()


def test_the_identity_changes_no_shape():
    nothing = WARPS[0]
    hole = np.array([(4.0, 4), (6, 4), (6, 6)])
    for shape in (
        Bitmap(3, 2, mask_of("#.#", ".#.")),
        Polygon([(1, 1), (12, 2), (9, 14)], (hole,)),
        Rectangle(2, 3, 8.5, 9),
        Line([(0, 0), (5, 5.5), (9, 3)]),
        Point(4.25, 3),
    ):
        assert shape.warp(nothing) == (shape,)


def test_straight_warps_keep_the_vertices_and_bent_ones_add_some():
    line = Line([(2, 2), (22, 14)])
    assert len(line.warp(WARPS[1])[0].points) == 2
    bent = line.warp(waves())[0].points
    assert len(bent) > 2
    assert np.allclose(bent[[0, -1]], waves().forward(line.points))
    # Every place of the straight line lies near the bent one.
    places = waves().forward(np.linspace((2, 2), (22, 14), 50))
    dense = np.concatenate([np.linspace(a, b, 40) for a, b in itertools.pairwise(bent)])
    assert np.linalg.norm(places[:, None] - dense[None], axis=2).min(axis=1).max() < 0.5


def test_a_bent_polygon_covers_what_its_mask_becomes():
    polygon = Polygon([(4.5, 3.5), (18.5, 3.5), (18.5, 13.5), (4.5, 13.5)])
    canvas = np.zeros(SIZE, bool)
    canvas[3:14, 4:19] = True
    (expected,) = Bitmap.trimmed(0, 0, canvas)[0].warp(waves(1.5))
    (found,) = polygon.warp(waves(1.5))
    one, other = drawn(expected, SIZE), drawn(found.shift(-0.5, -0.5), SIZE)
    assert (one & other).sum() / (one | other).sum() > 0.8


def test_a_rectangle_becomes_the_box_of_its_outline():
    turn = Homography(np.array([[0.0, 1, 0], [-1, 0, 20], [0, 0, 1]]), (20, 20))
    assert Rectangle(2, 3, 8, 5).warp(turn) == (Rectangle(3, 12, 5, 18),)


def test_vectors_are_cut_to_the_shown_region():
    shown = np.array([(5.0, 5), (15, 5), (15, 15), (5, 15)])
    warp = Homography(np.array([[1.0, 0, -5], [0, 1, -5], [0, 0, 1]]), (10, 10), shown)
    assert Rectangle(0, 0, 8, 8).warp(warp) == (Rectangle(0, 0, 3, 3),)
    assert Polygon([(0, 0), (8, 0), (8, 8), (0, 8)]).warp(warp)[0].bounds == (0, 0, 3, 3)
    assert Line([(0, 10), (20, 10)]).warp(warp)[0].bounds == (0, 5, 10, 5)
    assert Point(6, 7).warp(warp) == (Point(1, 2),)
    for outside in (Rectangle(0, 0, 4, 4), Polygon([(0, 0), (4, 0), (4, 4)]), Line([(0, 0), (4, 0)]), Point(1, 1),
                    Bitmap(0, 0, mask_of("##"))):  # fmt: skip
        assert outside.warp(warp) == ()


def test_what_vanishes_gives_nothing():
    half = Homography(np.diag([0.25, 0.25, 1.0]), SIZE)
    assert Bitmap(0, 0, mask_of("#")).warp(half) == ()
