"""`sliding_window`: windows in equal steps, the last ones pushed back to fit."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.actions.sliding_window import SlidingWindow
from pipelines.figures import Figure, Point
from tests.support import coordinates, pixels_of, tiny_sample


def windows(width: int, height: int, x: int = 0, y: int = 0) -> SlidingWindow:
    return SlidingWindow.from_settings({"window": {"width": width, "height": height}, "min_overlap": {"x": x, "y": y}})


def test_the_worked_numbers():
    found = [(rect.left, rect.top) for rect in windows(4, 4, 1, 1).windows((7, 10))]
    assert found == [(0, 0), (3, 0), (6, 0), (0, 3), (3, 3), (6, 3)]
    assert [(r.left, r.top) for r in windows(4, 4).windows((7, 10))] == [(0, 0), (4, 0), (6, 0), (0, 3), (4, 3), (6, 3)]


@given(st.integers(1, 40), st.integers(1, 40), st.data())
def test_windows_cover_the_image_and_overlap_enough(extent, window, data):
    window = min(window, extent)
    overlap = data.draw(st.integers(0, window - 1))
    lefts = [rect.left for rect in windows(window, 1, overlap).windows((1, extent))]
    covered = np.zeros(extent, int)
    for left in lefts:
        covered[left : left + window] += 1
    assert covered.min() >= 1
    assert lefts[-1] + window == extent
    assert all(one + window - other >= overlap for one, other in itertools.pairwise(lefts))
    assert len(set(lefts)) == len(lefts)


def test_each_window_shows_its_part_with_its_objects():
    sample = tiny_sample([Figure("p", Point(7, 5))], size=(7, 10))
    found = list(windows(4, 4, 1, 1).apply(sample, None))
    picture = coordinates((7, 10))
    assert len(found) == 6
    assert np.array_equal(pixels_of(found[5], picture), picture[3:7, 6:10])
    assert [[figure.shape for figure in result.figures] for result in found] == [[]] * 5 + [[Point(1, 2)]]


@pytest.mark.parametrize(("width", "height"), [(11, 2), (2, 8)])
def test_a_window_larger_than_the_image_fails_in_words(width, height):
    with pytest.raises(
        ValueError, match=rf"the window is {width}x{height} .*the image only 10x7.*smaller window.*min_width"
    ):
        windows(width, height).apply(tiny_sample((), size=(7, 10)), None)


def test_an_overlap_as_large_as_the_window_is_refused():
    (finding,) = windows(10, 10, 10, 0).problems()
    assert finding.path == ("min_overlap", "x")
    assert "smaller than the window, whose width is 10" in finding.message
