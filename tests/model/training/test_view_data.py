"""Batches of views: a pure function of seed and step, shared by processes, the same from memory and read as needed."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from model.projects.photographs import BadPhotograph
from model.training.config import ConfigError, TrainConfig, parse_config
from model.training.datasets import DataError
from model.training.devices import Devices
from model.training.memory import available_memory, free_memory
from model.training.module import ClickModule
from model.training.options import TrainOptions
from model.training.photographs import Objects
from model.training.train import train
from model.training.view_data import ViewData, objects_in
from model.training.view_steps import Source, StepVisits, StreamedObjects, TrainingSteps, ValidationSteps
from model.weights.checkpoints import load_network
from pipelines.errors import UserError
from tests.model.datasets import META_OF_TUTORIAL, scene, write_dataset
from tests.model.training.test_train import logged, stop_at


def config(**changes: Any) -> TrainConfig:
    settings = {
        "network": "nano",
        "input_size": {"width": 64, "height": 64},
        "batch_size": {"train": 4, "val": 4},
        "epochs": 2,
        "lr": 0.01,
        "optimizer": "adamw",
        "views": {"sizes": [{"side": 64}, {"side": 96}], "smallest_crop": 24},
    }
    return parse_config(json.dumps(settings | changes), "test.json")


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Eleven photographs to train on and three to validate, of different sizes."""
    samples = [scene(number, 60 + 5 * number, ["val" if number % 5 == 4 else "train"]) for number in range(14)]
    return str(write_dataset(tmp_path_factory.mktemp("data") / "pool", samples, META_OF_TUTORIAL))


def opened(pool: str, settings: TrainConfig, **limits: int) -> ViewData:
    if settings.views is None:
        raise ValueError("these tests draw views")
    data = ViewData(settings, settings.views, [pool], **limits)
    data.prepare()
    return data


def steps(settings: TrainConfig, objects: int = 12, **place: Any) -> TrainingSteps:
    if settings.views is None:
        raise ValueError("these tests draw views")
    return TrainingSteps(settings, settings.views, np.full(objects, 1 / objects), 5, **place)


def test_a_step_is_a_function_of_seed_and_number():
    settings = config()
    one, same = list(steps(settings)), list(steps(settings))
    assert len(one) == 5
    for first, second in zip(one, same, strict=True):
        assert first.objects == second.objects
        assert np.array_equal(first.draws, second.draws)
    later = list(steps(settings, position=lambda: 3))
    assert [visits.objects for visits in later] == [visits.objects for visits in one[3:]], (
        "an epoch ends where it would have"
    )
    assert next(iter(steps(config(seed=1)))).objects != one[0].objects
    assert len({visits.objects for visits in one}) == 5


def test_processes_share_a_step():
    views = {"sizes": [{"side": 64}]}
    whole = steps(config(batch_size={"train": 8, "val": 4}, views=views))
    halves = [steps(config(views=views), rank=rank, world=2) for rank in (0, 1)]
    for number in range(12):
        together = [half.visits(number) for half in halves]
        assert together[0].objects + together[1].objects == whole.visits(number).objects
        assert np.array_equal(np.concatenate([visits.draws for visits in together]), whole.visits(number).draws)


def test_objects_come_as_often_as_their_weight_says():
    settings = config(batch_size={"train": 400, "val": 4}, views={"sizes": [{"side": 64}]})
    if settings.views is None:
        raise ValueError("these tests draw views")
    drawn = TrainingSteps(settings, settings.views, np.array([0.1, 0.0, 0.9]), 1).visits(0)
    counts = np.bincount(drawn.objects, minlength=3)
    assert counts[1] == 0
    assert counts[0] / 400 == pytest.approx(0.1, abs=0.04)


@pytest.mark.parametrize("world", [1, 2])
def test_every_object_is_validated_once(world: int):
    found: list[int] = []
    lengths = set()
    for rank in range(world):
        dealt = ValidationSteps(11, 4, seed=0, rank=rank, world=world)
        lengths.add(len(list(dealt)))
        for visits in dealt:
            assert len(visits.objects) == 4
            found += [number for number, counts in zip(visits.objects, visits.counted, strict=True) if counts]
    assert sorted(found) == list(range(11))
    assert len(lengths) == 1


def test_read_as_needed_photographs_are_those_in_memory(pool: str):
    kept = opened(pool, config())
    read = opened(pool, config(views={"resident": False, "sizes": [{"side": 64}]}))
    assert kept.keeps
    assert not read.keeps
    assert kept.objects("train") == read.objects("train") == 12
    assert kept.weights() == pytest.approx(read.weights())
    trainer = SimpleNamespace(
        global_rank=0, world_size=1, global_step=0, strategy=SimpleNamespace(root_device=torch.device("cpu"))
    )
    for data in (kept, read):
        data.trainer = trainer  # type: ignore[assignment]
    batches = zip(kept.val_dataloader(), read.val_dataloader(), strict=True)
    for named, whole in batches:
        one, other = objects_in(named, kept.resident["val"]), objects_in(whole, None)
        for name in Objects._fields:
            assert torch.equal(getattr(one, name), getattr(other, name)), name


