"""Whole training runs on small data: they learn, resume exactly, stop in good order, and say what is wrong."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.data import default_collate

from model.__main__ import main
from model.training.child_processes import complaint_in
from model.training.clock import Clock
from model.training.config import TrainConfig, parse_config, read_config
from model.training.data import ShardData
from model.training.devices import DeviceError, choose_devices
from model.training.divergence import DivergedError
from model.training.going_on import changed_settings
from model.training.module import ClickModule
from model.training.options import TrainError, TrainOptions
from model.training.run_folder import RunFolderError, new_run, next_number, resumed_run
from model.training.samples import EpochBatches
from model.training.starting_weights import initial_network
from model.training.train import steps_between_validations, train
from model.weights import zoo
from model.weights.checkpoints import WeightsError, load_network, read_checkpoint
from pipelines.errors import UserError
from tests.model.datasets import scene, tiny_dataset, write_dataset
from tests.model.toy_networks import write_checkpoint

pytestmark = pytest.mark.usefixtures("one_thread")
TUTORIAL = Path("configs/train/tutorial.json")


def config(**changes: Any) -> TrainConfig:
    """A config that trains in a second."""
    settings = {
        "input_size": {"width": 32, "height": 32},
        "batch_size": {"train": 4, "val": 4},
        "epochs": 3,
        "lr": 0.002,
        "optimizer": "adamw",
        "schedule": "plateau",
        "lr_decreasing": {"patience": 0, "lr_divisor": 2},
        "network": "nano",
        "log_every": 1,
    }
    return parse_config(json.dumps(settings | changes), "test.json")


def options(data: str, output: Path, **changes: Any) -> TrainOptions:
    return TrainOptions(data=(data,), output=str(output), accelerator="cpu", **changes)


def logged(run: Path, column: str) -> dict[int, str]:
    """A column of all logs of a run, by step; text, so that nothing is rounded."""
    values: dict[int, str] = {}
    for file in sorted(run.glob("logs/version_*/metrics.csv")):
        for row in csv.DictReader(file.open()):
            if row.get(column):
                values[int(row["step"])] = row[column]
    return values


def stop_at(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the process send itself SIGTERM while it computes this step (from 0)."""
    original = ClickModule.training_step

    def training_step(self: ClickModule, batch: Any, batch_idx: int) -> Any:
        if self.global_step == step:
            os.kill(os.getpid(), signal.SIGTERM)
        return original(self, batch, batch_idx)

    monkeypatch.setattr(ClickModule, "training_step", training_step)


