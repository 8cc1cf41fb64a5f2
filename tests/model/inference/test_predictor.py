"""Sessions: values that give other values, and masks that obey."""

import numpy as np
import pytest
import torch

from model.clicks.promises import obey
from model.clicks.threshold import binarise
from model.inference.backend import TorchBackend
from model.inference.predictor import Predictor, Session
from model.inference.zoom import ZoomIn
from pipelines.clicks import Click
from pipelines.errors import UserError
from tests.model.toy_networks import Spy, bright, discs, empty, write_checkpoint


def picture(height: int = 60, width: int = 80) -> np.ndarray:
    """Dark, with a bright rectangle in columns 20 to 39 and rows 10 to 29."""
    image = np.full((height, width, 3), 20, np.uint8)
    image[10:30, 20:40] = 230
    return image


def plain(network: object = bright, **options: object) -> Predictor:
    return Predictor(TorchBackend(network, 3.0), **options)  # type: ignore[arg-type]


def test_a_click_gives_a_mask_and_leaves_the_session_before_it_alone() -> None:
    start = plain().set_image(picture())
    after = start.click(25, 20, True)
    assert not start.mask.any()
    assert start.clicks == ()
    assert after.clicks == (Click(25, 20, True),)
    expected = np.zeros((60, 80), bool)
    expected[10:30, 20:40] = True
    np.testing.assert_array_equal(after.mask, expected)


def test_undo_gives_back_the_very_session_before() -> None:
    first = plain().set_image(picture()).click(25, 20, True)
    second = first.click(70, 50, False)
    assert second.undo() is first
    assert second.undo().undo().clicks == ()


def test_two_futures_of_one_session_do_not_meet() -> None:
    first = plain(discs).set_image(picture()).click(25, 20, True)
    left, right = first.click(10, 10, True), first.click(70, 50, True)
    assert left.mask[10, 10]
    assert not right.mask[10, 10]
    assert right.mask[50, 70]


def test_undo_without_a_click_is_refused() -> None:
    with pytest.raises(UserError, match="there is no click to undo"):
        plain().set_image(picture()).undo()


@pytest.mark.parametrize(("x", "y"), [(80, 0), (0, 60), (-1, 5)])
def test_a_click_outside_is_refused_with_the_range(x: int, y: int) -> None:
    with pytest.raises(UserError, match=f"x {x}, y {y} lies outside of the image: x goes from 0 to 79, y from 0 to 59"):
        plain().set_image(picture()).click(x, y, True)


def test_the_network_gets_the_last_answer_and_the_clicks() -> None:
    spy = Spy()
    session = plain(spy, zoom=ZoomIn(skip_clicks=99)).set_image(picture()).click(25, 20, True).click(70, 50, False)
    first, second = spy.maps
    assert not first[0, 0].any()
    np.testing.assert_array_equal(second[0, 0].numpy(), session.undo().probability)
    assert second[0, 1, 20, 25] == 1
    assert second[0, 2, 50, 70] == 1
    assert second[0, 1, 50, 70] == 0


def test_several_clicks_at_once_cost_one_run_and_one_undo() -> None:
    spy = Spy()
    start = plain(spy).set_image(picture())
    session = start.add([Click(25, 20, True), Click(70, 50, False)])
    assert len(spy.maps) == 1
    assert session.undo() is start
    assert start.add([]) is start


def test_from_the_second_click_on_the_network_sees_the_object_enlarged() -> None:
    spy = Spy()
    zoom = ZoomIn(target_size=120, min_crop=30)
    session = plain(spy, zoom=zoom).set_image(picture()).click(25, 20, True).click(30, 20, True)
    assert spy.images[0].shape[2:] == (60, 80)
    assert spy.images[1].shape[2:] == (120, 120)
    assert spy.images[1].mean() > spy.images[0].mean()
    assert session.mask[10:30, 20:40].all()
    assert not session.mask[:5].any()


def test_the_second_look_sharpens_the_first_answer() -> None:
    spy = Spy()
    image = np.full((400, 600, 3), 20, np.uint8)
    image[100:180, 200:300] = 230
    session = plain(spy, zoom=ZoomIn.for_people(64)).set_image(image).click(250, 140, True)
    assert [list(seen.shape[2:]) for seen in spy.images] == [[43, 64], [64, 64]]
    assert session.clicks == (Click(250, 140, True),)
    assert session.undo().clicks == ()
    spy.images.clear()
    plain(spy, zoom=ZoomIn.for_people(64)).set_image(picture(30, 40)).click(25, 20, True)
    assert len(spy.images) == 1


