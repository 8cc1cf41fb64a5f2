"""Times of clicks: the looks that are timed are those that a person waits for, whatever the network says."""

import torch

from model.evaluation.click_times import PHOTOGRAPH, click_times
from model.inference.backend import TorchBackend
from tests.model.toy_networks import Spy, empty


def test_a_first_click_is_timed_with_its_second_look_even_of_a_network_that_finds_nothing() -> None:
    spy = Spy(empty)
    threads = torch.get_num_threads()
    times = click_times(TorchBackend(spy, 3.0), 64, repeats=3, warm_up=1)
    assert times.first.shape == times.third.shape == (3,)
    assert (times.first > 0).all()
    # Two looks for the first click, one for the second and for the third each.
    assert len(spy.images) == 4 * (2 + 1 + 1)
    whole, close, *_ = (image.shape[2:] for image in spy.images)
    assert tuple(whole) == (round(64 * PHOTOGRAPH[0] / PHOTOGRAPH[1]), 64)
    assert max(close) == 64
    assert torch.get_num_threads() == threads


def test_a_slow_machine_is_not_waited_for(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr("model.evaluation.click_times.LONGEST", 0.0)
    monkeypatch.setattr("model.evaluation.click_times.FEWEST", 2)
    assert len(click_times(TorchBackend(empty, 3.0), 64, repeats=50, warm_up=1).first) == 2