def test_what_does_not_fit_is_said(pool: str, tmp_path: Path):
    with pytest.raises(DataError, match=r"foreground is 'cat', no class there; classes there: obj, .*photographs.json"):
        opened(pool, config(special_classes={"foreground": "cat"}))
    with pytest.raises(UserError, match=r"views.pools: cats, pool are named there or given as data, but not both"):
        opened(pool, config(views={"pools": {"cats": 1.0}})).weights()
    for views, message in (
        ({"sizes": []}, "views.sizes"),
        ({"sizes": [{"side": 100}]}, r"views.sizes\[0\].side: found 100; it should be a multiple of 32"),
        ({"object_share": [0.5, 0.2]}, "object_share 0.5, 0.2: the first must be above 0 and not above the second"),
        ({"colours": {"gamma": [2, 1]}}, "the first must not be above the second"),
        ({"cutout": 1}, "views.cutout: unknown key \\(did you mean 'cutouts'\\?\\); known here: sizes, object_share"),
        (
            {"sizes": [{"side": 64, "shares": 1}]},
            r"views.sizes\[0\].shares: unknown key.*known here: side, share, whole",
        ),
    ):
        with pytest.raises(ConfigError, match=message):
            config(views=views)
    with pytest.raises(ConfigError, match="input_size is 96×64, but views are square; make both sides the same"):
        config(input_size={"width": 96, "height": 64})


def test_photographs_too_large_for_a_view_are_mentioned(pool: str):
    assert "Note" not in opened(pool, config()).described()
    small = opened(pool, config(views={"sizes": [{"side": 32}, {"side": 96}]}))
    assert (
        "Note: photographs of up to 128 pixels are made 4.0 times smaller at once for views of 32" in small.described()
    )


def test_a_photograph_that_cannot_be_read_any_more_is_replaced_and_counted(pool: str, monkeypatch: pytest.MonkeyPatch):
    settings = config(
        views={"resident": False, "sizes": [{"side": 64}]}, allow_corrupted_samples={"train": 1, "val": 0}
    )
    data = opened(pool, settings)
    source = data.stored["train"]
    assert isinstance(source, Source)
    lost, read = {2}, Source.object

    def sometimes(self: Source, number: int) -> Objects:
        if number in lost:
            raise BadPhotograph("gone")
        return read(self, number)

    monkeypatch.setattr(Source, "object", sometimes)
    batch = StreamedObjects(source)[StepVisits((1, 2), np.zeros((2, 1), np.float32), (True, True))]
    assert batch["failed"].tolist() == [-1, 2]
    assert batch["counted"].tolist() == [True, False]
    data.count_failed("train", batch["failed"])
    lost.add(3)
    again = StreamedObjects(source)[StepVisits((3, 2), np.zeros((2, 1), np.float32), (True, True))]
    with pytest.raises(
        BadPhotograph, match=r"2 objects of the train photographs cannot be read any more, .*train is 1"
    ):
        data.count_failed("train", again["failed"])


def test_what_several_processes_need_is_counted_for_each():
    alone, together = (free_memory(Devices("cpu", count)) for count in (1, 3))
    assert 0 < together < alone < available_memory()


@pytest.mark.slow
def test_a_training_on_views_leaves_weights_and_resumes_exactly(
    pool: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def options(output: str, **more: Any) -> TrainOptions:
        return TrainOptions(data=(pool,), output=str(tmp_path / output), accelerator="cpu", **more)

    train(config(log_every=1), options("whole"))
    said = capsys.readouterr().out
    assert (
        "11 training and 3 validation photographs with 12 and 2 objects, in memory; views of 64, 96 pixels" in said
        or ("photographs with" in said)
    )
    network, card = load_network(tmp_path / "whole")
    assert (card.network, card.input_size) == ("nano", (64, 64))
    assert list((tmp_path / "whole" / "pictures").glob("*.png"))
    with monkeypatch.context() as patched:
        stop_at(3, patched)
        train(config(log_every=1), options("parts"))
    train(config(log_every=1), options("parts", resume=""))
    assert logged(tmp_path / "parts", "train/loss") == logged(tmp_path / "whole", "train/loss")
    again, _ = load_network(tmp_path / "parts")
    assert all(torch.equal(one, other) for one, other in zip(network.parameters(), again.parameters(), strict=True))


def test_a_step_on_views_sees_clicks_and_mistakes_of_its_own(pool: str):
    settings = config()
    data = opened(pool, settings)
    from model.networks import build
    from model.training.clock import Clock

    training = ClickModule(build("nano"), settings, Clock.begun(settings, 10), "abc")
    training.photographs = data.resident
    counts = set()
    for number in range(8):
        visits = steps(settings, data.objects("train")).visits(number)
        batch = {
            "objects": torch.tensor(visits.objects),
            "draws": torch.from_numpy(visits.draws),
            "counted": torch.tensor(visits.counted),
        }
        seen = training.viewed(batch, settings.views, number)  # type: ignore[arg-type]
        assert seen["image"].shape[2] in (64, 96)
        assert len(seen["image"]) == len(visits.objects)
        points, previous = training.started(seen, number)
        counts.add(points.shape[1] - 5)
        assert training.network.training
        loss = training.training_losses(batch, number).total(1, 1)
        assert torch.isfinite(loss)
        assert previous.shape == (len(points), 1, *seen["image"].shape[2:])
    assert len(counts) > 1, "the number of further clicks differs from step to step"
