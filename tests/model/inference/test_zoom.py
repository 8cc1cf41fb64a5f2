"""Where the network looks, and where its answer goes."""

import numpy as np
import pytest
import torch

from model.clicks.tensors import PADDING
from model.clicks.views import Pyramid
from model.inference.zoom import View, ZoomIn, image_tensor, overlap, resize, well_inside
from pipelines.clicks import Click
from pipelines.errors import UserError
from pipelines.image import Rect


def filled(height: int, width: int, top: int, bottom: int, left: int, right: int) -> np.ndarray:
    """Probabilities of a rectangle with inclusive ends."""
    probability = np.zeros((height, width), np.float32)
    probability[top : bottom + 1, left : right + 1] = 0.9
    return probability


def test_a_region_is_the_box_expanded_around_its_centre_and_clamped() -> None:
    zoom = ZoomIn(min_crop=1)
    # 100 rows expand to 140: 20 more on each side, halves rounded to even.
    assert zoom.region_around(filled(500, 500, 100, 199, 200, 299), []) == Rect(180, 80, 321, 221)
    assert zoom.region_around(filled(500, 500, 0, 99, 450, 499), []) == Rect(440, 0, 500, 121)


def test_a_region_is_never_smaller_than_the_smallest_crop_unless_the_image_is() -> None:
    assert ZoomIn().region_around(filled(500, 500, 250, 250, 250, 250), []) == Rect(150, 150, 351, 351)
    assert ZoomIn().region_around(filled(50, 60, 20, 20, 20, 20), []) == Rect(0, 0, 60, 50)


def test_a_region_takes_in_positive_clicks_but_not_negative_ones() -> None:
    zoom = ZoomIn(min_crop=1, expansion=1.0)
    probability = filled(100, 100, 40, 49, 40, 49)
    grown = zoom.region_around(probability, [Click(80, 44, True), Click(5, 5, False)])
    assert grown is not None
    assert grown.right >= 80
    assert grown.left > 30
    assert grown.top > 30


def test_an_empty_answer_gives_no_region() -> None:
    assert ZoomIn().region_around(np.full((10, 10), 0.5, np.float32), [Click(3, 3, True)]) is None


def test_the_last_row_and_column_of_a_region_do_not_count_as_inside() -> None:
    region = Rect(30, 10, 41, 21)
    assert well_inside(region, Click(30, 10, True))
    assert well_inside(region, Click(39, 19, True))
    assert not well_inside(region, Click(40, 15, True))
    assert not well_inside(region, Click(35, 20, True))


def test_overlap_is_the_product_of_rows_and_columns() -> None:
    region = Rect(0, 0, 10, 10)
    assert overlap(region, Rect(0, 0, 10, 10)) == 1.0
    assert overlap(region, Rect(0, 5, 10, 15)) == 5 / 15
    assert overlap(region, Rect(5, 5, 15, 15)) == (5 / 15) ** 2
    assert overlap(region, Rect(0, 20, 10, 31)) == 0.0


@pytest.mark.parametrize(
    ("old", "new", "click", "moves"),
    [
        (None, Rect(0, 0, 10, 10), Click(1, 1, True), True),
        (Rect(0, 0, 10, 10), Rect(0, 0, 10, 10), Click(1, 1, True), False),
        (Rect(0, 0, 10, 10), Rect(0, 0, 10, 10), Click(50, 1, True), True),
        (Rect(0, 0, 10, 10), Rect(0, 0, 10, 10), Click(50, 1, False), False),
        (Rect(0, 0, 10, 10), Rect(0, 0, 10, 20), Click(1, 1, True), False),
        (Rect(0, 0, 10, 10), Rect(0, 0, 10, 21), Click(1, 1, True), True),
    ],
)
def test_when_the_region_moves(old: Rect | None, new: Rect, click: Click, moves: bool) -> None:
    assert ZoomIn().needs_new_region(old, new, [click]) is moves


def test_the_longer_side_becomes_the_target_size() -> None:
    assert ZoomIn(target_size=400).input_size(100, 200) == (200, 400)
    assert ZoomIn(target_size=400).input_size(1000, 3) == (400, 1)


