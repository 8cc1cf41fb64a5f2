"""A look at a part of an image: the same pixels and clicks in training and in use, whatever its size and place."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from model.clicks.views import LARGEST_REDUCTION, Pyramid, looked_at, points_in
from model.inference.zoom import View
from pipelines.clicks import Click
from pipelines.image import Rect


def slowly_looked_at(image: np.ndarray, box: tuple[float, ...], size_hw: tuple[int, int]) -> np.ndarray:
    """(H, W) → (h, w): each pixel's centre followed to the image and mixed from the four pixels around it."""
    top, left, height, width = box
    result = np.zeros(size_hw)
    for row in range(size_hw[0]):
        for column in range(size_hw[1]):
            y = top + (row + 0.5) * height / size_hw[0] - 0.5
            x = left + (column + 0.5) * width / size_hw[1] - 0.5
            for dy in (0, 1):
                for dx in (0, 1):
                    r, c = int(np.floor(y)) + dy, int(np.floor(x)) + dx
                    share = (1 - abs(y - r)) * (1 - abs(x - c))
                    inside = min(max(r, 0), image.shape[0] - 1), min(max(c, 0), image.shape[1] - 1)
                    result[row, column] += share * image[inside]
    return result


sides = st.floats(2, 40)
boxes = st.tuples(st.floats(-3, 30), st.floats(-3, 30), sides, sides)


@settings(deadline=None)
@given(box=boxes, size=st.tuples(st.integers(1, 20), st.integers(1, 20)))
def test_each_pixel_is_mixed_from_the_four_around_its_place(box: tuple[float, ...], size: tuple[int, int]):
    image = np.random.default_rng(0).random((17, 23)).astype(np.float32)
    # Beyond the border its pixels go on, so far that only they are left.
    found = looked_at(torch.from_numpy(image)[None, None], torch.tensor([box]), size)[0, 0].numpy()
    near = np.pad(image, 60, mode="edge")
    expected = slowly_looked_at(near, (box[0] + 60, box[1] + 60, *box[2:]), size)
    np.testing.assert_allclose(found, expected, atol=1e-4)


@settings(deadline=None)
@given(box=boxes, size=st.tuples(st.integers(1, 300), st.integers(1, 300)), x=st.integers(0, 40), y=st.integers(0, 40))
def test_a_click_stays_on_its_pixel(box: tuple[float, ...], size: tuple[int, int], x: int, y: int):
    """Where a click lands in the network's input is the place that shows what lay under it."""
    columns = torch.arange(80.0).expand(1, 1, 80, 80)
    point = points_in(torch.tensor([[[float(x), float(y), 1.0]]]), torch.tensor([box]), size)[0, 0]
    for axis, ramp in ((0, columns), (1, columns.transpose(2, 3))):
        length = size[1 - axis]
        place = round(point[axis].item())
        if 0 <= place < length:
            shown = looked_at(ramp, torch.tensor([box]), size)[0, 0]
            value = shown[0, place] if axis == 0 else shown[place, 0]
            # At most half a pixel of the input away, which is so many of the image.
            assert abs(value.item() - (x, y)[axis]) <= 0.5 * box[3 - axis] / length + 1e-3
    assert point[2] == 1


@settings(deadline=None)
@given(
    region=st.tuples(st.integers(0, 60), st.integers(20, 60), st.integers(0, 90), st.integers(20, 90)),
    side=st.integers(24, 96),
)
def test_training_and_use_give_the_network_the_same(region: tuple[int, int, int, int], side: int):
    """Use cuts a region by whole pixels, training a box of a batch: the same look gives the same input."""
    rng = np.random.default_rng(1)
    image = torch.from_numpy(rng.random((1, 3, 121, 181), np.float32))
    top, height, left, width = region
    area = Rect(left, top, left + width, top + height)
    assert max(height, width) / side <= LARGEST_REDUCTION + 2
    view = View(area, area, (side, side), corners=False)
    clicks = [Click(int(x), int(y), bool(p)) for x, y, p in rng.integers(0, (181, 121, 2), (5, 3))]
    box = torch.tensor([[top, left, height, width]], dtype=torch.float32)
    trained = looked_at(image, box, (side, side))
    if max(height, width) / side <= LARGEST_REDUCTION:
        assert (view.cut(Pyramid(image)) - trained).abs().max() < 1 / 255
    points = torch.tensor([[[c.x, c.y, float(c.positive)] for c in clicks]])
    torch.testing.assert_close(view.points(clicks, (121, 181)), points_in(points, box, (side, side)), atol=1e-4, rtol=0)


def test_an_image_that_is_made_much_smaller_is_averaged_and_not_sampled():
    stripes = torch.zeros(1, 1, 320, 448)
    stripes[..., ::2] = 1
    found = Pyramid(stripes).looked_at((0, 0, 320, 448), (20, 27))
    assert (found - 0.5).abs().max() < 0.02
    whole = Pyramid(stripes).looked_at((0, 0, 320, 448), (320, 448))
    torch.testing.assert_close(whole, stripes, atol=1e-3, rtol=0)


def test_halving_moves_nothing():
    """A ramp keeps its values at their places, also where the last row or column is an odd one."""
    ramp = torch.arange(903.0).expand(1, 1, 705, 903)
    found = Pyramid(ramp).looked_at((0, 0, 705, 903), (47, 60))[0, 0, 20]
    expected = (torch.arange(60) + 0.5) * 903 / 60 - 0.5
    torch.testing.assert_close(found[1:-1], expected[1:-1], atol=0.51, rtol=0)
    assert (found[1:-1] - expected[1:-1]).mean().abs() < 0.1
