"""Masks keep their promises whatever the network says."""

import numpy as np
import pytest
import torch

from model.clicks.promises import obey, steady
from model.inference.backend import TorchBackend
from model.inference.predictor import Predictor
from model.inference.zoom import ZoomIn
from pipelines.clicks import Click
from pipelines.errors import UserError
from tests.model.toy_networks import discs


def square() -> np.ndarray:
    mask = np.zeros((8, 10), bool)
    mask[2:6, 3:8] = True
    return mask


def test_a_redundant_click_that_inverts_changes_nothing():
    for click in (Click(5, 4, True), Click(0, 0, False)):
        assert np.array_equal(steady(square(), ~square(), [click]), square())


@pytest.mark.parametrize("answer", [np.zeros((8, 10), bool), np.ones((8, 10), bool)])
def test_nothing_vanishes_after_a_redundant_click(answer: np.ndarray):
    for click in (Click(5, 4, True), Click(0, 0, False)):
        assert np.array_equal(steady(square(), answer, [click]), square())


def test_a_redundant_positive_click_only_adds_and_a_negative_one_only_takes():
    answer = square()
    answer[2, 3], answer[1, 3] = False, True
    added = steady(square(), answer, [Click(5, 4, True)])
    assert np.array_equal(added, square() | answer)
    taken = steady(square(), answer, [Click(0, 0, False)])
    assert np.array_equal(taken, square() & answer)


def test_a_click_that_corrects_gets_the_answer_as_it_is():
    assert np.array_equal(steady(square(), ~square(), [Click(0, 0, True)]), ~square())


def test_the_last_click_on_a_pixel_counts():
    mask = obey(square(), [Click(0, 0, True), Click(0, 0, False), Click(5, 4, False)])
    assert not mask[0, 0]
    assert not mask[4, 5]
    assert square()[4, 5]


def turning(image: torch.Tensor, maps: torch.Tensor) -> torch.Tensor:
    """The left half; after a second click, the right one."""
    left = torch.arange(maps.shape[3]) < maps.shape[3] / 2
    several = maps[:, 1:2].sum() > 30
    return torch.where(left ^ several, 10.0, -10.0).expand_as(maps[:, :1])


def test_a_session_does_not_turn_over_and_the_network_is_told_what_it_said():
    image = np.zeros((40, 60, 3), np.uint8)
    whole = ZoomIn(target_size=60, skip_clicks=20)
    sessions = [
        Predictor(TorchBackend(turning, 3.0), whole, guarantee=guarantee)
        .set_image(image)
        .click(5, 20, True)
        .click(20, 20, True)
        for guarantee in (True, False)
    ]
    assert sessions[0].mask[:, :30].all()
    assert not sessions[0].mask[:, 30:].any()
    assert sessions[1].mask[:, 30:].all()
    assert np.array_equal(sessions[0].probability, sessions[1].probability)


def test_a_click_is_removed_as_if_it_had_never_been_made_and_undo_brings_it_back():
    predictor = Predictor(TorchBackend(discs, 3.0), ZoomIn(target_size=60, skip_clicks=20))
    start = predictor.set_image(np.zeros((40, 60, 3), np.uint8))
    full = start.click(10, 10, True).click(30, 20, True).click(50, 30, True)
    less = full.remove(1)
    assert less.clicks == (Click(10, 10, True), Click(50, 30, True))
    assert np.array_equal(less.mask, start.click(10, 10, True).click(50, 30, True).mask)
    assert less.undo() is full
    assert less.click(1, 1, True).undo() is less
    assert less.click(1, 1, True).undo().undo() is full


def test_a_mask_to_start_from_stays_when_a_click_is_removed():
    predictor = Predictor(
        TorchBackend(lambda image, maps: 20 * maps[:, :1] - 10, 3.0), ZoomIn(target_size=60, skip_clicks=20)
    )
    begun = np.zeros((40, 60), bool)
    begun[5:20, 5:20] = True
    session = predictor.set_image(np.zeros((40, 60, 3), np.uint8), begun).click(10, 10, True).remove(0)
    assert session.clicks == ()
    assert np.array_equal(session.mask, begun)


def test_a_click_that_is_not_there_cannot_be_removed():
    predictor = Predictor(TorchBackend(discs, 3.0))
    start = predictor.set_image(np.zeros((40, 60, 3), np.uint8))
    with pytest.raises(UserError, match="no click 0 to remove: this session has none"):
        start.remove(0)
    with pytest.raises(UserError, match="no click 2 to remove: clicks are numbered from 0 to 0"):
        start.click(1, 1, True).remove(2)
