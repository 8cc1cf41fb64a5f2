"""Learning rate by part: which tensors belong to a part, and what is said of a part that is not there."""

import json
from typing import Any

import pytest
import torch

from model.networks import build
from model.training.clock import Clock
from model.training.config import ConfigError, parse_config
from model.training.module import ClickModule
from model.training.parts import PartsError, check_parts, factor_of, parameter_groups


def module(network: str, **changes: Any) -> ClickModule:
    settings = {
        "input_size": {"width": 32, "height": 32},
        "batch_size": {"train": 4, "val": 4},
        "epochs": 1,
        "lr": 0.1,
        "network": network,
    }
    config = parse_config(json.dumps(settings | changes), "test.json")
    return ClickModule(build(config.network), config, Clock.begun(config, 10), "abc")


def test_the_longest_part_decides():
    parts = {"encoder": 0.5, "encoder.stem": 0.1, "up": 0.3}
    names = ["encoder.stages.0.weight", "encoder.stem.0.weight", "encoders.weight", "up1.weight", "head.bias"]
    assert [factor_of(name, parts) for name in names] == [0.5, 0.1, 1.0, 1.0, 1.0]


def test_every_tensor_is_in_the_one_group_of_its_part_and_decay():
    network = build("nano")
    groups = parameter_groups(network, {"stem": 0.25}, decay=0.3)
    found = {name: (group["lr_factor"], group["weight_decay"]) for group in groups for name, _ in group["params"]}
    expected = {
        name: (0.25 if name.startswith("stem.") else 1.0, 0.3 if parameter.ndim > 1 else 0.0)
        for name, parameter in network.named_parameters()
    }
    assert found == expected
    assert sum(len(group["params"]) for group in groups) == len(expected)


def test_a_step_moves_a_part_by_its_share():
    moved = {}
    for share in (1.0, 0.5):
        torch.manual_seed(0)
        training = module("nano", lr_parts={"stem": share}, optimizer="adamw", weight_decay=0)
        optimizer = training.configure_optimizers()
        training._trainer = type("Trainer", (), {"optimizers": [optimizer], "global_step": 5})()  # type: ignore[assignment]
        training.on_train_batch_start({}, 0)
        before = {name: tensor.clone() for name, tensor in training.network.named_parameters()}
        for parameter in training.network.parameters():
            parameter.grad = torch.ones_like(parameter)
        optimizer.step()
        moved[share] = {
            name: float((tensor - before[name]).detach().abs().max())
            for name, tensor in training.network.named_parameters()
        }
    for name, whole in moved[1.0].items():
        factor = 0.5 if name.startswith("stem.") else 1.0
        assert moved[0.5][name] == pytest.approx(whole * factor, rel=1e-4), name


def test_the_encoder_of_lite_learns_at_half_the_rate_unless_the_config_says_otherwise():
    assert module("lite").lr_parts == {"encoder": 0.5}
    assert module("lite", lr_parts={}).lr_parts == {}
    assert module("lite", lr_parts={"head": 2}).lr_parts == {"head": 2}
    assert module("nano").lr_parts == {}


def test_a_part_that_is_not_there_is_named_beside_those_that_are():
    with pytest.raises(PartsError) as caught:
        check_parts(build("lite"), {"encodr": 0.5, "encoder": 0.5, "tail": 1}, "lite")
    assert str(caught.value) == (
        "lr_parts.encodr: no part of the network 'lite' (did you mean 'encoder'?)\n"
        "  lr_parts.tail: no part of the network 'lite'\n"
        "  parts there: encoder, context, up3, up2, up1, up0, head, auxiliary_head"
    )
    with pytest.raises(ConfigError, match=r"lr_parts.encoder: found -1; it should be greater than or equal to 0"):
        module("lite", lr_parts={"encoder": -1})


def test_a_part_that_does_not_learn_keeps_weights_and_statistics():
    training = module("nano", lr_parts={"stem": 0.0}, lr=0.1)
    optimizer = training.configure_optimizers()
    before = {name: tensor.clone() for name, tensor in training.network.state_dict().items()}
    training.train()
    with training.answering():
        assert not training.network.training
    maps = torch.zeros(2, 3, 32, 32)
    training.network(torch.rand(2, 3, 32, 32), maps).sum().backward()
    optimizer.step()
    after = training.network.state_dict()
    same = {name for name in before if torch.equal(before[name], after[name])}
    assert all(name in same for name in before if name.startswith("stem."))
    assert "stage1.0.norm.running_mean" not in same
    assert "stage1.0.second.weight" not in same


def test_all_statistics_can_be_kept_while_everything_learns():
    training = module("nano", keep_statistics=True)
    training.train()
    before = {name: tensor.clone() for name, tensor in training.network.state_dict().items() if "running" in name}
    training.network(torch.rand(2, 3, 32, 32), torch.zeros(2, 3, 32, 32)).sum().backward()
    assert all(torch.equal(tensor, training.network.state_dict()[name]) for name, tensor in before.items())
    assert all(parameter.requires_grad for name, parameter in training.network.named_parameters())
