"""A training one can count on: resumed with other batches, by name, by itself; checkpoints that survive whatever ends it."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn

from model.__main__ import main
from model.networks import build
from model.training.callbacks import Checkpoints
from model.training.checkpoint_files import BESIDE, SwappedFiles
from model.training.clock import CLOCK_KEY, Clock
from model.training.config import TrainConfig, parse_config
from model.training.divergence import DivergedError
from model.training.going_on import resume_decided
from model.training.module import ClickModule
from model.training.options import TrainError, TrainOptions
from model.training.resume import optimizer_state_for, tensors_for
from model.training.run_folder import RunFolder, begun_run
from model.training.train import train
from tests.model.training.test_train import config, logged, options

pytestmark = pytest.mark.usefixtures("one_thread")


class Killed(BaseException):
    """Stands for the end of the machine: nobody is told, nothing is saved."""


def at_step(step: int, monkeypatch: pytest.MonkeyPatch, what: Callable[[torch.Tensor], torch.Tensor]) -> None:
    """Put `what` of the loss in place of the loss of this step (from 0)."""
    original = ClickModule.training_step

    def training_step(self: ClickModule, batch: Any, batch_idx: int) -> Any:
        if self.global_step != step:
            return original(self, batch, batch_idx)
        look, self.watch.look = self.watch.look, lambda value, at: None  # type: ignore[method-assign]
        loss = what(original(self, batch, batch_idx))
        self.watch.look = look  # type: ignore[method-assign]
        self.watch.look(loss, step)
        return loss

    monkeypatch.setattr(ClickModule, "training_step", training_step)


def killed(loss: torch.Tensor) -> torch.Tensor:
    raise Killed


# ---------------------------------------------------------------------------------------------------------- by the step


@pytest.mark.slow
@pytest.mark.parametrize("stopped", [4, 6], ids=["mid epoch", "end of an epoch"])
@pytest.mark.parametrize(
    ("changes", "devices", "steps_per_epoch"),
    [
        ({"batch_size": {"train": 2, "val": 4}}, None, 11),
        ({"batch_size": {"train": 16, "val": 4}}, None, 2),
        ({}, 2, 3),
    ],
    ids=["smaller batches", "larger batches", "two processes"],
)
def test_other_batches_go_on_at_the_same_step_and_end_at_the_same(
    changes: dict[str, Any],
    devices: int | None,
    steps_per_epoch: int,
    stopped: int,
    data: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
):
    # Given a run of 18 steps that is killed outright, with a checkpoint of step 4 or 6
    with monkeypatch.context() as patch:
        at_step(stopped, patch, killed)
        with pytest.raises(Killed):
            train(config(val_every=stopped / 6), options(data, tmp_path / "run"))
    # When it goes on with other batches
    outcome = train(config(**changes), options(data, tmp_path / "run", devices=devices, resume=""))
    # Then every step is there once, and what an epoch is now is said
    assert (outcome.step, outcome.total_steps, outcome.finished) == (18, 18, True)
    assert sorted(logged(tmp_path / "run", "train/loss")) == list(range(18))
    said = capfd.readouterr().out
    assert f"Resumed at step {stopped} with" in said
    assert f"an epoch is now {steps_per_epoch} steps, not 6" in said
    assert f"Training: from step {stopped} to step 18, {steps_per_epoch} an epoch, on CPU" in said
    assert "best" in {path.stem for path in outcome.folder.checkpoints.iterdir()}


@pytest.mark.slow
def test_a_run_on_views_goes_on_exactly_and_can_be_made_longer(
    data: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    views = {"views": {"sizes": [{"side": 32}], "smallest_crop": 16}, "checkpoint_minutes": 1e-9}
    unbroken = train(config(**views, epochs=2), options(data, tmp_path / "unbroken"))
    with monkeypatch.context() as patch:
        at_step(unbroken.total_steps // 2 + 1, patch, killed)
        with pytest.raises(Killed):
            train(config(**views, epochs=2), options(data, tmp_path / "run"))
    train(config(**views, epochs=2), options(data, tmp_path / "run", resume=""))
    for column in ("train/loss", "lr", "val/loss"):
        assert logged(tmp_path / "run", column) == logged(tmp_path / "unbroken", column), column
    longer = train(config(**views, epochs=3), options(data, tmp_path / "run", resume="", devices=2))
    assert longer.finished
    assert unbroken.total_steps < longer.step < 1.5 * unbroken.total_steps
    assert sorted(logged(tmp_path / "run", "train/loss")) == list(range(longer.step))


@pytest.mark.slow
def test_a_finished_run_is_made_longer_and_its_cosine_stretched(data: str, tmp_path: Path, capsys: Any):
    settings = config(schedule="cosine", epochs=2)
    train(settings, options(data, tmp_path / "run"))
    before = logged(tmp_path / "run", "lr")
    capsys.readouterr()
    # When the same is asked for again, nothing is left to do
    again = train(settings, options(data, tmp_path / "run", resume=""))
    assert (again.step, again.finished) == (12, True)
    assert "Nothing is left to train: its 2 epochs end at step 12, and it has done 12." in capsys.readouterr().out
    with pytest.raises(TrainError, match=r"nothing is left to train .* give more with --epochs"):
        train(settings, options(data, tmp_path / "other", resume=str(tmp_path / "run")))
    # When it is made longer, with batches of another size, too
    more = train(
        config(schedule="cosine", epochs=4, batch_size={"train": 8, "val": 4}),
        options(data, tmp_path / "run", resume=""),
    )
    assert (more.step, more.total_steps) == (18, 18)
    said = capsys.readouterr().out
    assert (
        "The run is longer: 4 epochs in place of 2, so it ends at step 18 and not at 12; the cosine is stretched"
        in said
    )
    rates = {step: float(rate) for step, rate in logged(tmp_path / "run", "lr").items()}
    assert float(before[11]) == pytest.approx(0.01 * settings.lr)
    assert rates[12] > 10 * float(before[11])
    assert rates[17] == pytest.approx(0.01 * settings.lr)


@pytest.mark.slow
def test_a_plateau_goes_on_in_a_longer_run(data: str, tmp_path: Path):
    still = {"lr": 1e-12, "lr_decreasing": {"patience": 0, "lr_divisor": 2}, "ema": None, "warmup_steps": 0}
    train(config(epochs=3, **still), options(data, tmp_path / "long"))
    train(config(epochs=2, **still), options(data, tmp_path / "run"))
    train(config(epochs=3, **still), options(data, tmp_path / "run", resume=""))
    assert logged(tmp_path / "run", "lr") == logged(tmp_path / "long", "lr")
    assert len(set(logged(tmp_path / "run", "lr").values())) > 1


# ------------------------------------------------------------------------------------------------------------ by itself


def checkpoint_in(run: Path, *names: str) -> Path:
    (run / "checkpoints").mkdir(parents=True)
    for name in names:
        (run / "checkpoints" / name).touch()
    return run


def test_the_run_that_was_begun_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    assert begun_run(None, "mine") is None
    assert begun_run("new", "mine") is None
    for name in ("000_mine", "002_mine", "010_mine", "011_other", "003_mine_too"):
        checkpoint_in(tmp_path / "runs" / name, "last.ckpt", "best.ckpt")
    found = begun_run(None, "mine")
    assert found is not None
    assert found == (RunFolder(Path("runs/010_mine")), Path("runs/010_mine/checkpoints/last.ckpt"))
    # The newest one has no checkpoint yet
    checkpoint_in(tmp_path / "runs" / "012_mine")
    assert begun_run(None, "mine") is None
    # Killed between the two files of the first validation
    found = begun_run(checkpoint_in(tmp_path / "given", "best.ckpt"), "mine")
    assert found is not None
    assert found[1].name == "best.ckpt"


def test_auto_decides_between_going_on_and_beginning(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    given = TrainOptions(data=("d",), output=str(tmp_path / "run"), weights="zoo:tiny", resume="auto")
    begun = resume_decided(given)
    assert (begun.resume, begun.weights, begun.output) == (None, "zoo:tiny", given.output)
    assert "no checkpoint of an earlier start of this run, so it begins anew" in capsys.readouterr().out
    checkpoint_in(tmp_path / "run", "last.ckpt")
    gone_on = resume_decided(given)
    assert (gone_on.resume, gone_on.weights) == (str(tmp_path / "run/checkpoints/last.ckpt"), None)
    assert "going on from" in (said := capsys.readouterr().out)
    assert "--weights zoo:tiny was for its beginning" in said
    with pytest.raises(TrainError, match="--resume auto and --overwrite exclude each other"):
        resume_decided(TrainOptions(data=("d",), resume="auto", overwrite=True))
    other = TrainOptions(data=("d",), resume="x")
    assert resume_decided(other) is other


@pytest.mark.slow
def test_the_same_command_line_again_and_again_comes_to_the_end(
    data: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    # Given a machine that is taken away before the first checkpoint, then later, then not
    train(config(), options(data, tmp_path / "unbroken"))
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(config(checkpoint_minutes=1e-9).to_dict()))
    line = [
        "train",
        str(path),
        "--data",
        data,
        "--accelerator",
        "cpu",
        "--output",
        str(tmp_path / "run"),
        "--resume",
        "auto",
    ]
    for step in (0, 3, 9):
        with monkeypatch.context() as patch:
            at_step(step, patch, killed)
            with pytest.raises(Killed):
                main(line)
    assert main(line) == 0
    # Then all steps are those of a run that was left alone, and once more does nothing
    for column in ("train/loss", "val/loss"):
        assert logged(tmp_path / "run", column) == logged(tmp_path / "unbroken", column), column
    assert main(line) == 0
    assert "Nothing is left to train" in capsys.readouterr().out


# -------------------------------------------------------------------------------------------------------------- by name


class Headed(nn.Module):
    """A body, and the heads with these names."""

    def __init__(self, *heads: str) -> None:
        super().__init__()
        self.body = nn.Linear(2, 2)
        for name in heads:
            self.add_module(name, nn.Linear(2, 1))


def stepped(network: nn.Module, names: bool = True, **settings: Any) -> torch.optim.Optimizer:
    """An optimizer with a state that differs from tensor to tensor."""
    decaying = [(name, p) for name, p in network.named_parameters() if p.ndim > 1]
    free = [(name, p) for name, p in network.named_parameters() if p.ndim <= 1]
    groups = [{"params": group if names else [p for _, p in group]} for group in (decaying, free)]
    optimizer = torch.optim.AdamW(groups, lr=0.1, **settings)
    for number, parameter in enumerate(network.parameters(), 1):
        parameter.grad = torch.full_like(parameter, float(number))
    optimizer.step()
    return optimizer


def means(state: dict[str, Any], names: list[str]) -> dict[str, torch.Tensor]:
    """The first moments by name."""
    return {name: state["state"][number]["exp_avg"] for number, name in enumerate(names) if number in state["state"]}


@pytest.mark.parametrize("heads", [("a", "b", "c"), ("a",), ("b", "a"), ("z", "b", "a")])
def test_the_optimizers_state_follows_the_names(heads: tuple[str, ...]):
    before = Headed("a", "b")
    stored = stepped(before)
    expected = {name: stored.state[parameter]["exp_avg"] for name, parameter in before.named_parameters()}
    now = Headed(*heads)
    optimizer = stepped(now, weight_decay=0.7)
    state, anew = optimizer_state_for(optimizer.state_dict(), stored.state_dict(), now)
    optimizer.load_state_dict(state)
    for name, parameter in now.named_parameters():
        if name in expected:
            assert torch.equal(optimizer.state[parameter]["exp_avg"], expected[name]), name
        else:
            assert parameter not in optimizer.state
            assert name in anew
    assert optimizer.param_groups[0]["weight_decay"] == 0.7, "the settings are those of now"


def test_a_state_without_names_is_taken_by_its_order_where_the_numbers_agree():
    before, now = Headed("a"), Headed("a")
    stored = stepped(before, names=False).state_dict()
    optimizer = stepped(now)
    optimizer.load_state_dict(optimizer_state_for(optimizer.state_dict(), stored, now)[0])
    for (name, parameter), number in zip(now.named_parameters(), range(1, 5), strict=True):
        assert optimizer.state[parameter]["exp_avg"].unique().tolist() == pytest.approx([0.1 * number]), name
    other = Headed("a", "b")
    state, anew = optimizer_state_for(stepped(other).state_dict(), stored, other)
    assert state["state"] == {}
    assert len(anew) == 6


def test_a_state_of_another_shape_or_another_optimizer_is_not_taken():
    before, now = Headed("a"), Headed("a")
    now.a = nn.Linear(2, 3)
    _, anew = optimizer_state_for(stepped(now).state_dict(), stepped(before).state_dict(), now)
    assert anew == ["a.weight", "a.bias"]
    sgd = torch.optim.SGD(before.named_parameters(), lr=0.1, momentum=0.9)
    state, anew = optimizer_state_for(sgd.state_dict(), stepped(before).state_dict(), before)
    assert (state["state"], len(anew)) == ({}, 4)


def test_tensors_are_taken_by_name_and_an_average_begins_with_the_weights():
    module = nn.ModuleDict({"network": Headed("a", "b"), "average": Headed("a", "b")})
    stored = {f"network.{name}": tensor + 1 for name, tensor in Headed("b", "gone").state_dict().items()}
    taken, fresh = tensors_for(module, stored)
    assert set(taken) == set(module.state_dict())
    assert torch.equal(taken["average.b.weight"], stored["network.b.weight"])
    assert torch.equal(taken["network.b.bias"], stored["network.b.bias"])
    assert set(fresh) == {f"{part}.a.{kind}" for part in ("network", "average") for kind in ("weight", "bias")}


@pytest.mark.slow
@pytest.mark.parametrize("named", [True, False], ids=["with names", "without names, as of old"])
@pytest.mark.parametrize("change", ["gained", "lost", "none"])
def test_a_network_with_another_head_resumes_with_the_state_of_the_rest(
    named: bool,
    change: str,
    data: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    # Given a finished run
    train(config(epochs=1), options(data, tmp_path / "run"))
    last = tmp_path / "run" / "checkpoints" / "last.ckpt"
    stored = torch.load(last, weights_only=True)
    optimizer_state = stored["optimizer_states"][0]
    assert CLOCK_KEY in stored
    names = [name for group in optimizer_state["param_groups"] for name in group["param_names"]]
    if not named:
        for group in optimizer_state["param_groups"]:
            del group["param_names"], group["lr_factor"]
        del stored[CLOCK_KEY]
        torch.save(stored, last)
    # When its network gets another head, or loses one
    original = build

    def built(name: str) -> Any:
        network = original(name)
        if change == "gained":
            network.quality = nn.Linear(3, 1)
        if change == "lost":
            network.auxiliary_head.bias = None
        return network

    monkeypatch.setattr("model.training.starting_weights.build", built)
    seen: dict[str, Any] = {}

    def on_train_start(self: ClickModule) -> None:
        optimizer = self.trainer.optimizers[0]
        seen.update(
            {name: dict(optimizer.state[p]) for name, p in self.network.named_parameters() if p in optimizer.state}
        )
        seen["rate"] = optimizer.param_groups[0]["lr_factor"]
        raise Killed

    monkeypatch.setattr(ClickModule, "on_train_start", on_train_start)
    with pytest.raises(Killed):
        train(config(epochs=2), options(data, tmp_path / "run", resume=""))
    # Then the others have their state
    said = capsys.readouterr().out
    lost = {"auxiliary_head.bias"} if change == "lost" else set()
    if not named and change != "none":
        assert "begins anew there" in said
        return
    assert set(seen) - {"rate"} == set(names) - lost
    for number, name in enumerate(names):
        if name not in lost:
            assert torch.equal(seen[name]["exp_avg"], optimizer_state["state"][number]["exp_avg"]), name
    assert ("2 tensors of the network are not in the checkpoint, and start fresh: quality.weight" in said) == (
        change == "gained"
    )
    assert ("not part of the network any more, and are left out: auxiliary_head.bias" in said) == (change == "lost")


# -------------------------------------------------------------------------------------------------------- checkpoints


def test_half_a_checkpoint_never_takes_the_place_of_a_whole_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "checkpoints" / "last.ckpt"
    SwappedFiles().save_checkpoint({"step": 1}, path)

    def half(checkpoint: Any, file: Any) -> None:
        file.write(b"half")
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(torch, "save", half)
        with pytest.raises(Killed):
            SwappedFiles().save_checkpoint({"step": 2}, path)
    assert SwappedFiles().load_checkpoint(path, weights_only=True) == {"step": 1}
    # and the next one is written over what was left
    assert path.with_name("last.ckpt" + BESIDE).read_bytes() == b"half"
    SwappedFiles().save_checkpoint({"step": 3}, path)
    assert SwappedFiles().load_checkpoint(path, weights_only=True) == {"step": 3}
    assert [file.name for file in path.parent.iterdir()] == ["last.ckpt"]


@pytest.mark.parametrize("anybody_due", [False, True])
def test_the_last_state_is_written_by_the_minute_when_any_process_finds_it_due(anybody_due: bool, tmp_path: Path):
    # Given steps of 20 seconds, a checkpoint every minute and a validation every 7 steps
    seconds = iter(range(0, 10000, 20))
    time = [0.0]
    checkpoints = Checkpoints(RunFolder(tmp_path), validate_every=7, minutes=1, now=lambda: time[0])
    saved: list[int] = []
    strategy = SimpleNamespace(
        root_device=torch.device("cpu"), reduce_boolean_decision=lambda mine, all: mine or anybody_due
    )
    trainer = SimpleNamespace(global_step=0, world_size=1, strategy=strategy, lightning_module=None)
    trainer.save_checkpoint = lambda path: saved.append(trainer.global_step)
    checkpoints.on_train_start(trainer, None)
    for step in range(1, 15):
        time[0] = float(next(seconds)) + 20
        trainer.global_step = step
        checkpoints.on_train_batch_end(trainer, None, None, {}, 0)
    # Then it is written every third step, but not where the validation does so
    assert saved == ([step for step in range(1, 15) if step % 7] if anybody_due else [3, 6, 9, 12])


@pytest.mark.slow
def test_a_run_killed_between_validations_goes_on_from_the_minute_before(
    data: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    settings = config(checkpoint_minutes=1e-9)
    train(config(), options(data, tmp_path / "unbroken"))
    with monkeypatch.context() as patch:
        at_step(9, patch, killed)
        with pytest.raises(Killed):
            train(settings, options(data, tmp_path / "run"))
    assert torch.load(tmp_path / "run" / "checkpoints" / "last.ckpt", weights_only=True)["global_step"] == 9
    train(settings, options(data, tmp_path / "run", resume=""))
    for column in ("train/loss", "lr", "val/loss", "val/miou@5"):
        assert logged(tmp_path / "run", column) == logged(tmp_path / "unbroken", column), column


@pytest.mark.slow
@pytest.mark.parametrize("minutes", [None, 1e-9], ids=["at validations", "by the minute"])
def test_a_diverged_training_stops_with_status_3_and_keeps_what_was_good(
    minutes: float | None,
    data: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(config(checkpoint_minutes=minutes).to_dict()))
    at_step(8, monkeypatch, lambda loss: loss * float("nan"))
    line = ["train", str(path), "--data", data, "--accelerator", "cpu", "--output", str(tmp_path / "run")]
    assert main(line) == 3
    assert "not finite since step 8: training has diverged, and is stopped at step 9" in capsys.readouterr().err
    for name in ("last", "best"):
        stored = torch.load(tmp_path / "run" / "checkpoints" / f"{name}.ckpt", weights_only=True)
        assert stored["global_step"] == (8 if minutes and name == "last" else 6)
        assert all(tensor.isfinite().all() for tensor in stored["state_dict"].values())


@pytest.mark.slow
def test_weights_that_break_without_the_loss_are_not_saved(data: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    original = ClickModule.optimizer_step

    def optimizer_step(self: ClickModule, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        if self.global_step == 11:
            self.network.head.bias.data.fill_(float("nan"))

    monkeypatch.setattr(ClickModule, "optimizer_step", optimizer_step)
    with pytest.raises(DivergedError, match="not finite since step 12"):
        train(config(), options(data, tmp_path / "run"))
    stored = torch.load(tmp_path / "run" / "checkpoints" / "last.ckpt", weights_only=True)
    assert stored["global_step"] == 6


@pytest.mark.slow
def test_of_two_processes_one_that_diverges_stops_both(data: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    # Given a learning rate that no network bears
    path = tmp_path / "wild.json"
    wild: TrainConfig = parse_config(
        json.dumps(config().to_dict() | {"lr": 1e30, "optimizer": "sgd", "gradient_clip": None, "warmup_steps": 0}),
        "wild",
    )
    path.write_text(json.dumps(wild.to_dict()))
    line = [
        "train",
        str(path),
        "--data",
        data,
        "--accelerator",
        "cpu",
        "--devices",
        "2",
        "--output",
        str(tmp_path / "run"),
    ]
    assert main(line) == 3
    assert "training has diverged" in capfd.readouterr().err
    assert not list((tmp_path / "run").glob("checkpoints/*.ckpt"))


def test_a_clock_is_stored_with_every_checkpoint():
    settings = config()
    clock = Clock.begun(settings, 6)
    module = ClickModule(build("nano"), settings, clock, "abc")
    checkpoint: dict[str, Any] = {}
    module.on_save_checkpoint(checkpoint)
    assert Clock.from_dict(checkpoint[CLOCK_KEY]) == clock


def test_auto_clears_a_mere_start_and_nothing_else(tmp_path: Path):
    """Files that are not a run's own stay, whatever their folders are called."""
    folder = RunFolder(tmp_path / "theirs")
    (folder.logs).mkdir(parents=True)
    (folder.logs / "job.log").write_text("the scheduler's")
    assert not folder.holds_a_mere_start()
    begun = RunFolder(tmp_path / "begun")
    begun.checkpoints.mkdir(parents=True)
    begun.config.write_text("{}")
    assert begun.holds_a_mere_start()
    (begun.checkpoints / "last.ckpt").write_bytes(b"")
    assert not begun.holds_a_mere_start()
