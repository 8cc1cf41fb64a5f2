"""Photographs in memory, the views drawn of them and how visits begin; each compared with slow twins and with the reference."""

from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from model.clicks.tensors import depth_by_peeling, rasterise
from model.projects.photographs import BadPhotograph, Place, decode
from model.settings.classes import SpecialClasses
from model.training.beginnings import Chance, anywhere, begun, damaged, deep_clicks
from model.training.config import Colours, Views, ViewSize
from model.training.drawn_views import DRAWS, Draws, batch_of, boxes, drawn, recoloured, still, table_of_step
from model.training.losses import losses
from model.training.photographs import (
    Objects,
    Photographs,
    canvas_side,
    load,
    memory_needed,
    object_weights,
    pool_names,
    shares_in_order,
    unpacked,
)
from pipelines.errors import UserError
from pipelines.figures import Bitmap, Figure
from pipelines.formats.shards import open_dataset
from tests.model.datasets import Stored, scene, write_dataset
from tests.model.reference import reference

CLASSES = SpecialClasses()


def photographs(folder: Path, count: int = 5, side: int = 61) -> tuple[list[Any], list[Place]]:
    """A dataset of small photographs, and where each is."""
    write_dataset(folder, [scene(number, side + number, ["train"]) for number in range(count)])
    return [open_dataset(str(folder))], [Place(0, row) for row in range(count)]


@pytest.fixture
def memory(tmp_path: Path) -> Photographs:
    datasets, places = photographs(tmp_path / "ds")
    return load(datasets, places, CLASSES, canvas_side(datasets, places))


@pytest.fixture
def oracle(monkeypatch: pytest.MonkeyPatch, memory: Photographs) -> ModuleType:
    module = reference()
    monkeypatch.setattr(module, "S", memory.side)
    monkeypatch.setattr(module, "DEVICE", torch.device("cpu"))
    return module


def labels(count: int = 6, side: int = 64) -> torch.Tensor:
    """Discs of different sizes and places, one with something ignored, one without any object."""
    y, x = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    found = []
    for number in range(count):
        reach = 4 + 3 * number
        found.append(((x - 20 - 3 * number) ** 2 + (y - 30) ** 2 <= reach**2).to(torch.int8))
    label = torch.stack(found)
    label[1, :10] = -1
    label[2] = 0
    return label


# ----------------------------------------------------------------------------------------------------------- in memory


def test_photographs_lie_on_canvases_and_their_masks_as_bits(tmp_path: Path):
    datasets, places = photographs(tmp_path / "ds")
    side = canvas_side(datasets, places)
    assert side == 72, "65 pixels and more, as a multiple of eight"
    found = load(datasets, places, CLASSES, side)
    assert len(found.images) == len(found) == 5
    assert found.sizes[:, 0].tolist() == found.sizes[:, 1].tolist() == [61, 62, 63, 64, 65]
    objects = found.gathered(torch.arange(5))
    for number in range(5):
        one = decode(datasets[0], number, CLASSES)
        height, width = one.image.shape[:2]
        assert np.array_equal(objects.images[number, :, :height, :width].numpy().transpose(1, 2, 0), one.image)
        beyond, last = objects.images[number, :, height:, :width], objects.images[number, :, height - 1, :width]
        assert torch.equal(beyond, last[:, None].expand_as(beyond))
        mask = unpacked(objects.masks[number]).bool().numpy()
        assert np.array_equal(mask[:height, :width], one.masks[0])
        assert not mask[height:].any()
        rows, columns = np.nonzero(one.masks[0])
        assert objects.boxes[number].tolist() == [rows.min(), columns.min(), rows.max() + 1, columns.max() + 1]
    assert memory_needed(datasets, places, side) >= found.images.numel() + found.masks.numel()