# ------------------------------------------------------------------------------------------------------------- whole runs


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [{"ema": None}, {"precision": "bf16-mixed", "ema": 0.9}, {"precision": "bf16-mixed", "optimizer": "sgd"}],
    ids=["plain", "bf16 and average", "bf16 and SGD"],
)
def test_a_run_of_one_step_leaves_everything_it_promises(
    changes: dict[str, Any], data: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    path = tmp_path / "quick.json"
    path.write_text(json.dumps(config(**changes).to_dict()))
    arguments = ["--accelerator", "cpu", "--epochs", "1", "--limit-train-batches", "1", "--limit-val-batches", "1"]
    status = main(["train", str(path), "--data", data, "--output", str(tmp_path / "run"), *arguments])
    assert status == 0
    said = capsys.readouterr().out
    assert "21 training and 5 validation samples" in said
    assert "1 epochs of 1 steps on CPU" in said
    assert "Finished after 1 steps." in said
    for name in ("checkpoints/best.ckpt", "logs", "pictures"):
        assert str(tmp_path / "run" / name) in said
    assert {file.name for file in (tmp_path / "run" / "checkpoints").iterdir()} == {"best.ckpt", "last.ckpt"}
    assert (tmp_path / "run" / "pictures" / "step_00000001.png").stat().st_size > 1000
    assert list((tmp_path / "run" / "tensorboard").glob("events.*"))
    _, card = load_network(tmp_path / "run")
    assert card.network == "nano"
    assert card.input_size == (32, 32)
    assert set(card.metrics) == {"val/loss", "val/miou", "val/miou@1", "val/miou@2", "val/miou@3", "val/miou@5"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("stopped_at", "val_every"),
    [(2, 1.0), (5, 1.0), (7, 0.5), (8, 0.5), (11, 0.5), (9, 1.5), (11, 1.5)],
    ids=[
        "in epoch 0",
        "end of epoch 0",
        "mid epoch",
        "at validation",
        "end of epoch 1",
        "odd validations",
        "no validation",
    ],
)
def test_a_resumed_run_repeats_an_unbroken_one(
    stopped_at: int, val_every: float, data: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    # Given a run of 18 steps, and the same run stopped by a signal in the middle
    settings = config(val_every=val_every)
    unbroken = train(settings, options(data, tmp_path / "unbroken"))
    with monkeypatch.context() as patch:
        stop_at(stopped_at, patch)
        stopped = train(settings, options(data, tmp_path / "stopped"))
    assert (stopped.step, stopped.finished) == (stopped_at + 1, False)
    # When it is resumed
    resumed = train(settings, options(data, tmp_path / "stopped", resume=""))
    # Then every step and validation gave the same numbers
    assert (resumed.step, resumed.finished) == (18, True)
    for column in ("train/loss", "lr", "val/loss", "val/miou@1", "val/miou@5"):
        assert logged(tmp_path / "stopped", column) == logged(tmp_path / "unbroken", column), column
    assert sorted(logged(tmp_path / "stopped", "train/loss")) == list(range(18))
    # and the weights are the same, too
    one, other = (load_network(run.folder.last)[0].state_dict() for run in (unbroken, resumed))
    assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.slow
def test_a_finished_run_can_be_given_more_epochs(data: str, tmp_path: Path):
    train(config(epochs=3), options(data, tmp_path / "long"))
    train(config(epochs=1), options(data, tmp_path / "short"))
    more = train(config(epochs=3), options(data, tmp_path / "short", resume=""))
    assert (more.step, more.finished) == (18, True)
    # The automatic warm-up is a share of the run's length, so the first epoch differs; the samples do not.
    assert sorted(logged(tmp_path / "short", "train/loss")) == list(range(18))


@pytest.mark.slow
@pytest.mark.parametrize("validation", [5, 1])
def test_two_processes_with_an_odd_number_of_samples_finish(validation: int, tmp_path: Path):
    data = tiny_dataset(tmp_path / "odd", train=9, val=validation)
    outcome = train(config(epochs=1), options(str(data), tmp_path / "run", devices=2))
    assert outcome.finished
    assert outcome.step == 2
    assert outcome.best is not None
    assert 0 <= outcome.best.metrics["val/miou"] <= 1


@pytest.mark.slow
def test_two_processes_do_what_one_does_with_the_batches_of_both(
    data: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    # Given a training by two processes
    settings = config(epochs=2, optimizer="sgd", lr=0.05, ema=None)
    outcome = train(settings, options(data, tmp_path / "run", devices=2))
    # When one process computes the gradients of both batches and takes one step with their mean
    expected = in_one_process(settings, data, 2, monkeypatch)
    # Then the weights and the statistics are the same, but for the order of sums
    found = load_network(outcome.folder.last)[0].state_dict()
    before = initial_network(settings, options(data, tmp_path))[0].state_dict()
    assert outcome.step == 6
    for name, tensor in expected.items():
        assert torch.allclose(found[name], tensor, rtol=1e-4, atol=1e-5), name
        assert not torch.equal(before[name], tensor) or not tensor.is_floating_point(), name


def in_one_process(
    settings: TrainConfig, data: str, world: int, monkeypatch: pytest.MonkeyPatch
) -> dict[str, torch.Tensor]:
    """The network's tensors after a training of `world` processes, reckoned one process after the other."""
    shards = ShardData(settings, [data])
    steps_per_epoch = shards.steps_per_epoch(world)
    network, _ = initial_network(settings, options(data, Path("unused")))
    module = ClickModule(network, settings, Clock.begun(settings, steps_per_epoch, world), "")
    optimizer = module.configure_optimizers()
    for step in range(steps_per_epoch * settings.epochs):
        buffers = {name: tensor.clone() for name, tensor in module.network.named_buffers()}
        # Of the first process; the others begin each step with its statistics.
        kept: dict[str, torch.Tensor] = {}
        optimizer.zero_grad()
        for rank in range(world):
            monkeypatch.setattr(ClickModule, "global_rank", property(lambda self, rank=rank: rank))
            for name, tensor in module.network.named_buffers():
                tensor.copy_(buffers[name])
            batches = EpochBatches(
                len(shards.train_samples),
                4,
                seed=settings.seed,
                rank=rank,
                world=world,
                position=lambda step=step: step,
            )
            visits = next(iter(batches))
            batch = default_collate([shards.train_samples[visit] for visit in visits])
            losses = module.train().training_losses(batch, step)
            (losses.total(settings.loss_weights.main_class, settings.loss_weights.points) / world).backward()
            kept = kept or {name: tensor.clone() for name, tensor in module.network.named_buffers()}
        for name, tensor in module.network.named_buffers():
            tensor.copy_(kept[name])
        torch.nn.utils.clip_grad_norm_(module.network.parameters(), settings.gradient_clip)
        for group in optimizer.param_groups:
            group["lr"] = module.learning_rate(step)
        optimizer.step()
    return module.network.state_dict()


@pytest.mark.slow
def test_a_run_that_is_killed_outright_goes_on_from_its_last_checkpoint(data: str, tmp_path: Path):
    # Given a run, and the same run killed some steps after a validation, without a chance to save anything
    settings = config(epochs=40, val_every=1.0, lr_decreasing={"patience": 5, "lr_divisor": 2})
    train(settings, options(data, tmp_path / "unbroken"))
    path = tmp_path / "config.json"
    path.write_text(json.dumps(settings.to_dict()))
    run = tmp_path / "killed"
    arguments = f"--data {data} --output {run} --accelerator cpu".split()
    process = subprocess.Popen(
        [sys.executable, "-m", "model", "train", str(path), *arguments],
        stdout=subprocess.DEVNULL,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    deadline = time.monotonic() + 120
    while len(logged(run, "train/loss")) < 15 and time.monotonic() < deadline:
        time.sleep(0.05)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    reached = max(logged(run, "train/loss"))
    saved = torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)["global_step"]
    assert 0 < saved <= reached + 1 < 239
    # When it is resumed
    resumed = train(settings, options(data, run, resume=""))
    # Then every step and validation gave the same numbers, also those that were made twice
    assert (resumed.step, resumed.finished) == (240, True)
    for column in ("train/loss", "lr", "val/loss", "val/miou@5"):
        assert logged(run, column) == logged(tmp_path / "unbroken", column), column


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "processes", "workers"),
    [
        (signal.SIGTERM, 1, 0),
        (signal.SIGTERM, 2, 0),
        (signal.SIGTERM, 1, 2),
        (signal.SIGINT, 1, 2),
        (signal.SIGINT, 2, 1),
    ],
)
def test_a_signal_to_the_whole_job_saves_and_says_how_to_go_on(
    number: signal.Signals, processes: int, workers: int, data: str, tmp_path: Path
):
    # Given a running training, with processes of its own that decode samples
    path = tmp_path / "long.json"
    settings = config(epochs=10000, val_every=1.0, data_workers={"train": workers, "val": workers})
    path.write_text(json.dumps(settings.to_dict()))
    run = tmp_path / "run"
    arguments = f"--data {data} --output {run} --accelerator cpu --devices {processes}".split()
    process = subprocess.Popen(
        [sys.executable, "-m", "model", "train", str(path), *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        start_new_session=True,
    )
    deadline = time.monotonic() + 120
    while not (run / "checkpoints" / "last.ckpt").exists() and time.monotonic() < deadline:
        time.sleep(0.2)
    # When all its processes get the signal, as from a terminal or a scheduler
    os.killpg(process.pid, number)
    said, _ = process.communicate(timeout=60)
    # Then it saves, and ends in good order
    assert process.returncode == 143
    total = 60000 // processes
    assert re.search(rf"Stopped at step \d+ of {total}, everything saved; go on with --resume \S+last.ckpt", said)


@pytest.mark.parametrize(
    ("end", "message"),
    [
        ("model.training.datasets.DataError: no sample\n  has a tag: none\n", (2, "no sample\n  has a tag: none")),
        (
            "pipelines.errors.UserError: first\n{frame}model.training.divergence.DivergedError: lower lr\n",
            (3, "lower lr"),
        ),
        ("pipelines.errors.UserError: first\n{frame}KeyError: 'x'\n", None),
        ("RuntimeError: out of memory\n", None),
        ("KeyboardInterrupt\n", None),
    ],
)
def test_only_a_users_mistake_is_found_in_a_traceback(end: str, message: tuple[int, str] | None):
    frame = 'Traceback (most recent call last):\n  File "x.py", line 1, in y\n    call(z)\n    ~~~~^^^\n'
    found = complaint_in(f"-- Process 1 terminated:\n{frame}{end.replace('{frame}', frame)}")
    assert (found and (found.status, str(found))) == message


@pytest.mark.slow
def test_a_mistake_that_a_child_process_finds_is_told_as_any_other(tmp_path: Path):
    # Given a dataset of which a sample cannot be decoded any more
    data = tiny_dataset(tmp_path / "data", train=12, val=4)
    [shard] = data.glob("*.tar")
    with shard.open("r+b") as file:
        file.truncate(shard.stat().st_size // 2)
    # When two processes train on it
    with pytest.raises(UserError) as caught:
        train(config(epochs=1), options(str(data), tmp_path / "run", devices=2))
    # Then the message is the one of a single process
    assert "cannot be decoded, allow_corrupted_samples" in str(caught.value)
    assert "is cut off: the manifest says" in str(caught.value)


@pytest.mark.slow
def test_a_short_training_learns_to_segment(tmp_path: Path):
    data = str(tiny_dataset(tmp_path / "data", train=240, val=24))
    settings = config(epochs=8, schedule="cosine", lr=0.004, batch_size={"train": 8, "val": 8}, val_every=2)
    outcome = train(settings, options(data, tmp_path / "run"))
    assert outcome.best is not None
    assert outcome.best.metrics["val/miou@5"] > 0.65
    assert outcome.best.metrics["val/miou@1"] > 0.5


@pytest.mark.slow
def test_the_tutorials_optimizer_learns_and_does_not_collapse(tmp_path: Path):
    # Given the tutorial's learning rate, momentum, loss weights and schedule, on a small network and input
    tutorial = read_config(TUTORIAL).to_dict()
    small = {"input_size": {"width": 32, "height": 32}, "batch_size": {"train": 8, "val": 8}, "network": "nano"}
    quick = {"epochs": 10, "data_workers": {"train": 0, "val": 0}, "gpu_devices": []}
    settings = parse_config(json.dumps(tutorial | small | quick), "tutorial")
    data = str(tiny_dataset(tmp_path / "data", train=240, val=24))
    outcome = train(settings, options(data, tmp_path / "run"))
    # Then masks are not empty, which is how lr 0.1 ends without warm-up and clipping
    assert outcome.last.metrics["val/miou@3"] > 0.5


# ---------------------------------------------------------------------------------------------------- weights and folders


def test_weights_of_which_nothing_fits_are_refused(tmp_path: Path):
    weights = str(write_checkpoint(tmp_path / "nano.ckpt"))
    settings = config(network="unet_tiny", weights_init_type="transfer_learning")
    with pytest.raises(
        TrainError, match=r"none of their \d+ tensors fits the network 'unet_tiny': nothing can be transferred"
    ):
        initial_network(settings, options("data", tmp_path, weights=weights))


@pytest.mark.slow
def test_weights_are_continued_transferred_or_refused(data: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    first = train(config(epochs=1), options(data, tmp_path / "first"))
    weights = str(tmp_path / "first")
    capsys.readouterr()

    still = {"epochs": 1, "lr": 1e-12}
    train(config(**still, weights_init_type="continue_training"), options(data, tmp_path / "second", weights=weights))
    assert "Weights: all of" in capsys.readouterr().out
    before, after = (load_network(path)[0].head.weight for path in (first.folder.best, tmp_path / "second"))
    assert torch.allclose(before, after, atol=1e-6)

    train(config(**still, weights_init_type="transfer_learning"), options(data, tmp_path / "third", weights=weights))
    assert "4 tensors that start fresh: head.weight, head.bias, auxiliary_head.weight" in capsys.readouterr().out
    assert not torch.allclose(before, load_network(tmp_path / "third")[0].head.weight, atol=1e-3)

    with pytest.raises(TrainError, match='weights_init_type is "scratch"'):
        train(config(), options(data, tmp_path / "x", weights=weights))
    with pytest.raises(
        TrainError, match="those of the network 'nano', the config says 'tiny'; set \"network\": \"nano\""
    ):
        train(
            config(network="tiny", weights_init_type="continue_training"),
            options(data, tmp_path / "x", weights=weights),
        )
    with pytest.raises(TrainError, match="exclude each other"):
        train(
            config(weights_init_type="continue_training"),
            options(data, tmp_path / "x", weights=weights, resume=weights),
        )
    other = str(tiny_dataset(tmp_path / "other", train=4, val=2))
    with pytest.raises(TrainError, match="trained on other data"):
        train(config(), options(other, tmp_path / "first", resume=""))


@pytest.mark.slow
def test_a_sample_that_cannot_be_decoded_ends_the_run_with_its_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    samples = [scene(number, 32, ("train",)) for number in range(5)] + [scene(9, 32, ("val",))]
    location = write_dataset(tmp_path / "d", [*samples, replace(samples[0], image=b"no image")])
    path = tmp_path / "config.json"
    path.write_text(json.dumps(config(data_workers={"train": 1, "val": 0}).to_dict()))
    arguments = ["train", str(path), "--data", str(location), "--accelerator", "cpu", "--output", str(tmp_path / "run")]
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert "d: ds/000006.png: the image cannot be decoded" in said
    assert "allow_corrupted_samples.train is 0" in said
    path.write_text(json.dumps(config(allow_corrupted_samples={"train": 1, "val": 0}, epochs=1).to_dict()))
    assert main([*arguments, "--overwrite"]) == 0


def test_continuing_without_weights_is_said_plainly(data: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    from model.training.starting_weights import initial_network

    initial_network(config(weights_init_type="continue_training"), options(data, tmp_path))
    said = capsys.readouterr().out
    assert "no weights are given, and the zoo has none for the network 'nano' and the class 'obj'" in said
    assert "training starts from scratch, with random weights. Give some with --weights" in said


def test_continuing_without_weights_goes_on_with_those_of_the_zoo(
    data: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    from model.training.starting_weights import initial_network

    begun, card = initial_network(
        config(weights_init_type="continue_training", network="tiny"), options(data, tmp_path)
    )
    expected, expected_card = load_network("zoo:tiny")
    assert torch.equal(begun.head.weight, expected.head.weight)
    assert card == expected_card
    assert "Weights: all of" in capsys.readouterr().out


def test_what_keeps_trained_weights_safe_is_said():
    from model.training.messages import kept_safe

    settings = config(lr=0.1, ema=0.999, gradient_clip=1.0)
    assert kept_safe(settings, Clock.begun(settings, 20)) == (
        f"Going on from trained weights: lr rises to 0.1 over {settings.warmup(20 * settings.epochs)} steps, gradients are "
        "clipped at a norm of 1, and the result is a moving average that begins with these weights and keeps 0.999 of itself "
        "a step."
    )
    bare = config(ema=None, gradient_clip=None)
    assert "without a moving average (ema) the last step's weights" in kept_safe(bare, Clock.begun(bare, 20))
    assert "clipped" not in kept_safe(bare, Clock.begun(bare, 20))


def test_transfer_begins_with_an_encoder_that_has_never_seen_a_click(
    data: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    from model.training.starting_weights import initial_network

    settings = config(weights_init_type="transfer_learning", network="lite")
    begun, card = initial_network(settings, options(data, tmp_path, weights="zoo:lite0-imagenet"))
    stored = read_checkpoint(zoo.file_of("lite0-imagenet"))["encoder"]
    assert torch.equal(begun.get_parameter("encoder.stem.0.weight"), stored["stem.0.weight"].float())
    assert card is None, "the network has not seen a click"
    said = capsys.readouterr().out
    assert re.search(r"Weights: from .*lite0-imagenet.encoder, except for \d+ tensors that start fresh: context", said)
    assert "num_batches_tracked" not in said
    with pytest.raises(WeightsError, match=r'an encoder alone .* "transfer_learning", "network": "lite"'):
        initial_network(
            config(weights_init_type="continue_training", network="lite"),
            options(data, tmp_path, weights="zoo:lite0-imagenet"),
        )
    with pytest.raises(TrainError, match="none of their 240 tensors fits the network 'nano'"):
        initial_network(
            config(weights_init_type="transfer_learning"), options(data, tmp_path, weights="zoo:lite0-imagenet")
        )


def test_transfer_without_weights_is_refused(data: str, tmp_path: Path):
    with pytest.raises(TrainError, match='"transfer_learning", but no weights are given; add --weights'):
        train(config(weights_init_type="transfer_learning"), options(data, tmp_path / "run"))


def test_random_weights_follow_from_the_seed_and_leave_other_randomness_alone(data: str, tmp_path: Path):
    from model.training.starting_weights import initial_network

    torch.manual_seed(1)
    expected = torch.rand(1)
    torch.manual_seed(1)
    one, same, other = (
        initial_network(config(seed=seed), options(data, tmp_path))[0].head.weight for seed in (3, 3, 4)
    )
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    assert torch.equal(torch.rand(1), expected)


def test_runs_are_numbered(tmp_path: Path):
    assert next_number(tmp_path / "runs") == 0
    for name in ("000_a", "007_b", "notes", "012"):
        (tmp_path / "runs" / name).mkdir(parents=True)
    assert next_number(tmp_path / "runs") == 8


def test_a_run_is_not_overwritten_unasked(tmp_path: Path):
    folder = new_run(tmp_path, "x")
    folder.describe(config(), {})
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(
        RunFolderError, match=r"holds a run already; go on with it by --resume, delete it by --overwrite"
    ):
        new_run(tmp_path, "x")
    new_run(tmp_path, "x", overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_resuming_needs_a_checkpoint(tmp_path: Path):
    with pytest.raises(RunFolderError, match=r"there is no checkpoint .*last.ckpt; one is written at every validation"):
        resumed_run("", tmp_path)
    with pytest.raises(RunFolderError, match="add --output RUN"):
        resumed_run("", None)
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "last.ckpt").touch()
    assert resumed_run(tmp_path, None)[0].root == tmp_path
    assert resumed_run(tmp_path / "checkpoints" / "last.ckpt", None)[0].root == tmp_path
    assert resumed_run(tmp_path, tmp_path / "elsewhere")[0].root == tmp_path / "elsewhere"


def test_changed_settings_are_named():
    before, now = config().to_dict(), config(lr=0.1, clicks={"iterations": 1}).to_dict()
    assert list(changed_settings(before, now)) == ["lr: 0.002 → 0.1", "clicks.iterations: 3 → 1"]


# ----------------------------------------------------------------------------------------------------- devices and steps


@pytest.mark.parametrize(
    ("accelerator", "count", "wanted", "found", "expected"),
    [
        ("cpu", None, (0, 1), 0, ("cpu", 1, ())),
        ("cpu", 2, (0, 1), 1, ("cpu", 2, ())),
        ("auto", None, (), 1, ("cpu", 1, ())),
        ("auto", None, None, 0, ("cpu", 1, ())),
        ("auto", None, None, 2, ("gpu", 1, (0,))),
        ("auto", 2, None, 2, ("gpu", 2, (0, 1))),
        ("auto", None, (1, 0), 2, ("gpu", 2, (1, 0))),
        ("auto", 1, (0, 1, 2, 3), 1, ("gpu", 1, (0,))),
        ("gpu", None, (), 1, ("gpu", 1, (0,))),
    ],
)
def test_devices_follow_the_command_line_then_the_config(
    accelerator: Any, count: int | None, wanted: Any, found: int, expected: tuple[str, int, tuple[int, ...]]
):
    devices = choose_devices(accelerator, count, wanted, found)
    assert (devices.accelerator, devices.count, devices.numbers) == expected


def test_missing_gpus_are_named_with_the_way_out():
    with pytest.raises(
        DeviceError,
        match=r"GPUs 0, 1, 2, 3 are asked for \(gpu_devices of the config\), but PyTorch finds no GPU on this machine; "
        r"train on the processor with --accelerator cpu",
    ):
        choose_devices("auto", None, (0, 1, 2, 3), 0)
    with pytest.raises(
        DeviceError,
        match=r"of these 1, 2, 3 are not there; PyTorch finds 0 \(H200\)\. Use --devices 1, --accelerator cpu",
    ):
        choose_devices("auto", None, (0, 1, 2, 3), 1, lambda number: "H200")
    with pytest.raises(DeviceError, match="--devices 3: gpu_devices of the config names only 2"):
        choose_devices("gpu", 3, (0, 1), 3)


@pytest.mark.parametrize(
    ("val_every", "steps"), [(1.0, 10), (0.5, 5), (1.5, 15), (0.01, 1), (2.0, 20), (100.0, 30), (0.33, 3)]
)
def test_val_every_counts_epochs_in_whole_steps(val_every: float, steps: int):
    assert steps_between_validations(val_every, steps_per_epoch=10, total_steps=30) == steps


# ----------------------------------------------------------------------------------------------------------- command line


def test_help_is_quick_because_it_loads_no_pytorch():
    code = (
        "import sys, model.__main__\n"
        "try: model.__main__.main(['train', '--help'])\n"
        "except SystemExit: print('torch' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "--accelerator" in said
    assert "python -m model train configs/train/tutorial.json" in said
    assert said.endswith("False\n")


def test_mistakes_end_with_status_2_and_their_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["train", str(tmp_path / "no.json"), "--data", "x"]) == 2
    assert "no.json: cannot be read (No such file or directory)" in capsys.readouterr().err
    assert main(["train", str(TUTORIAL), "--data", "x", "--epochs", "0"]) == 2
    assert "--epochs 0: at least 1 is needed" in capsys.readouterr().err
    assert main(["train", str(TUTORIAL), "--data", str(tmp_path / "no"), "--accelerator", "cpu"]) == 2
    assert "does not exist; a dataset is" in capsys.readouterr().err


def test_a_run_says_where_it_comes_from(tmp_path: Path):
    data = str(tiny_dataset(tmp_path / "data", train=4, val=2))
    weights = str(write_checkpoint(tmp_path / "nano.ckpt", 32))
    settings = config(epochs=1, weights_init_type="transfer_learning")
    outcome = train(settings, options(data, tmp_path / "run", weights=weights))
    origin = json.loads((tmp_path / "run" / "run.json").read_text())
    assert origin["data"] == [data]
    assert origin["dataset_digest"] == outcome.last.dataset_digest
    assert origin["weights"] == weights
    assert set(origin["versions"]) == {"smart-tool", "torch", "pytorch-lightning"}
    assert read_config(tmp_path / "run" / "config.json") == settings
    train(settings.with_epochs(2), options(data, tmp_path / "run", resume=""))
    assert json.loads((tmp_path / "run" / "run.json").read_text()) == origin


SCRIPT = """
import model
config = {{"network": "nano", "epochs": 1, "lr": 0.01, "input_size": {{"width": 64, "height": 64}}}}
config["batch_size"] = {{"train": 2, "val": 2}}
print(model.train(config, {data!r}, {output!r}, accelerator="cpu", devices=2).finished)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "environment",
    [{}, {"SLURM_JOB_ID": "3", "SLURM_JOB_NAME": "x", "SLURM_NTASKS": "1", "SLURM_PROCID": "0", "SLURM_NODEID": "0"}],
    ids=["plain", "slurm"],
)
def test_a_script_without_a_guard_trains_with_two_processes(tmp_path: Path, environment: dict[str, str]):
    data = str(tiny_dataset(tmp_path / "data", train=4, val=2))
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(data=data, output=str(tmp_path / "run")))
    done = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        timeout=300,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path.cwd()), **environment},
    )
    assert done.stdout.splitlines()[-1:] == ["True"], done.stderr


@pytest.mark.slow
def test_a_training_by_two_processes_that_diverges_stops_both(tmp_path: Path):
    data = str(tiny_dataset(tmp_path / "data", train=24, val=4))
    wild = config(epochs=4, optimizer="sgd", lr=1e30, gradient_clip=None, warmup_steps=0, log_every=1)
    with pytest.raises(DivergedError) as caught:
        train(wild, options(data, tmp_path / "run", devices=2))
    assert caught.value.status == 3
    for kept in (tmp_path / "run" / "checkpoints").glob("*.ckpt"):
        tensors = read_checkpoint(kept)["state_dict"].values()
        assert all(torch.isfinite(tensor).all() for tensor in tensors if tensor.is_floating_point())
