"""`perspective_transform`: a projective map of picture and objects."""

import numpy as np
import pytest
import shapely

from pipelines.actions.perspective_transform import PerspectiveTransform, moved_corners
from pipelines.figures import Bitmap, Figure, Line, Polygon, Rectangle
from pipelines.sample import Sample
from tests.support import drawn, pixels_of, tiny_sample

SIZE = (90, 120)
CORNERS = np.array([(30, 25), (80, 25), (80, 60), (30, 60)])


def seen(sample: Sample, scale: float, seed: int = 0, **more: object) -> Sample:
    settings = {"scale": {"min": scale, "max": scale}, **more}
    (found,) = PerspectiveTransform.from_settings(settings).apply(sample, np.random.default_rng(seed))
    return found


@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize("fit", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_masks_and_outlines_stay_on_what_they_mark(keep, fit, seed):
    mask = np.zeros(SIZE, bool)
    mask[25:60, 30:80] = True
    sample = tiny_sample([Figure("b", *Bitmap.trimmed(0, 0, mask)), Figure("p", Polygon(CORNERS))], size=SIZE)
    found = seen(sample, 0.2, seed, size_box={"keep": keep, "fit": fit})
    picture = pixels_of(found, mask[:, :, None].repeat(3, axis=2).astype(np.uint8) * 255)
    assert picture.shape[:2] == found.image.size
    if keep:
        assert found.image.size == SIZE
    lit = picture[:, :, 0] > 127
    bitmap, polygon = (drawn(figure.shape, found.image.size) for figure in found.figures)
    assert (bitmap & lit).sum() / (bitmap | lit).sum() > 0.98
    assert (polygon & lit).sum() / (polygon | lit).sum() > 0.9


@pytest.mark.parametrize("seed", range(5))
def test_fitting_keeps_all_of_the_image_and_filling_shows_nothing_else(seed):
    white = np.full((*SIZE, 3), 255, np.uint8)
    whole = tiny_sample([Figure("r", Rectangle(0, 0, 120, 90))], size=SIZE)
    filled = pixels_of(seen(whole, 0.2, seed), white)
    assert (filled == 255).all()
    fitted = seen(whole, 0.2, seed, size_box={"keep": False, "fit": True}, cval={"value": 7})
    pixels = pixels_of(fitted, white)
    assert pixels.min() == 7
    height, width = fitted.image.size
    assert fitted.figures[0].shape.bounds == pytest.approx((0, 0, width, height), abs=1e-6)


@pytest.mark.parametrize("seed", range(200))
def test_moved_corners_are_convex_however_strong(seed):
    corners = moved_corners(SIZE, 0.5, np.random.default_rng(seed))
    quadrilateral = shapely.Polygon(corners)
    assert quadrilateral.is_valid
    assert quadrilateral.convex_hull.area == pytest.approx(quadrilateral.area)
    assert shapely.box(0, 0, SIZE[1], SIZE[0]).covers(quadrilateral)


def test_outlines_far_outside_do_not_come_back_from_beyond_the_horizon():
    figures = [
        Figure("p", Polygon([(-900, -900), (900, -900), (900, 900), (-900, 900)])),
        Figure("l", Line([(-999, 45), (999, 45)])),
    ]
    for seed in range(10):
        found = seen(tiny_sample(figures, size=SIZE), 0.3, seed)
        polygon, line = (figure.shape for figure in found.figures)
        assert polygon.bounds == pytest.approx((0, 0, 120, 90), abs=1e-6)
        assert (line.bounds[0], line.bounds[2]) == pytest.approx((0, 120), abs=1e-6)


def test_straight_lines_stay_straight():
    (line,) = (
        f.shape
        for f in seen(tiny_sample([Figure("l", Line([(40, 30), (60, 40), (80, 50)]))], size=SIZE), 0.1, 1).figures
    )
    (ax, ay), (bx, by), (cx, cy) = line.points.tolist()
    assert (bx - ax) * (cy - ay) == pytest.approx((by - ay) * (cx - ax))


@pytest.mark.parametrize(
    ("low", "high", "message"),
    [
        (0.005, 0.1, "found 0.005, at least 0.01 is expected"),
        (0.1, 0.6, "found 0.6, at most 0.5 is expected"),
        (0.2, 0.1, "min 0.2 is greater than max 0.1; exchange them"),
    ],
)
def test_limits_are_checked(low, high, message):
    action = PerspectiveTransform.from_settings({"scale": {"min": low, "max": high}})
    assert [finding.message for finding in action.problems()] == [message]
