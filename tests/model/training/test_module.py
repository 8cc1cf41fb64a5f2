"""The steps of training and validation, without a trainer around them."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from model.clicks.tensors import NEGATIVE, PADDING, POSITIVE
from model.networks import build
from model.training.average import ema_decay, follow
from model.training.clock import Clock
from model.training.config import TrainConfig, parse_config
from model.training.metrics import NothingToValidateError, iou, means
from model.training.module import CLICK_COUNTS, ClickModule, DivergedError
from model.training.samples import Batch
from model.training.schedule import Plateau, cosine_factor, warmup_factor
from model.weights.checkpoints import WeightsCard


def config(**changes: Any) -> TrainConfig:
    settings = {
        "input_size": {"width": 32, "height": 32},
        "batch_size": {"train": 4, "val": 4},
        "epochs": 1,
        "lr": 0.1,
        "network": "nano",
    }
    return parse_config(json.dumps(settings | changes), "test.json")


def module(total_steps: int = 100, **changes: Any) -> ClickModule:
    torch.manual_seed(0)
    settings = config(**changes)
    return ClickModule(build("nano"), settings, Clock.begun(settings, total_steps), "abc")


def batch(size: int = 3) -> Batch:
    generator = torch.Generator().manual_seed(1)
    label = torch.zeros(size, 32, 32, dtype=torch.int8)
    label[:, 8:24, 4:20] = 1
    label[:, 8:10] = -1
    points = torch.full((size, 4, 3), float(PADDING))
    points[:, 0] = torch.tensor([10.0, 15.0, POSITIVE])
    points[:, 1] = torch.tensor([28.0, 4.0, NEGATIVE])
    return {
        "image": torch.randint(0, 256, (size, 3, 32, 32), dtype=torch.uint8, generator=generator),
        "label": label,
        "points": points,
        "start": torch.zeros(size, 32, 32, dtype=torch.bool),
        "counted": torch.ones(size, dtype=torch.bool),
        "failed": torch.full((size,), -1),
    }


def test_the_number_of_clicks_is_a_function_of_the_step_and_all_numbers_occur():
    training = module(clicks={"iterations": 3})
    extra = [training.started(batch(1), step)[0].shape[1] - 4 for step in range(40)]
    assert set(extra) == {0, 1, 2, 3}
    assert extra == [training.started(batch(1), step)[0].shape[1] - 4 for step in range(40)]


def test_clicks_are_placed_on_mistakes_and_the_network_returns_to_training():
    training = module(clicks={"iterations": 1, "drop_previous": 0})
    training.train()
    made = 0
    for step in range(12):
        points, previous = training.started(batch(), step)
        assert not previous.requires_grad
        if points.shape[1] == 4:
            assert not previous.any()
            continue
        made += 1
        # An answer of a network in use, not in training: with running statistics
        training.eval()
        with torch.no_grad():
            answer = training(batch()["image"], batch()["points"], torch.zeros(3, 1, 32, 32)).sigmoid()
        training.train()
        assert torch.equal(previous, answer)
        for (x, y, kind), label, probability in zip(points[:, 4].int().tolist(), batch()["label"], answer, strict=True):
            assert (label[y, x] == 1, probability[0, y, x] > 0.49) == (
                (True, False) if kind == POSITIVE else (False, True)
            )
    assert made > 2
    assert training.network.training


def test_iterations_leave_batch_norm_statistics_alone():
    training = module()
    training.train()
    before = training.network.stem[0][1].running_mean.clone()
    for step in range(6):
        training.started(batch(), step)
    assert torch.equal(training.network.stem[0][1].running_mean, before)


def test_a_damaged_mask_is_the_first_previous_mask_and_is_sometimes_withheld():
    given = batch(64)
    given["start"][:, 5:9, 5:9] = True
    training = module(clicks={"iterations": 0, "drop_previous": 0.5})
    _, previous = training.started(given, 0)
    kept = previous.flatten(1).any(dim=1)
    assert 16 < int(kept.sum()) < 48
    assert torch.equal(previous[kept][:, 0], given["start"][kept].float())
    _, same = training.started(given, 0)
    assert torch.equal(previous, same)


def test_validation_counts_each_sample_once():
    # Given the same sample three times, and once beside two others that only fill up the batch
    validating = module().eval()
    sums = []
    for counted in ([True, True, True], [True, False, False]):
        given = batch()
        if not all(counted):
            given["image"][1:] = 0
            given["label"][1:] = 0
        given["counted"] = torch.tensor(counted)
        given["image"][1:] = given["image"][:1] if all(counted) else given["image"][1:]
        validating._sums = torch.zeros(len(CLICK_COUNTS) + 2, dtype=torch.float64)
        with torch.no_grad():
            validating.validation_step(given, 0)
        sums.append(validating._sums)
    # Then the means are the same
    assert sums[0][-1] == 3
    assert sums[1][-1] == 1
    assert torch.allclose(sums[0][:-1] / 3, sums[1][:-1], atol=1e-5)


def test_a_batch_of_nothing_but_filling_counts_nothing():
    validating = module().eval()
    given = batch()
    given["counted"][:] = False
    with torch.no_grad():
        validating.validation_step(given, 0)
    assert not validating._sums.any()


def test_a_perfect_network_gets_full_marks():
    validating = module().eval()
    given = batch()
    truth = torch.where(given["label"] == 1, 20.0, -20.0)[:, None]
    validating.trained.forward = lambda image, maps: truth  # type: ignore[method-assign]
    probability, points, ious = validating.session(given)
    assert [value.tolist() for value in ious] == [[1.0] * 3] * len(CLICK_COUNTS)
    assert points[:, 0, 2].tolist() == [POSITIVE] * 3
    assert points[:, 1:, 2].unique().tolist() == [PADDING]
    assert probability.shape == (3, 1, 32, 32)


def test_a_diverged_training_says_what_to_change():
    validating = module()
    validating._sums = torch.tensor([float("nan"), 0, 0, 0, 0, 1])
    strategy = SimpleNamespace(reduce=lambda sums, reduce_op: sums)
    validating._trainer = SimpleNamespace(strategy=strategy, global_step=7)  # type: ignore[assignment]
    with pytest.raises(DivergedError, match=r"not a number after step 7: training has diverged; lower lr \(0.1\)"):
        validating.on_validation_epoch_end()


def test_iou_ignores_what_is_neutral():
    label = torch.tensor([[[1, 1, 0, -1]], [[0, 0, 0, -1]], [[0, 0, 0, 0]]], dtype=torch.int8)
    prediction = torch.tensor([[[1, 0, 1, 1]], [[0, 0, 0, 1]], [[1, 0, 0, 0]]], dtype=torch.bool)
    assert iou(prediction, label).tolist() == pytest.approx([1 / 3, 1.0, 0.0])


# ------------------------------------------------------------------------------------------------------- learning rate


def test_warmup_rises_evenly_to_the_whole_rate():
    assert [warmup_factor(step, 4) for step in range(6)] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1, 1])
    assert warmup_factor(0, 0) == 1


def test_the_cosine_ends_at_a_hundredth_at_the_last_step():
    values = [cosine_factor(step, warmup=10, total=110) for step in range(110)]
    assert values[:11] == [1] * 11
    assert values[-1] == pytest.approx(0.01)
    assert values[59] == pytest.approx(0.505, abs=0.02)
    assert values == sorted(values, reverse=True)


def test_the_plateau_divides_like_pytorchs():
    losses = [5.0, 4, 4, 4, 4, 3, 3.5, 3.4, 3.3, 3.2, 3.1, 2]
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1)
    theirs = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.2, patience=2, threshold=0)
    ours = Plateau(patience=2, divisor=5)
    for loss in losses:
        theirs.step(loss)
        ours.validated(loss)
        assert ours.factor == pytest.approx(optimizer.param_groups[0]["lr"])
    assert ours.factor == pytest.approx(1 / 25)


def test_the_plateaus_state_goes_with_a_checkpoint():
    one, other = (
        module(lr_decreasing={"patience": 0, "lr_divisor": 2}),
        module(lr_decreasing={"patience": 0, "lr_divisor": 2}),
    )
    one.metrics = {"val/loss": 3.0}
    for loss in (1.0, 2.0, 3.0):
        one.plateau.validated(loss)
    checkpoint: dict[str, Any] = {}
    one.on_save_checkpoint(checkpoint)
    other.on_load_checkpoint(checkpoint)
    assert other.plateau == one.plateau
    assert other.learning_rate(99) == pytest.approx(0.1 / 4)
    assert other.metrics == {"val/loss": 3.0}
    assert WeightsCard.from_dict(checkpoint["weights_card"]) == one.card()


@pytest.mark.parametrize(("optimizer", "kind"), [("sgd", torch.optim.SGD), ("adamw", torch.optim.AdamW)])
def test_only_convolution_weights_decay(optimizer: str, kind: type):
    training = module(optimizer=optimizer, weight_decay=0.3)
    made = training.configure_optimizers()
    assert isinstance(made, kind)
    decaying, free = made.param_groups
    assert (decaying["weight_decay"], free["weight_decay"]) == (0.3, 0)
    assert {parameter.ndim for parameter in decaying["params"]} == {4}
    assert len(decaying["params"]) + len(free["params"]) == len(list(training.network.parameters()))


def test_the_radius_follows_the_input_unless_it_is_given():
    assert module(input_size={"width": 256, "height": 256}).radius == 5
    assert module(clicks={"radius": 3.5}).radius == 3.5


def test_the_average_is_the_weighted_mean_of_all_weights_so_far():
    training = module(ema=0.9)
    assert training.average is not None
    expected = training.average.head.bias.detach().clone()
    for step in range(1, 6):
        with torch.no_grad():
            training.network.head.bias.fill_(float(step))
        follow(training.average, training.network, 0.75)
        expected = 0.75 * expected + 0.25 * step
        assert torch.allclose(training.average.head.bias, expected)
    assert not any(parameter.requires_grad for parameter in training.average.parameters())


def test_the_average_follows_statistics_and_copies_counters():
    training = module(ema=0.9)
    norm = training.network.stem[0][1]
    norm.running_mean.fill_(8.0)
    norm.num_batches_tracked.fill_(7)
    follow(training.average, training.network, 0.5)
    assert torch.allclose(training.average.stem[0][1].running_mean, torch.full_like(norm.running_mean, 4.0))
    assert training.average.stem[0][1].num_batches_tracked == 7


def test_the_average_forgets_the_random_start_and_then_keeps_its_decay():
    assert ema_decay(0.999, 1) == 2 / 11
    assert ema_decay(0.999, 10**6) == 0.999


def test_validation_and_use_take_the_average_where_there_is_one():
    training = module(ema=0.9)
    with torch.no_grad():
        training.network.head.bias.fill_(100.0)
    training.eval()
    previous = torch.zeros(3, 1, 32, 32)
    assert training(batch()["image"], batch()["points"], previous).max() < 50
    assert module().trained.head.bias.shape == training.trained.head.bias.shape


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU: only there can the host wait for the device")
def test_no_part_of_a_step_waits_for_the_device():
    training = module().cuda()
    given = {name: value.cuda() for name, value in batch().items()} | {"changes": torch.ones(3, 6, device="cuda")}
    training.training_losses(given, 0)  # chooses kernels, which may wait
    torch.cuda.set_sync_debug_mode("error")
    try:
        for step in range(8):
            training.training_losses(given, step).total(1.0, 0.5).backward()
    finally:
        torch.cuda.set_sync_debug_mode("default")


def test_objects_that_are_not_there_are_not_counted():
    """An object without a pixel at the input size has an IoU of 1 with an empty answer, whatever the network learns."""
    validating = module().eval()
    given = batch()
    given["label"][1] = 0
    given["label"][2] = -1
    with torch.no_grad():
        validating.validation_step(given, 0)
    assert validating._sums[-1] == 1
    validating._sums[:-1] = 0.5
    assert means(validating._sums) == [0.5] * (len(CLICK_COUNTS) + 1)


def test_a_validation_without_any_object_is_said():
    with pytest.raises(
        NothingToValidateError, match="no object of the validation samples has a pixel at the network's input"
    ):
        means(torch.zeros(3))