def test_a_redundant_first_click_does_not_turn_over_the_mask_a_session_started_from() -> None:
    def inverting(image: torch.Tensor, maps: torch.Tensor) -> torch.Tensor:
        return 20 - 40 * maps[:, :1]

    mask = np.zeros((60, 80), bool)
    mask[10:30, 20:40] = True
    start = plain(inverting).set_image(picture(), mask)
    np.testing.assert_array_equal(start.click(25, 20, True).mask, mask)
    np.testing.assert_array_equal(start.click(60, 50, False).mask, mask)


def test_masks_to_start_from_are_read_as_yes_or_no() -> None:
    spy = Spy()
    mask = np.zeros((60, 80), np.uint8)
    mask[10:30, 20:40] = 255
    start = plain(spy).set_image(picture(), mask.astype(bool))
    as_bytes = plain(spy).set_image(picture(), mask)  # type: ignore[arg-type]
    np.testing.assert_array_equal(as_bytes.probability, start.probability)
    assert as_bytes.probability.max() == 1


def test_nobody_can_write_into_a_session() -> None:
    session = plain().set_image(picture()).click(25, 20, True)
    for values in (session.mask, session.probability, session.undo().probability, session.undo().mask):
        with pytest.raises(ValueError, match="read-only"):
            values[0, 0] = True


def test_a_session_may_start_from_a_mask() -> None:
    spy = Spy()
    mask = np.zeros((60, 80), bool)
    mask[0:5, 0:5] = True
    start = plain(spy).set_image(picture(), mask)
    np.testing.assert_array_equal(start.mask, mask)
    start.click(25, 20, True)
    np.testing.assert_array_equal(spy.maps[0][0, 0].numpy(), mask)
    with pytest.raises(UserError, match="the mask to start from is 4 × 5, the image 60 × 80"):
        plain().set_image(picture(), np.zeros((4, 5), bool))


def test_flipping_averages_the_logits_of_both_images() -> None:
    def slope(image: torch.Tensor, maps: torch.Tensor) -> torch.Tensor:
        ramp = torch.linspace(-4, 4, image.shape[3])
        return ramp.expand(image.shape[0], 1, *image.shape[2:]) + maps[:, 1:2]

    session = plain(slope, flip=True, zoom=ZoomIn(skip_clicks=99)).set_image(picture()).click(25, 20, True)
    # The ramp cancels out against its mirror image, the disc falls on itself.
    expected = torch.sigmoid(torch.tensor([0.0, 1.0]))
    assert session.probability[0, 0] == pytest.approx(expected[0].item())
    assert session.probability[20, 25] == pytest.approx(expected[1].item())
    assert session.probability[20, 80 - 1 - 25] == pytest.approx(expected[0].item())


def test_the_guarantee_writes_clicks_into_the_mask_and_not_into_the_probability() -> None:
    def clicked(guarantee: bool) -> Session:
        session = plain(empty, guarantee=guarantee).set_image(picture())
        return session.click(25, 20, True).click(26, 20, False)

    assert np.argwhere(clicked(True).mask).tolist() == [[20, 25]]
    assert not clicked(False).mask.any()
    assert clicked(True).probability.max() < 0.01


def test_the_threshold_is_strict_and_in_32_bit() -> None:
    probability = np.array([[0.49, 0.4900001, 0.48]], np.float32)
    assert binarise(probability).tolist() == [[False, True, False]]


def test_obeying_changes_nothing_but_the_clicked_pixels() -> None:
    mask = np.zeros((5, 5), bool)
    mask[0, 0] = True
    obeyed = obey(mask, [Click(0, 0, False), Click(3, 2, True), Click(4, 4, True), Click(4, 4, False)])
    assert np.argwhere(obeyed).tolist() == [[2, 3]]
    assert np.argwhere(mask).tolist() == [[0, 0]]


def test_weights_make_a_predictor_for_people(tmp_path: object) -> None:
    predictor, card = Predictor.load(write_checkpoint(tmp_path / "nano.ckpt", 64))  # type: ignore[operator]
    assert predictor.zoom == ZoomIn.for_people(64)
    assert predictor.backend.radius == card.click_radius == 2.0
    mask = predictor.set_image(picture()).click(25, 20, True).mask
    assert mask.shape == (60, 80)
    assert mask[20, 25]