def test_objects_may_overlap_but_neutral_and_background_take_away(tmp_path: Path):
    def square(title: str, x: int, y: int, side: int) -> Figure:
        return Figure(title, Bitmap(x, y, np.ones((side, side), bool)))

    figures = (
        square("obj", 0, 0, 20),
        square("obj", 5, 5, 10),
        square("neutral", 15, 15, 20),
        square("obj", 40, 40, 5),
    )
    image = scene(0, 64, []).image
    write_dataset(tmp_path / "ds", [Stored(image, (64, 64), figures, ("train",))])
    found = decode(open_dataset(str(tmp_path / "ds")), 0, CLASSES)
    assert [int(mask.sum()) for mask in found.masks] == [400 - 25, 100], "25 pixels are too few for an object"
    assert found.void is not None
    assert found.void.sum() == 400


def test_photographs_that_cannot_be_decoded_are_named(tmp_path: Path):
    samples = [scene(number, 64, ["train"]) for number in range(3)]
    broken = Stored(b"nothing", (64, 64), samples[1].figures, ("train",))
    write_dataset(tmp_path / "ds", [samples[0], broken, samples[2]])
    datasets, places = [open_dataset(str(tmp_path / "ds"))], [Place(0, row) for row in range(3)]
    with pytest.raises(BadPhotograph, match=r"1 photographs cannot be decoded, .* is 0. One of them: .*/000001.png"):
        load(datasets, places, CLASSES, 64)
    assert len(load(datasets, places, CLASSES, 64, allowed_bad=1)) == 2
    with pytest.raises(
        UserError, match="none of 3 photographs has an object of class 'cat' of at least 60 visible pixels"
    ):
        load(datasets, places, SpecialClasses(foreground="cat"), 64, allowed_bad=3)


def test_pools_are_drawn_by_their_weights_whatever_their_size():
    pool_of = torch.tensor([0] * 90 + [1] * 10)
    by_name = object_weights(pool_of, ["a", "b"], {"a": 1.0, "b": 3.0})
    assert by_name[:90].sum() == pytest.approx(0.25)
    by_root = object_weights(pool_of, ["a", "b"], {})
    assert by_root[:90].sum() / by_root[90:].sum() == pytest.approx(3)
    with pytest.raises(
        UserError, match=r"views.pools: b, c are named there or given as data, but not both; data are a, b"
    ):
        object_weights(pool_of, ["a", "b"], {"a": 1.0, "c": 1.0})
    assert object_weights(pool_of, ["a", "b"], [1.0, 3.0])[:90].sum() == pytest.approx(0.25)
    assert pool_names(["x/a/", "b"]) == ["a", "b"]
    with pytest.raises(UserError, match="data: a names two datasets"):
        pool_names(["x/a", "y/a"])


@pytest.mark.parametrize(
    ("names", "expected"),
    [("a", {"a": 0.7}), ("ab", {"a": 0.7, "b": 0.3}), ("abcd", {"a": 0.7, "b": 0.1, "c": 0.1, "d": 0.1})],
)
def test_shares_in_order_leave_the_last_one_to_all_others(names: str, expected: dict[str, float]):
    assert shares_in_order((0.7, 0.3), list(names)) == pytest.approx(expected)


# --------------------------------------------------------------------------------------------------------------- views


class Recorder:
    """Stands in for the reference's `uniform` and `torch.rand`: hands out numbers, and keeps them in 0..1."""

    def __init__(self) -> None:
        self.rng = np.random.default_rng(3)
        self.columns: list[torch.Tensor] = []

    def uniform(self, n: int, low: float = 0.0, high: float = 1.0) -> torch.Tensor:
        column = torch.from_numpy(self.rng.random(n, np.float32))
        self.columns.append(column)
        return column * (high - low) + low

    def rand(self, n: int, channels: int, *_: int, device: Any = None) -> torch.Tensor:
        return torch.stack([self.uniform(n) for _ in range(channels)], 1)[:, :, None, None]


def pool_of(memory: Photographs) -> SimpleNamespace:
    """The same photographs as the reference keeps them."""
    return SimpleNamespace(
        images=memory.images,
        masks=unpacked(memory.masks) * 255,
        image=memory.image_of,
        box=memory.boxes,
        size=memory.sizes,
    )


