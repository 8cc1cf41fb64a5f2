"""Whoever puts a click on a mistake means the same: how far the annotators of training may be from that of the evaluation.

`docs/explanation/design.md` has the table of all of them. The evaluation's measures exactly, by Euclid. Training measures on
the device, by the chessboard, which is between 1 and √2 times shorter: so a click of training is at least as deep as the
deepest place divided by √2, and of the other kind (missed or too much) only where the two kinds are nearly as deep.
"""

import math

import cv2
import numpy as np
import pytest
import torch

from model.chance import torch_generator
from model.clicks.tensors import NEGATIVE, POSITIVE, next_clicks
from model.training.beginnings import Chance, deep_clicks
from model.training.first_clicks import CENTRAL, central_point
from pipelines.clicks import OBJECT, VOID, next_click, random_click, scattered_click

CASES = 150
SIDE = 96
LIMIT = SIDE // 4
"""Beyond this depth the annotator of stored samples makes no difference."""


def case(number: int) -> tuple[np.ndarray, np.ndarray]:
    """A truth (H, W) int8 with some void, and a wrong prediction (H, W) bool: ellipses, moved and resized."""
    rng = np.random.default_rng(number)

    def ellipses(count: int) -> np.ndarray:
        canvas = np.zeros((SIDE, SIDE), np.uint8)
        for _ in range(count):
            centre, axes = rng.integers(8, SIDE - 8, 2), rng.integers(4, 30, 2)
            cv2.ellipse(canvas, centre.tolist(), axes.tolist(), float(rng.integers(180)), 0, 360, 1, -1)
        return canvas.astype(bool)

    truth = ellipses(int(rng.integers(1, 4))).astype(np.int8)
    truth[ellipses(1) & (rng.random() < 0.3)] = VOID
    return truth, ellipses(int(rng.integers(0, 4)))


def depths(truth: np.ndarray, prediction: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Euclid's distances to the end of the error, of missed and of wrongly taken pixels; the image's border ends errors."""
    missed = (truth == OBJECT) & ~prediction
    false = (truth == 0) & prediction
    one, other = (
        cv2.distanceTransform(np.pad(error, 1).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
        for error in (missed, false)
    )
    return one, other


def tensors(truth: np.ndarray, prediction: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.from_numpy(prediction)[None], torch.from_numpy(truth)[None]


def cases_with_errors() -> list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    found = []
    for number in range(CASES):
        truth, prediction = case(number)
        missed, false = depths(truth, prediction)
        if max(missed.max(), false.max()) > 0:
            found.append((truth, prediction, missed, false))
    assert len(found) > CASES / 2
    return found


def test_the_evaluation_clicks_at_the_deepest_place():
    for truth, prediction, missed, false in cases_with_errors():
        click = next_click(truth, prediction)
        assert click.positive == (missed.max() > false.max())
        chosen = missed if click.positive else false
        assert chosen[click.y, click.x] == pytest.approx(chosen.max(), abs=1e-3)


@pytest.mark.parametrize("annotator", [random_click, scattered_click])
def test_people_click_in_the_same_kind_of_error(annotator):
    for number, (truth, prediction, missed, false) in enumerate(cases_with_errors()):
        click = annotator(truth, prediction, np.random.default_rng(number))
        assert click.positive == (missed.max() > false.max())
        chosen = missed if click.positive else false
        assert chosen[click.y, click.x] > (chosen.max() / 2 if annotator is random_click else 0)


def test_training_on_stored_samples_clicks_nearly_as_deep():
    other_sign = 0
    for truth, prediction, missed, false in cases_with_errors():
        click = next_clicks(*tensors(truth, prediction), torch.zeros(1, 0, 3))[0, 0]
        x, y, kind = (int(value) for value in click.tolist())
        chosen, rest = (missed, false) if kind == POSITIVE else (false, missed)
        deepest = max(chosen.max(), rest.max())
        assert chosen[y, x] >= min(LIMIT, deepest / math.sqrt(2)) - 1e-3
        is_other = (kind == POSITIVE) != (missed.max() > false.max())
        other_sign += is_other
        if is_other:
            assert chosen.max() >= min(LIMIT, rest.max() / math.sqrt(2)) - 1e-3
    assert other_sign <= 0.05 * CASES


@pytest.mark.parametrize("above", [0.0, 0.5, 0.9])
def test_training_on_views_clicks_in_the_deeper_kind_and_as_deep_as_it_is_told(above):
    for number, (truth, prediction, missed, false) in enumerate(cases_with_errors()):
        chance = Chance(torch_generator(torch.device("cpu"), number, "clicks"))
        click = deep_clicks(*tensors(truth, prediction), torch.tensor([above]), chance)[0, 0]
        x, y, kind = (int(value) for value in click.tolist())
        if kind not in (POSITIVE, NEGATIVE):
            continue
        chosen, rest = (missed, false) if kind == POSITIVE else (false, missed)
        assert chosen[y, x] > 0
        # Measured at half the size, where a pixel is 2 wide: two of them may be lost on the way, one on each side.
        assert chosen[y, x] >= above * max(chosen.max(), rest.max()) / math.sqrt(2) - 4
        assert chosen.max() >= rest.max() / math.sqrt(2) - 4


def test_a_central_first_point_is_central():
    for number, (truth, *_) in enumerate(cases_with_errors()):
        inside, _ = depths(truth, np.zeros_like(truth, bool))
        point = central_point(truth, np.random.default_rng(number))
        if point is None:
            assert inside.max() == 0
            continue
        x, y, kind = (int(value) for value in point[0].tolist())
        assert kind == POSITIVE
        # OpenCV's 5×5 distances are at most 2 % off.
        assert inside[y, x] >= 0.96 * inside.max() / CENTRAL