def test_the_first_click_sees_the_whole_image() -> None:
    full = filled(300, 600, 100, 110, 100, 110)
    published = View.of(ZoomIn(), (300, 600), [Click(1, 1, True)], full, None)
    assert published == View(None, None, (300, 600))
    people = View.of(ZoomIn.for_people(200), (300, 600), [Click(1, 1, True)], np.zeros_like(full), None)
    assert people == View(None, None, (100, 200), corners=False)


def test_people_correcting_a_mask_see_it_enlarged_from_the_first_click() -> None:
    view = View.of(
        ZoomIn.for_people(200), (300, 600), [Click(105, 105, True)], filled(300, 600, 90, 120, 90, 120), None
    )
    assert view.look is not None
    assert view.look == view.paste


def test_after_an_empty_answer_the_old_region_is_kept_or_forgotten() -> None:
    old = Rect(0, 0, 100, 100)
    clicks = [Click(1, 1, True), Click(2, 2, True)]
    nothing = np.zeros((300, 300), np.float32)
    published = View.of(ZoomIn(), (300, 300), clicks, nothing, old)
    assert (published.look, published.paste) == (None, old)
    people = View.of(ZoomIn.for_people(128), (300, 300), clicks, nothing, old)
    assert (people.look, people.paste) == (None, None)


def test_clicks_move_into_the_region_without_rounding() -> None:
    view = View(Rect(100, 10, 140, 30), Rect(100, 10, 140, 30), (50, 100))
    points = view.points([Click(101, 11, True), Click(139, 29, False)], (300, 300))
    assert points.tolist() == [[[2.5, 2.5, 1.0], [97.5, 47.5, 0.0]]]


def test_a_click_left_of_and_above_the_region_is_dropped_others_outside_stay() -> None:
    view = View(Rect(100, 10, 140, 30), Rect(100, 10, 140, 30), (20, 40))
    points = view.points([Click(99, 9, True), Click(99, 10, True), Click(200, 5, False)], (300, 300))
    assert points[0, 0, 2] == PADDING
    assert points[0, 1].tolist() == [-1.0, 0.0, 1.0]
    assert points[0, 2].tolist() == [100.0, -5.0, 0.0]


def test_what_is_cut_out_goes_back_where_it_was_and_the_rest_is_empty() -> None:
    generator = np.random.default_rng(0)
    full = torch.from_numpy(generator.random((1, 1, 40, 50), np.float32))
    region = Rect(20, 5, 40, 15)
    view = View(region, region, (10, 20))
    back = view.paste_back(view.cut(Pyramid(full)), (40, 50))
    np.testing.assert_array_equal(back[5:15, 20:40], full[0, 0, 5:15, 20:40].numpy())
    back[5:15, 20:40] = 0
    assert not back.any()


def test_resizing_keeps_the_corners() -> None:
    small = torch.arange(12.0).view(1, 1, 3, 4)
    large = resize(small, (31, 17))
    assert [large[0, 0, y, x].item() for y in (0, -1) for x in (0, -1)] == [0.0, 3.0, 8.0, 11.0]


def test_images_become_tensors_in_0_to_1() -> None:
    image = np.zeros((2, 3, 3), np.uint8)
    image[1, 2] = (255, 51, 0)
    tensor = image_tensor(image)
    assert tensor.shape == (1, 3, 2, 3)
    assert tensor[0, :, 1, 2].tolist() == pytest.approx([1.0, 0.2, 0.0])


def test_what_is_no_image_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\(H, W, 3\) uint8 RGB, found shape \(4, 4\) and type uint8"):
        image_tensor(np.zeros((4, 4), np.uint8))


def test_settings_that_cannot_be_are_refused() -> None:
    with pytest.raises(UserError, match=r"target_size 0 and min_crop 200 must be at least 1"):
        ZoomIn(target_size=0)
    with pytest.raises(UserError, match=r"skip_clicks 1 forbids it; use skip_clicks 0 or no second_look"):
        ZoomIn(second_look=True)