def test_views_are_those_of_the_reference(memory: Photographs, oracle: ModuleType, monkeypatch: pytest.MonkeyPatch):
    recorder = Recorder()
    monkeypatch.setattr(oracle, "uniform", recorder.uniform)
    which = torch.arange(5).repeat(8)
    expected = oracle.views(pool_of(memory), which, 64, 0.2)
    draws = Draws.of(torch.stack(recorder.columns, 1))
    found = boxes(memory.gathered(which), draws, Views(), 0.2)
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=0)


def test_colours_are_those_of_the_reference(oracle: ModuleType, monkeypatch: pytest.MonkeyPatch):
    recorder = Recorder()
    image = torch.from_numpy(np.random.default_rng(0).random((9, 3, 8, 8), np.float32))
    monkeypatch.setattr(oracle, "uniform", recorder.uniform)
    with monkeypatch.context() as patched:
        patched.setattr(oracle.torch, "rand", recorder.rand)
        expected = oracle.recoloured(image)
    found = recoloured(image, Draws.of(torch.stack(recorder.columns, 1)), Colours())
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize("cutouts", [0.0, 1.0])
def test_a_whole_batch_is_that_of_the_reference(
    cutouts: float, memory: Photographs, oracle: ModuleType, monkeypatch: pytest.MonkeyPatch
):
    """Image and label, cutouts included, from the same numbers; they are asked for in another order."""
    recorder = Recorder()
    which = torch.arange(5).repeat(4)
    monkeypatch.setattr(oracle, "uniform", recorder.uniform)
    pool = pool_of(memory)
    pool.weights = torch.ones(5)
    monkeypatch.setattr(oracle.torch, "multinomial", lambda *_, **__: which)
    with monkeypatch.context() as patched:
        patched.setattr(oracle.torch, "rand", recorder.rand)
        expected_image, expected_label = oracle.batch(pool, len(which), 64, 0.2, cutouts)
    looks, flip, rest = recorder.columns[:9], recorder.columns[9], recorder.columns[10:]
    zeros = [torch.zeros(len(which))] * 8
    if cutouts:
        pasted, used, own = rest[:8], rest[8:10], rest[10:]
    else:
        pasted, used, own = zeros, zeros[:2], rest
    table = torch.stack([*looks, flip, *pasted, *own, *used], 1)
    assert table.shape[1] == DRAWS
    image, label = drawn(memory.gathered(which), table, Views(cutouts=cutouts), ViewSize(side=64, whole=0.2))
    # Both compute places with floats, in another order: here and there a pixel beside an edge differs.
    assert (label != expected_label).float().mean() < 1e-3
    assert ((image - expected_image).abs() > 1 / 255).float().mean() < 1e-3


def test_a_view_shows_its_object_and_stays_inside(memory: Photographs):
    which = torch.arange(5).repeat(40)
    table = torch.from_numpy(table_of_step(len(which), np.random.default_rng(0)))
    objects = memory.gathered(which)
    looks = boxes(objects, Draws.of(table), Views(smallest_crop=20), 0.2)
    assert (looks[:, :2] >= -1e-3).all()
    assert (looks[:, :2] + looks[:, 2:] <= objects.sizes + 1e-3).all()
    _, label = drawn(objects, table, Views(smallest_crop=20, cutouts=0), ViewSize(side=64))
    assert ((label == 1).flatten(1).any(1) | (label == -1).flatten(1).all(1)).all()
    assert (label == 1).flatten(1).any(1).float().mean() > 0.9


def test_what_is_ignored_stays_ignored():
    side = 32
    mask, void = np.zeros((side, side), bool), np.zeros((side, side), bool)
    mask[:16], void[20:] = True, True
    bits = [torch.from_numpy(np.packbits(part, axis=1))[None] for part in (mask, void)]
    objects = Objects(
        torch.zeros(1, 3, side, side, dtype=torch.uint8),
        torch.tensor([[32.0, 32.0]]),
        bits[0],
        torch.tensor([[0.0, 0.0, 16.0, 32.0]]),
        bits[1],
    )
    _, label = still(objects, side)
    assert torch.equal(label[0], torch.from_numpy(mask.astype(np.int8) - void))
    whole = ViewSize(side=side, whole=1.0)
    _, label = drawn(objects, torch.full((1, DRAWS), 0.5), Views(cutouts=0), whole)
    assert torch.equal(label[0], torch.from_numpy(mask.astype(np.int8) - void))


