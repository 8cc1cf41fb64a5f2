"""Discs and simulated clicks on tensors do what slow loops over pixels do."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

from model.clicks.tensors import (
    NEGATIVE,
    PADDING,
    POSITIVE,
    default_radius,
    depth,
    depth_by_opencv,
    depth_by_peeling,
    network_maps,
    next_clicks,
    not_clicked,
    rasterise,
)

# Multiples of 1/16 are exact in both float types, so that the border of a disc is not a matter of rounding.
coordinates = st.integers(-64, 24 * 16).map(lambda value: value / 16)
labels = st.sampled_from([POSITIVE, NEGATIVE, PADDING])
clicks = st.lists(st.tuples(coordinates, coordinates, labels), max_size=4)
WAYS = pytest.mark.parametrize("way", [depth_by_opencv, depth_by_peeling])
masks = st.integers(0, 2**32 - 1).map(lambda seed: np.random.default_rng(seed).random((9, 11)))


def discs_by_loop(
    points: list[tuple[float, float, int]], height: int, width: int, radius: float
) -> NDArray[np.float32]:
    """Every pixel asks every click."""
    result = np.zeros((2, height, width), np.float32)
    for x, y, label in points:
        for row in range(height):
            for column in range(width):
                if label != PADDING and (column - x) ** 2 + (row - y) ** 2 <= radius**2:
                    result[0 if label == POSITIVE else 1, row, column] = 1
    return result


def depth_by_loop(region: NDArray[np.bool_]) -> NDArray[np.int16]:
    """The largest square around each pixel that lies in the region."""
    height, width = region.shape
    padded = np.pad(region, max(height, width))
    result = np.zeros(region.shape, np.int16)
    offset = max(height, width)
    for row in range(height):
        for column in range(width):
            reach = 0
            y, x = row + offset, column + offset
            while padded[y - reach : y + reach + 1, x - reach : x + reach + 1].all():
                reach += 1
            result[row, column] = reach
    return result


@given(clicks, clicks, st.sampled_from([0.5, 1.0, 2.0, 2.5, 5.0]))
@settings(max_examples=60, deadline=None)
def test_discs_are_exact_also_between_pixels(first: list, second: list, radius: float):
    longest = max(len(first), len(second))
    rows = [points + [(-1.0, -1.0, PADDING)] * (longest - len(points)) for points in (first, second)]
    batch = torch.tensor(rows, dtype=torch.float32).reshape(2, longest, 3)
    expected = np.stack([discs_by_loop(points, 15, 20, radius) for points in (first, second)])
    assert np.array_equal(rasterise(batch, 15, 20, radius).numpy(), expected)


def test_a_disc_is_round_and_of_its_own_channel():
    drawn = rasterise(torch.tensor([[[2.0, 3.0, POSITIVE], [0.0, 0.0, NEGATIVE]]]), 7, 6, radius=1)
    assert drawn[0, 0].nonzero().tolist() == [[2, 2], [3, 1], [3, 2], [3, 3], [4, 2]]
    assert drawn[0, 1].nonzero().tolist() == [[0, 0], [0, 1], [1, 0]]


@pytest.mark.parametrize(("side", "radius"), [(32, 2), (96, 2), (128, 2), (256, 5), (384, 8), (512, 10)])
def test_the_radius_grows_with_the_input(side: int, radius: int):
    assert default_radius(side, side) == radius
    assert default_radius(side, 4 * side) == radius


def test_maps_are_the_previous_mask_then_the_discs():
    previous = torch.rand(1, 1, 8, 8)
    maps = network_maps(torch.tensor([[[3.0, 3.0, NEGATIVE]]]), previous, radius=1)
    assert torch.equal(maps[:, :1], previous)
    assert [int(channel.sum()) for channel in maps[0, 1:]] == [0, 5]


@WAYS
@given(values=masks)
@settings(max_examples=40, deadline=None)
def test_depth_is_the_largest_square_that_fits(values: NDArray[np.float64], way: Callable[[Tensor, int], Tensor]):
    region = values > 0.15
    assert np.array_equal(way(torch.from_numpy(region), 20).numpy(), depth_by_loop(region))


@WAYS
def test_depth_stops_at_its_limit(way: Callable[[Tensor, int], Tensor]):
    region = torch.ones(15, 15, dtype=torch.bool)
    assert way(region, 20).max() == 8
    assert way(region, 3).max() == 3


def test_depth_takes_any_leading_dimensions():
    regions = torch.rand(2, 3, 9, 11) < 0.8
    assert depth(regions, limit=4).shape == regions.shape
    assert torch.equal(depth(regions, limit=4), depth_by_peeling(regions, 4))


def test_clicked_pixels_are_remembered():
    free = not_clicked(torch.tensor([[[1.0, 2.0, POSITIVE], [9.0, 0.0, POSITIVE], [0.0, 0.0, PADDING]]]), 3, 4)
    assert (~free).nonzero().tolist() == [[0, 2, 1]]


@given(masks, masks, st.booleans())
@settings(max_examples=60, deadline=None)
def test_the_next_click_lies_deep_in_the_worse_error(truth_values: NDArray, answer_values: NDArray, randomly: bool):
    # Given a truth with ignored pixels, an answer, and one click made before
    label = np.where(truth_values > 0.9, -1, np.where(truth_values > 0.4, 1, 0)).astype(np.int8)
    answer = answer_values > 0.7
    before = (5, 4)
    missed, false = (depth_by_loop(error) for error in ((label == 1) & ~answer, (label == 0) & answer))
    missed[before[1], before[0]] = false[before[1], before[0]] = 0
    # When the next click is placed
    random = torch.from_numpy(np.random.default_rng(0).random((1, 9, 11), np.float32)) if randomly else None
    points = torch.tensor([[[*map(float, before), POSITIVE]]])
    x, y, kind = next_clicks(torch.from_numpy(answer)[None], torch.from_numpy(label)[None], points, random, 20)[
        0, 0
    ].tolist()
    # Then it is of the kind of the deeper error, in its deep part
    if missed.max() == false.max() == 0:
        assert kind == PADDING
        return
    assert kind == (POSITIVE if missed.max() > false.max() else NEGATIVE)
    chosen = missed if kind == POSITIVE else false
    if randomly:
        assert chosen[int(y), int(x)] > chosen.max() / 2
    else:
        assert int(y) * 11 + int(x) == int(chosen.argmax())


def test_random_clicks_reach_the_whole_deep_part_and_nothing_else():
    label = torch.zeros(1, 9, 9, dtype=torch.int8)
    label[0, 1:8, 1:8] = 1
    answer = torch.zeros(1, 9, 9, dtype=torch.bool)
    generator = torch.Generator().manual_seed(0)
    places = set()
    for _ in range(300):
        random = torch.rand(1, 9, 9, generator=generator)
        x, y, kind = next_clicks(answer, label, torch.zeros(1, 0, 3), random, 9)[0, 0].tolist()
        assert kind == POSITIVE
        places.add((x, y))
    assert places == {(x, y) for x in range(3, 6) for y in range(3, 6)}


def test_samples_of_a_batch_do_not_disturb_each_other():
    label = torch.zeros(3, 6, 6, dtype=torch.int8)
    label[0, 0:3, 0:3] = 1
    answer = torch.zeros(3, 6, 6, dtype=torch.bool)
    answer[1, 3:6, 3:6] = True
    found = next_clicks(answer, label, torch.zeros(3, 0, 3))[:, 0]
    assert found[:, 2].tolist() == [POSITIVE, NEGATIVE, PADDING]
    assert found[0, :2].tolist() == [0, 0]  # the depth limit of a quarter of the side is 1 here: all pixels are equal
    assert found[1, :2].tolist() == [3, 3]
