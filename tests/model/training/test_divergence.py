"""Numbers that are not finite are noticed, on whichever step, and told with what to change."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from model.networks import build
from model.training.clock import Clock
from model.training.config import parse_config
from model.training.divergence import NEVER, DivergedError, Watch, all_finite
from model.training.module import ClickModule


def module(**changes: Any) -> ClickModule:
    """A module at step 20."""
    settings = {
        "input_size": {"width": 32, "height": 32},
        "batch_size": {"train": 4, "val": 4},
        "epochs": 1,
        "lr": 0.1,
        "network": "nano",
    }
    config = parse_config(json.dumps(settings | changes), "test.json")
    training = ClickModule(build("nano"), config, Clock.begun(config, 100), "abc")
    strategy = SimpleNamespace(reduce=lambda value, reduce_op: value)
    training._trainer = SimpleNamespace(strategy=strategy, global_step=20)  # type: ignore[assignment]
    return training


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_the_first_step_that_is_not_finite_is_remembered(bad: float):
    watch = Watch(torch.device("cpu"))
    for step, value in enumerate([1.0, 2.0, bad, 3.0, bad]):
        assert int(watch.first) == (NEVER if step < 3 else 2)
        watch.look(torch.tensor(value), step)
    assert int(watch.first) == 2


def test_one_bad_number_in_any_tensor_is_found():
    tensors = [torch.zeros(3), torch.full((2, 2), 1e30), torch.tensor(7), torch.ones(5, dtype=torch.bfloat16)]
    assert all_finite(tensors)
    for number, place in ((0, 1), (3, 4)):
        broken = [tensor.clone() for tensor in tensors]
        broken[number][place] = float("nan")
        assert not all_finite(broken)


def test_a_finite_training_goes_on():
    training = module()
    training.watch.look(torch.tensor(5.0), 3)
    training.check_finite()


def test_weights_are_looked_at_where_it_is_asked_for():
    training = module(ema=0.9)
    assert training.average is not None
    training.average.head.bias.data.fill_(float("nan"))
    training.check_finite(weights=False)
    with pytest.raises(DivergedError, match="not finite since step 20"):
        training.check_finite()


def test_the_message_names_the_step_and_what_to_change():
    training = module(precision="bf16-mixed", gradient_clip=None)
    training.watch.look(torch.tensor(float("nan")), 17)
    with pytest.raises(DivergedError) as caught:
        training.check_finite()
    assert str(caught.value) == (
        "the loss or the weights are not finite since step 17: training has diverged, and is stopped at step 20. last.ckpt and "
        "best.ckpt are from before that, and stay as they are. Set lower lr (0.1), a longer warmup_steps (automatic), a "
        'smaller gradient_clip (none) or precision "32-true" (it is "bf16-mixed") in the config, and go on from last.ckpt '
        "with --resume, or start again"
    )
    assert caught.value.status == 3


def test_a_gradient_that_is_not_finite_is_seen_at_its_own_step():
    training = module()
    optimizer = training.configure_optimizers()
    for parameter in training.network.parameters():
        parameter.grad = torch.full_like(parameter, float("inf"))
    training.configure_gradient_clipping(optimizer, 1.0)
    with pytest.raises(DivergedError, match="since step 20"):
        training.check_finite(weights=False)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU: only there can the host wait for the device")
def test_looking_does_not_wait_for_the_device():
    watch = Watch(torch.device("cuda"))
    value = torch.ones((), device="cuda")
    watch.look(value, 0)
    torch.cuda.set_sync_debug_mode("error")
    try:
        watch.look(value, 1)
    finally:
        torch.cuda.set_sync_debug_mode("default")
