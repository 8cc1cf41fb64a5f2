"""`rasterize`: masks that share no pixel, later figures on top."""

import numpy as np
from hypothesis import given

from pipelines.actions.rasterize import Rasterize
from pipelines.figures import Bitmap, Figure, Point, Polygon, Rectangle
from pipelines.sample import Sample
from pipelines.tag import Tag
from tests.pipelines.figures.strategies import SIZE, samples
from tests.support import drawn, mask_of, tiny_sample


def rasterized(sample: Sample, *classes: str) -> Sample:
    (found,) = Rasterize.from_settings({"classes_mapping": {title: f"{title}!" for title in classes}}).apply(
        sample, None
    )
    return found


def test_a_later_figure_takes_the_pixels_of_an_earlier_one():
    before = [Figure("a", Bitmap(1, 1, mask_of("###")), (Tag("rusty"),), "first"), Figure("b", Rectangle(3, 1, 4, 2))]
    assert rasterized(tiny_sample(before), "a", "b").figures == (
        Figure("a!", Bitmap(1, 1, mask_of("##")), (Tag("rusty"),), "first"),
        Figure("b!", Bitmap(3, 1, mask_of("##", "##"))),
    )


def test_hidden_figures_vanish_and_cut_ones_stay_one():
    before = [
        Figure("a", Rectangle(5, 5, 6, 6)),
        Figure("a", Rectangle(0, 5, 20, 6)),
        Figure("a", Rectangle(4, 4, 7, 7)),
    ]
    found = rasterized(tiny_sample(before), "a").figures
    assert [figure.shape.area for figure in found] == [2 * 21 - 2 * 4, 16]


def test_a_covered_image_loses_nobody():
    before = [Figure("a", Rectangle(0, 0, 29, 39)), Figure("b", Rectangle(30, 0, 59, 39))]
    assert [figure.shape.area for figure in rasterized(tiny_sample(before), "a", "b").figures] == [1200, 1200]


def test_other_figures_come_first_unchanged():
    before = [Figure("a", Rectangle(0, 0, 5, 5)), Figure("tree", Point(3, 3)), Figure("a", Rectangle(9, 9, 12, 12))]
    assert [figure.title for figure in rasterized(tiny_sample(before), "a").figures] == ["tree", "a!", "a!"]


def test_figures_outside_leave_nothing():
    far = Polygon([(100, 100), (120, 100), (110, 120)])
    assert rasterized(tiny_sample([Figure("a", far)]), "a").figures == ()
    assert rasterized(tiny_sample(()), "a").figures == ()


@given(samples())
def test_every_pixel_belongs_to_the_topmost_figure(sample):
    kinds = ("bitmap", "polygon", "rectangle", "line", "point")
    owner = np.zeros(SIZE, int)
    for number, figure in enumerate(sample.figures, 1):
        owner[drawn(figure.shape, SIZE)] = number
    expected = [drawn_as(owner == number) for number in range(1, len(sample.figures) + 1) if (owner == number).any()]
    found = [drawn_as(drawn(figure.shape, SIZE)) for figure in rasterized(sample, *kinds).figures]
    assert found == expected


def drawn_as(mask: np.ndarray) -> list[tuple[int, int]]:
    return [tuple(pixel) for pixel in np.argwhere(mask).tolist()]