def test_a_step_of_another_size_costs_as_many_pixels():
    assert batch_of(64, 256, 256) == 64
    assert batch_of(64, 256, 416) == 24
    assert batch_of(64, 256, 192) == 112
    assert batch_of(6, 256, 256) == 6
    assert batch_of(4, 256, 416) == 4
    assert batch_of(1, 256, 416) == 1


# ---------------------------------------------------------------------------------------------------------- beginnings


def seeded() -> Chance:
    torch.manual_seed(5)
    return Chance(torch.Generator().manual_seed(5))


def test_clicks_damaged_masks_and_beginnings_are_those_of_the_reference(oracle: ModuleType):
    label = labels()
    prediction = label.roll(6, 2) == 1
    above = torch.linspace(0, 0.9, len(label))
    assert torch.equal(deep_clicks(prediction, label, above, seeded()), oracle.next_click(prediction, label, above))
    assert torch.equal(anywhere(label == 1, torch.ones(6), seeded()), oracle.anywhere(label == 1, torch.ones(6)))
    assert torch.equal(damaged(label, seeded()), oracle.damaged(label))
    points, previous = begun(label, seeded())
    expected_points, expected_previous = oracle.begun(label)
    assert torch.equal(points, expected_points)
    assert torch.equal(previous, expected_previous)


def test_discs_depths_and_losses_are_those_of_the_reference(oracle: ModuleType):
    label = labels()
    points, _ = begun(label, seeded())
    between = points + torch.tensor([0.4, -0.3, 0.0])
    assert torch.equal(rasterise(between, 64, 64, 5.0), oracle.rasterise(between, 64, 64))
    assert torch.equal(depth_by_peeling(label == 1, 9), oracle.depth(label == 1, 9))
    logits, auxiliary = torch.randn(2, 6, 1, 64, 64, generator=torch.Generator().manual_seed(1)) * 3
    expected = oracle.loss_of(logits, auxiliary, label, points)
    torch.testing.assert_close(losses(logits, auxiliary, label, points).total(1, 1), expected, atol=1e-5, rtol=1e-5)


def test_a_click_lies_in_the_deeper_error_deeper_than_asked():
    label = torch.zeros(1, 64, 64, dtype=torch.int8)
    label[0, 8:40, 8:40] = 1
    prediction = torch.zeros(1, 64, 64, dtype=torch.bool)
    prediction[0, 50:56, 50:56] = True
    for seed in range(20):
        chance = Chance(torch.Generator().manual_seed(seed))
        x, y, kind = deep_clicks(prediction, label, torch.tensor([0.75]), chance)[0, 0].tolist()
        assert kind == 1
        # Depth at half size goes up to 8: more than 6 of them are 12 pixels from the border.
        assert 20 <= x < 28
        assert 20 <= y < 28
    nothing = deep_clicks(label == 1, label, torch.tensor([0.5]), Chance(torch.Generator().manual_seed(0)))
    assert nothing[0, 0, 2] == -1


def test_visits_begin_as_often_as_promised():
    label = labels(4)[3:].expand(3000, -1, -1)
    points, previous = begun(label, Chance(torch.Generator().manual_seed(0)))
    starts = previous.flatten(1).any(1)
    several = (points[:, 1:, 2] >= 0).any(1)
    assert starts.float().mean() == pytest.approx(0.1, abs=0.02)
    # Of the fifth that may have several clicks, each of four comes half of the time or a little more.
    assert several.float().mean() == pytest.approx(0.2 * (1 - 0.5**2 * 0.4**2), abs=0.02)
    assert (points[~starts][:, 0, 2] == 1).all()
