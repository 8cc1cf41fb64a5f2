"""`supervisely`: what is saved lies inside its image; its settings have no meaning."""

import numpy as np
import pytest

from pipelines.actions.supervisely import Supervisely
from pipelines.figures import Bitmap, Figure, Line, Point, Rectangle
from tests.support import assert_same, chain, run, tiny_sample


@pytest.mark.parametrize("settings", [{}, {"anything": 1}, [], None, "x", 5])
def test_any_settings_are_taken(settings):
    assert Supervisely.from_settings(settings) == Supervisely()


def test_figures_are_clipped():
    figures = [
        Figure("b", Bitmap(58, 38, np.ones((4, 4), bool))),
        Figure("r", Rectangle(-5, -5, 5, 5)),
        Figure("l", Line([(50, 20), (70, 20)])),
        Figure("p", Point(61, 5)),
    ]
    (found,) = Supervisely().apply(tiny_sample(figures), None)
    assert [figure.shape for figure in found.figures] == [
        Bitmap(58, 38, np.ones((2, 2), bool)),
        Rectangle(0, 0, 5, 5),
        Line([(50, 20), (60, 20)]),
    ]


def test_a_sample_inside_its_image_is_saved_as_it_is():
    (found,) = run(chain(), [tiny_sample()]).samples
    assert_same(found, tiny_sample(), ignore_key=True)


def test_one_image_by_several_ways_is_saved_as_often():
    graph = chain(("multiply", {"multiply": 3}))
    graph[-1]["src"] = ["$1", "$0"]
    found = run(graph, [tiny_sample()]).samples
    assert len(found) == 4
    assert len({sample.key for sample in found}) == 4
    assert not any(sample.image.ops for sample in found)
