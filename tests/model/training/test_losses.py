"""The parts of the loss, against formulas written out in NumPy and against what they are for."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from model.clicks.tensors import NEGATIVE, PADDING, POSITIVE
from model.training.losses import Losses, losses, normalised_focal, points_loss, soft_iou_loss

NO_POINTS = torch.zeros(2, 0, 3)


def random_case() -> tuple[torch.Tensor, torch.Tensor]:
    rng = np.random.default_rng(3)
    logits = torch.from_numpy(rng.normal(0, 2, (2, 5, 6)))
    label = torch.from_numpy(rng.integers(-1, 2, (2, 5, 6)).astype(np.int8))
    return logits, label


def sigmoid(z: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1 / (1 + np.exp(-z))


def focal_by_formula(z: NDArray[np.float64], label: NDArray[np.int8]) -> float:
    """One sample: the definition, pixel by pixel."""
    pixels = [(float(a), int(b)) for a, b in zip(z.ravel(), label.ravel(), strict=True) if b >= 0]
    truth_probability = [sigmoid(np.float64(a)) if b else 1 - sigmoid(np.float64(a)) for a, b in pixels]
    weights = [(1 - p) ** 2 for p in truth_probability]
    scale = len(pixels) / sum(weights)
    return float(np.mean([-0.5 * scale * w * np.log(p) for w, p in zip(weights, truth_probability, strict=True)]))


def test_focal_loss_is_its_formula():
    logits, label = random_case()
    found = normalised_focal(logits, (label == 1).double(), (label >= 0).double())
    expected = np.mean([focal_by_formula(z, y) for z, y in zip(logits.numpy(), label.numpy(), strict=True)])
    assert float(found) == pytest.approx(float(expected), rel=1e-5)


def test_iou_loss_is_its_formula():
    logits, label = random_case()
    found = soft_iou_loss(logits, (label == 1).double(), (label >= 0).double())
    expected = []
    for z, y in zip(logits.numpy(), label.numpy(), strict=True):
        p, t = sigmoid(z)[y >= 0], (y[y >= 0] == 1).astype(float)
        expected.append(1 - ((p * t).sum() + 1) / ((p + t - p * t).sum() + 1))
    assert float(found) == pytest.approx(float(np.mean(expected)), rel=1e-9)


def test_ignored_pixels_change_nothing():
    logits, label = random_case()
    changed = torch.where(label < 0, logits + 7, logits)
    for one in (normalised_focal, soft_iou_loss):
        arguments = (label == 1).double(), (label >= 0).double()
        assert float(one(logits, *arguments)) == pytest.approx(float(one(changed, *arguments)))
    both = [losses(z[:, None], z[:, None], label, NO_POINTS) for z in (logits, changed)]
    assert float(both[0].auxiliary) == pytest.approx(float(both[1].auxiliary))


def test_a_right_answer_costs_nothing_and_a_wrong_one_much():
    label = torch.zeros(1, 8, 8, dtype=torch.int8)
    label[:, 2:6, 2:6] = 1
    right = torch.where(label == 1, 20.0, -20.0)[:, None]
    assert float(losses(right, right, label, NO_POINTS).total(1, 1)) < 1e-3
    assert float(losses(-right, -right, label, NO_POINTS).total(1, 1)) > 10


def test_points_are_measured_on_3_by_3_pixels_against_their_own_label():
    # Given logits that differ around two clicks, one of them in a corner
    logits = torch.zeros(1, 6, 6)
    logits[0, 2:5, 2:5] = 2.0
    logits[0, 0:2, 0:2] = -1.0
    points = torch.tensor([[[3.0, 3.0, NEGATIVE], [0.0, 0.0, POSITIVE], [5.0, 5.0, PADDING]]])
    # Then each click counts once, however many pixels it has
    softplus = np.log1p(np.exp([2.0, 1.0]))
    assert float(points_loss(logits, points)) == pytest.approx(softplus.mean(), rel=1e-5)


def test_points_between_pixels_and_outside():
    logits = torch.randn(1, 6, 6, generator=torch.Generator().manual_seed(0))
    assert points_loss(logits, torch.tensor([[[2.4, 3.4, 1.0]]])) == points_loss(
        logits, torch.tensor([[[2.0, 3.0, 1.0]]])
    )
    assert points_loss(logits, torch.tensor([[[-9.0, 3.0, 1.0]]])) == 0
    assert points_loss(logits, torch.zeros(1, 0, 3)) == 0


def test_without_a_valid_pixel_the_loss_is_finite_and_teaches_nothing():
    logits = torch.randn(1, 1, 6, 6, requires_grad=True)
    label = torch.full((1, 6, 6), -1, dtype=torch.int8)
    total = losses(logits, logits, label, torch.zeros(1, 0, 3)).total(1, 1)
    total.backward()
    assert torch.isfinite(total)
    assert logits.grad is not None
    assert not logits.grad.any()


def test_weights_are_those_of_the_config():
    parts = Losses(*(torch.tensor(value) for value in (1.0, 10.0, 100.0, 1000.0)))
    assert float(parts.total(main_class=2, points=0.5)) == 2 * (1 + 10 + 0.4 * 100) + 0.5 * 1000


def test_half_precision_logits_are_measured_in_float32():
    logits, label = random_case()
    points = torch.tensor([[[1.0, 1.0, 1.0]]] * 2)
    half = logits[:, None].bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        parts = losses(half, half, label, points)
    assert {part.dtype for part in (parts.focal, parts.iou, parts.auxiliary, parts.points)} == {torch.float32}
