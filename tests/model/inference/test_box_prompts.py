"""A box as the only prompt: what the network is told, what it may answer, and clicks that go on from there."""

import numpy as np
import pytest
import torch

from model.inference.backend import TorchBackend
from model.inference.box_prompts import PASSES, PRIOR, box_points, checked_box, prior, within
from model.inference.predictor import Predictor
from model.inference.zoom import ZoomIn
from pipelines.clicks import Click
from pipelines.errors import UserError
from tests.model.toy_networks import Spy, bright, discs, empty

BOX = (20, 10, 39, 29)
"""Around the bright rectangle of `picture`."""


def picture() -> np.ndarray:
    """Dark, with bright rectangles in columns 20 to 39 and rows 10 to 29, and in columns 60 to 69 and rows 40 to 49."""
    image = np.full((60, 80, 3), 20, np.uint8)
    image[10:30, 20:40] = 230
    image[40:50, 60:70] = 230
    return image


def plain(network: object = bright, zoom: ZoomIn | None = None, **options: object) -> Predictor:
    zoom = zoom or ZoomIn(target_size=80, min_crop=10)
    return Predictor(TorchBackend(network, 3.0), zoom, **options)  # type: ignore[arg-type]


def test_a_box_has_an_answer_before_any_click() -> None:
    session = plain().set_image(picture(), box=BOX)
    expected = np.zeros((60, 80), bool)
    expected[10:30, 20:40] = True
    assert (session.mask & expected).sum() / (session.mask | expected).sum() > 0.9
    assert session.clicks == ()
    with pytest.raises(UserError, match="there is no click to undo"):
        session.undo()
    with pytest.raises(ValueError, match="read-only"):
        session.probability[0, 0] = 1


def test_the_network_looks_at_the_box_and_is_told_of_it_by_points_and_an_unsure_ellipse() -> None:
    spy = Spy()
    session = plain(spy).set_image(picture(), box=BOX)
    assert len(spy.maps) == PASSES
    region = session.view.look
    # The box is 20 pixels wide and high; 1.4 times as much around it is looked at, enlarged to 80 pixels.
    assert (region.left, region.top) == (16, 6)
    assert region.right <= 45
    assert max(spy.images[0].shape[2:]) == 80
    previous, positive, negative = spy.maps[0][0].numpy()
    assert previous.max() == PRIOR
    assert 0 < (previous > 0).mean() < 0.6
    middle = previous.shape[0] // 2
    assert positive[middle - 4 : middle + 5, middle - 4 : middle + 5].any()
    assert not positive[:15].any()
    assert negative[:20].any()
    assert not negative[25:-25, 25:-25].any()
    np.testing.assert_allclose(spy.maps[1][0, 1:], spy.maps[0][0, 1:])
    assert spy.maps[1][0, 0].max() > 0.9


def test_what_lies_well_outside_of_the_box_is_not_the_object() -> None:
    def everything(image: torch.Tensor, maps: torch.Tensor) -> torch.Tensor:
        return torch.full_like(maps[:, :1], 20.0)

    mask = plain(everything).set_image(picture(), box=BOX).mask
    rows, columns = np.nonzero(mask)
    # A margin of 3 % of 20 pixels, at least one.
    assert (columns.min(), rows.min(), columns.max(), rows.max()) == (19, 9, 40, 30)


@pytest.mark.parametrize("zoom", [ZoomIn(target_size=80, min_crop=10), ZoomIn.for_people(80)])
def test_clicks_go_on_from_the_answer_to_the_box(zoom: ZoomIn) -> None:
    spy = Spy()
    start = plain(spy, zoom).set_image(picture(), box=BOX)
    del spy.maps[:]
    after = start.click(25, 15, True)
    assert after.clicks == (Click(25, 15, True),)
    assert len(spy.maps) == 1
    assert spy.maps[0][0, 0].max() > 0.9
    # Only the click itself is told now.
    assert spy.maps[0][0, 2].max() == 0
    assert after.undo() is start
    assert after.remove(0).probability is start.probability
    assert after.first is start


@pytest.mark.parametrize("zoom", [ZoomIn(target_size=80, min_crop=10), ZoomIn.for_people(80)])
def test_a_click_after_a_box_is_answered_where_it_was_looked(zoom: ZoomIn) -> None:
    """Both look at the whole of so small an image for a first click, which then shows both of the bright rectangles."""
    after = plain(bright, zoom).set_image(picture(), box=BOX).click(25, 15, True)
    expected = picture().mean(axis=2) > 127
    assert (after.mask & expected).sum() / (after.mask | expected).sum() > 0.9


def test_the_guarantee_holds_from_the_answer_to_the_box_on() -> None:
    start = plain(discs).set_image(picture(), box=BOX)
    assert start.mask.any()
    after = start.click(50, 55, True)
    assert after.mask[55, 50]
    nothing = plain(empty).set_image(picture(), box=BOX)
    assert not nothing.mask.any()
    assert np.argwhere(nothing.click(25, 15, True).mask).tolist() == [[15, 25]]


@pytest.mark.parametrize(
    ("box", "message"),
    [
        (
            (0, 0, 80, 10),
            r"box of left 0, top 0, right 80, bottom 10 does not lie in the image: x goes from 0 to 79, y from 0",
        ),
        ((-1, 0, 8, 10), "box of left -1"),
        ((9, 0, 8, 10), "left is at most right, top at most bottom"),
        ((0, 0, 8, 60), "y from 0 to 59"),
        ((0, 0, 8), r"the box \(0, 0, 8\) is not four whole numbers; give left, top, right, bottom in pixels"),
        ((0, 0.5, 8, 9), "is not four whole numbers"),
    ],
)
def test_a_box_that_is_none_is_refused(box: tuple, message: str) -> None:
    with pytest.raises(UserError, match=message):
        plain().set_image(picture(), box=box)


def test_a_mask_and_a_box_are_refused() -> None:
    with pytest.raises(
        UserError, match="a session starts from a mask or from a box, and both were given; leave one out"
    ):
        plain().set_image(picture(), np.zeros((60, 80), bool), BOX)


def test_numbers_of_numpy_are_numbers() -> None:
    assert checked_box(np.array([1, 2, 3, 4]), (10, 10)) == (1, 2, 3, 4)


def test_points_stand_for_the_box_and_none_lies_beyond_the_image() -> None:
    points = box_points((10, 20, 29, 39), (100, 100))
    assert points[0] == Click(19, 29, True)
    assert len(points) == 9
    assert all(not (10 <= point.x <= 29 and 20 <= point.y <= 39) for point in points[1:])
    assert not any(point.positive for point in points[1:])
    assert box_points((0, 0, 9, 9), (10, 10)) == (Click(4, 4, True),)
    assert len(box_points((0, 0, 9, 9), (10, 30))) == 2


def test_the_ellipse_touches_the_sides_of_the_box() -> None:
    found = prior((5, 3, 15, 9), (20, 30))
    assert set(np.unique(found)) == {0, np.float32(PRIOR)}
    rows, columns = np.nonzero(found)
    assert (columns.min(), rows.min(), columns.max(), rows.max()) == (5, 3, 15, 9)
    assert prior((4, 4, 4, 4), (9, 9)).sum() == PRIOR


def test_the_margin_around_a_box_ends_at_the_image() -> None:
    kept = within(np.ones((10, 100), np.float32), (0, 0, 99, 9))
    assert kept.all()
    assert within(np.ones((10, 100), np.float32), (50, 0, 99, 9)).sum() == 10 * 52
