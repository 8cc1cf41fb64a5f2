"""What a visit changes is drawn by sample, done by batch, and the same as a slow reading of its row."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from model.clicks.tensors import NEGATIVE, PADDING, POSITIVE
from model.training.augment import COLUMNS, changed, drawn_changes
from model.training.config import Augment

STILL = Augment(horizontal_flip=0, brightness=0, contrast=0, colour=0, grey=0)


def rows(augment: Augment, count: int) -> np.ndarray:
    return np.stack([drawn_changes(augment, np.random.default_rng(seed)) for seed in range(count)])


def batch(size: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    image = torch.randint(0, 256, (size, 3, 5, 7), dtype=torch.uint8, generator=generator)
    label = torch.randint(-1, 2, (size, 5, 7), dtype=torch.int8, generator=generator)
    x, y = torch.randint(0, 7, (size, 4), generator=generator), torch.randint(0, 5, (size, 4), generator=generator)
    kinds = torch.tensor([POSITIVE, NEGATIVE, POSITIVE, PADDING]).expand(size, 4)
    points = torch.stack((x, y, kinds), dim=2).float()
    return image, label, points, torch.rand(label.shape, generator=generator) < 0.3


def slowly_recoloured(image: np.ndarray, row: np.ndarray) -> np.ndarray:
    """(3, H, W) uint8 → float in 0..1, pixel by pixel."""
    result = np.zeros(image.shape)
    for y, x in np.ndindex(image.shape[1:]):
        red, green, blue = (float(image[channel, y, x]) / 255 for channel in range(3))
        if row[1]:
            red = green = blue = 0.299 * red + 0.587 * green + 0.114 * blue
        for channel, value in enumerate((red, green, blue)):
            result[channel, y, x] = min(1, max(0, (value - 0.5) * row[2] + 0.5 + row[3 + channel]))
    return result


@given(st.integers(0, 10_000), st.integers(1, 4))
@settings(max_examples=30, deadline=None)
def test_a_batch_is_changed_as_each_sample_is_by_itself(seed: int, size: int):
    augment = Augment(brightness=0.4, contrast=0.4, colour=0.3, grey=0.5)
    changes = np.stack([drawn_changes(augment, np.random.default_rng((seed, number))) for number in range(size)])
    before = batch(size, seed)
    image, label, points, start = changed(*before, torch.from_numpy(changes))
    for number, row in enumerate(changes):
        old_image, old_label, old_points, old_start = (part[number].numpy() for part in before)
        order = slice(None, None, -1) if row[0] else slice(None)
        assert np.allclose(image[number].numpy(), slowly_recoloured(old_image, row)[..., order], atol=1e-6)
        assert np.array_equal(label[number].numpy(), old_label[..., order])
        assert np.array_equal(start[number].numpy(), old_start[..., order])
        for (x, y, kind), (old_x, old_y, old_kind) in zip(
            points[number].int().tolist(), old_points.astype(int), strict=True
        ):
            assert kind == old_kind
            assert kind == PADDING or label[number, y, x] == old_label[old_y, old_x]


def test_nothing_changes_where_nothing_should():
    image, label, points, start = batch(3)
    after = changed(image, label, points, start, torch.from_numpy(rows(STILL, 3)))
    assert torch.allclose(after[0], image.float() / 255, atol=1e-6)
    assert torch.equal(after[1], label)
    assert torch.equal(after[2], points)
    assert torch.equal(after[3], start)


def test_changes_occur_as_often_and_as_far_as_the_config_says():
    drawn = rows(Augment(horizontal_flip=0.5, brightness=0.2, contrast=0.3, colour=0.05, grey=0.1), 2000)
    assert drawn.shape == (2000, COLUMNS)
    assert drawn[:, 0].mean() == pytest.approx(0.5, abs=0.05)
    assert drawn[:, 1].mean() == pytest.approx(0.1, abs=0.03)
    assert (drawn[:, 2].min(), drawn[:, 2].max()) == pytest.approx((0.7, 1.3), abs=0.01)
    assert abs(drawn[:, 3:]).max() == pytest.approx(0.25, abs=0.02)
    assert np.ptp(drawn[:, 3:], axis=1).max() <= 0.1 + 1e-6
