"""Training: reads the config, opens the data, and lets Lightning run the steps; results go to a run's folder."""

import re
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.loggers import CSVLogger, TensorBoardLogger
from torch import Tensor
from torch.multiprocessing.spawn import ProcessRaisedException

from model.networks import ClickNetwork, build
from model.settings.classes import SpecialClasses
from model.training.callbacks import Bar, Checkpoints, OneClock, Quiet, Report, StopOnSignal, metrics_text, quieten
from model.training.checkpoint_files import SwappedFiles
from model.training.clock import CLOCK_KEY, Clock, changes
from model.training.config import TrainConfig
from model.training.data import ShardData
from model.training.devices import Accelerator, Devices, choose_devices
from model.training.module import MONITOR, ClickModule
from model.training.parts import check_parts
from model.training.pictures import Pictures
from model.training.resume import shortened
from model.training.run_folder import AUTO, RunFolder, begun_run, new_run, resumed_run
from model.training.view_data import ViewData
from model.weights import zoo
from model.weights.checkpoints import (
    ENCODER_KEY,
    WeightsCard,
    card_of,
    checkpoint_file,
    encoder_card_of,
    encoder_tensors,
    has_score_head,
    load_strictly,
    load_what_fits,
    network_tensors,
    read_checkpoint,
)
from model.weights.licences import of_weights, refuse, together
from pipelines.errors import UserError

COUNTER = "num_batches_tracked"
"""How the names of tensors end that only count."""


class TrainError(UserError):
    """Settings that do not go together."""


@dataclass(frozen=True)
class TrainOptions:
    """What the command line adds to the config: where things are, and what this machine should do."""

    data: tuple[str, ...]
    """Folders of finished datasets, used together."""
    output: str | None = None
    """The run's folder; None: a new numbered one below `runs/`."""
    name: str = "run"
    """Part of a numbered folder's name."""
    accelerator: Accelerator = "auto"
    devices: int | None = None
    weights: str | None = None
    """A checkpoint or a run's folder to start from, as `weights_init_type` says."""
    resume: str | None = None
    """A checkpoint or a run's folder to go on with; "" for the one in `output`; "auto" for the one that the same options have
    begun, if they have, else a new one."""
    overwrite: bool = False
    """Whether a run in `output` is deleted first."""
    limit_train_batches: int | None = None
    limit_val_batches: int | None = None
    progress: bool = False
    """Whether to draw a progress bar."""


@dataclass(frozen=True)
class TrainResult:
    """What a finished or stopped run leaves behind."""

    folder: RunFolder
    step: int
    total_steps: int
    last: WeightsCard
    best: WeightsCard | None
    """None before the first validation."""

    @property
    def finished(self) -> bool:
        return self.step >= self.total_steps


def train(config: TrainConfig, options: TrainOptions) -> TrainResult:
    """Train a network, or go on training it. Raises UserError for everything the user can set right."""
    options = resume_decided(options)
    devices = choose_devices(options.accelerator, options.devices, config.gpu_devices)
    data = open_data(config, options, devices)
    clock = Clock.begun(config, data.steps_per_epoch(devices.count), devices.count)
    network, begun_with = initial_network(config, options)
    check_parts(network, config.lr_parts or {}, config.network)
    licences = together([data.licences, licences_begun_with(begun_with, options.weights)])
    refuse(config.refuse_licences, licences)
    folder, earlier = prepare_folder(config, options, data)
    if earlier is not None:
        if earlier.scores:
            network.add_score_head()
        clock = clock_of_resumed(earlier, clock, config)
        if earlier.step >= clock.total_steps:
            return nothing_left(folder, earlier, clock)
    module = ClickModule(network, config, clock, data.digest, begun_with, licences)
    trainer = build_trainer(config, options, devices, folder, clock)
    announce(config, data, devices, folder, module, 0 if earlier is None else earlier.step)
    with signals_passed_on(trainer), complaints_passed_on():
        trainer.fit(
            module, datamodule=data, ckpt_path=None if earlier is None else earlier.checkpoint, weights_only=True
        )
    return result(folder, clock.total_steps)


def open_data(config: TrainConfig, options: TrainOptions, devices: Devices) -> ShardData | ViewData:
    """The datasets as the config wants them: stored crops with hints, or whole photographs to draw views from."""
    limits = options.limit_train_batches, options.limit_val_batches
    if config.views is None:
        return ShardData(config, options.data, *limits)
    data = ViewData(config, config.views, options.data, *limits, progress=options.progress)
    data.prepare(devices)
    return data


def steps_between_validations(val_every: float, steps_per_epoch: int, total_steps: int) -> int:
    """`val_every` epochs in whole steps, at least one, and at most the whole run so that it is validated once."""
    return min(total_steps, max(1, round(val_every * steps_per_epoch)))


# ------------------------------------------------------------------------------------------------------ starting weights


def initial_network(config: TrainConfig, options: TrainOptions) -> tuple[ClickNetwork, WeightsCard | None]:
    """The network before its first step, on the CPU, with random weights from the seed or those that were given; and the
    card of the click network whose weights it has, None for random ones and for an encoder alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        network = build(config.network)
    kind = config.weights_init_type
    weights = options.weights
    if weights is None and options.resume is None:
        weights = weights_to_begin_with(config)
    if weights is None:
        return network, None
    if options.resume is not None:
        raise TrainError("--weights and --resume exclude each other: a resumed run goes on with its own weights")
    if kind == "scratch":
        raise TrainError(
            f'--weights {weights} is given, but weights_init_type is "scratch"; '
            f'set "continue_training" (all weights) or "transfer_learning" (all but the heads), or leave --weights out'
        )
    file = checkpoint_file(weights)
    stored = read_checkpoint(file)
    if kind == "transfer_learning" and ENCODER_KEY in stored:
        transfer(network, encoder_tensors(stored), encoder_card_of(stored, file).network, config, file)
        return network, None
    card = card_of(stored, file)
    if kind == "continue_training":
        check_same_task(config, card, file)
        tensors = network_tensors(stored)
        if has_score_head(tensors):
            network.add_score_head()
        load_strictly(network, tensors, file)
        kept = "; the head that scores answers stays as it is: `python -m model score` fits it to the new weights"
        say(f"Weights: all of {file}{kept if has_score_head(tensors) else ''}.")
    else:
        transfer(network, network_tensors(stored), card.network, config, file)
    return network, card


def licences_begun_with(card: WeightsCard | None, weights: str | None) -> dict[str, str]:
    """Of the images behind the weights of `initial_network`: its `card`, or that of the encoder alone in `weights`."""
    if card is not None:
        return of_weights(card)
    if weights is None:
        return {}
    file = checkpoint_file(weights)
    return of_weights(encoder_card_of(read_checkpoint(file), file))


def transfer(network: ClickNetwork, tensors: Mapping[str, Tensor], name: str, config: TrainConfig, file: Path) -> None:
    """Take over those of the tensors, of the network `name` in `file`, that fit. TrainError where none does."""
    fresh = load_what_fits(network, tensors)
    if len(fresh) == len(network.state_dict()):
        raise TrainError(
            f"weights {file} are those of the network {name!r}, and none of their {len(tensors)} tensors fits the "
            f'network {config.network!r}: nothing can be transferred; set "network": "{name}" in the config, or '
            'weights_init_type "scratch"'
        )
    fresh = [name for name in fresh if not name.endswith(COUNTER)]
    say(f"Weights: from {file}, except for {len(fresh)} tensors that start fresh: {shortened(fresh)}.")


def weights_to_begin_with(config: TrainConfig) -> str | None:
    """Where the config wants weights and none are given: those of the zoo for the same network and task, else none."""
    if config.weights_init_type == "transfer_learning":
        raise TrainError(
            'weights_init_type is "transfer_learning", but no weights are given; add --weights CHECKPOINT, or set "scratch"'
        )
    if config.weights_init_type == "scratch":
        return None
    same_class = config.special_classes.foreground == SpecialClasses().foreground
    if same_class and config.network in zoo.names():
        return zoo.PREFIX + config.network
    say(
        'Weights: weights_init_type is "continue_training", but no weights are given, and the zoo has none for the network '
        f"{config.network!r} and the class {config.special_classes.foreground!r}: training starts from scratch, "
        "with random weights. Give some with --weights CHECKPOINT."
    )
    return None


def check_same_task(config: TrainConfig, card: WeightsCard, file: Path) -> None:
    """Whether the weights were trained for the same object class and size of network."""
    if card.network != config.network:
        raise TrainError(
            f"weights {file} are those of the network {card.network!r}, the config says {config.network!r}; "
            f'set "network": "{card.network}" in the config'
        )
    before = card.config.get("special_classes", {}).get("foreground")
    now = config.special_classes.foreground
    if before != now:
        raise TrainError(
            f"weights {file} were trained for the class {before!r}, special_classes.foreground is {now!r}; "
            f'rename the class, or set weights_init_type to "transfer_learning"'
        )


# --------------------------------------------------------------------------------------------------- folder and resuming


@dataclass(frozen=True)
class Earlier:
    """What a resumed run has behind it."""

    checkpoint: Path
    step: int
    clock: Clock | None
    """None in checkpoints that were written before there were clocks."""
    scores: bool = False
    """Whether its network has a head that scores answers."""


def resume_decided(options: TrainOptions) -> TrainOptions:
    """The options with a checkpoint, or with none, where they say that this is to be found out."""
    if options.resume != AUTO:
        return options
    if options.overwrite:
        raise TrainError(
            "--resume auto and --overwrite exclude each other: one goes on with the run, the other deletes it"
        )
    begun = begun_run(options.output, options.name)
    if begun is None:
        say("Resume: there is no checkpoint of an earlier start of this run, so it begins anew.")
        # A start that was killed before its first checkpoint leaves nothing that anybody needs; anything else may be theirs.
        unfinished = options.output is not None and RunFolder(Path(options.output)).holds_a_mere_start()
        return replace(options, resume=None, overwrite=unfinished)
    folder, checkpoint = begun
    kept = "" if options.weights is None else f"; --weights {options.weights} was for its beginning"
    say(f"Resume: going on from {checkpoint}{kept}.")
    return replace(options, resume=str(checkpoint), output=str(folder.root), weights=None)


def clock_of_resumed(earlier: Earlier, new: Clock, config: TrainConfig) -> Clock:
    """The clock of a run that goes on where a new one would have the clock `new`; what is other than before is said."""
    if earlier.clock is None:
        return new
    clock = earlier.clock.gone_on(new, config.warmup_steps)
    for line in changes(earlier.clock, clock, earlier.step, config):
        say(line)
    return clock


def nothing_left(folder: RunFolder, earlier: Earlier, clock: Clock) -> TrainResult:
    """The result of a run that had come to its end before. TrainError where its results are somewhere else."""
    epochs = f"its {clock.epochs} epochs end at step {clock.total_steps}, and it has done {earlier.step}"
    if not folder.last.is_file():
        raise TrainError(
            f"--resume {earlier.checkpoint}: nothing is left to train ({epochs}), and so nothing to write to "
            f"{folder.root}; give more with --epochs"
        )
    say(f"Nothing is left to train: {epochs}. More --epochs make the run longer.")
    return result(folder, clock.total_steps)


def prepare_folder(
    config: TrainConfig, options: TrainOptions, data: ShardData | ViewData
) -> tuple[RunFolder, Earlier | None]:
    """The run's folder with the config in it, and what there is to go on from."""
    if options.resume is None:
        folder = new_run(options.output, options.name, options.overwrite)
        folder.describe(config)
        return folder, None
    folder, checkpoint = resumed_run(options.resume, options.output)
    stored = read_checkpoint(checkpoint)
    card = card_of(stored, checkpoint)
    if card.dataset_digest != data.digest:
        raise TrainError(
            f"--resume {checkpoint}: that run was trained on other data (sha256 {card.dataset_digest[:12]}…, now "
            f"{data.digest[:12]}…); to train its weights on these data, start a new run with --weights {checkpoint} "
            f'and weights_init_type "continue_training"'
        )
    if card.network != config.network:
        raise TrainError(
            f"--resume {checkpoint}: that run trains the network {card.network!r}, the config says {config.network!r}"
        )
    refuse(config.refuse_licences, together([data.licences, of_weights(card)]))
    for change in changed_settings(card.config, config.to_dict()):
        say(f"Resumed with another setting: {change}")
    folder.describe(config)
    clock = Clock.from_dict(stored[CLOCK_KEY]) if CLOCK_KEY in stored else None
    return folder, Earlier(checkpoint, int(stored["global_step"]), clock, has_score_head(network_tensors(stored)))


def changed_settings(before: Any, now: Any, path: str = "") -> Iterator[str]:
    """`lr: 0.1 → 0.01` for every setting that differs."""
    if isinstance(before, dict) and isinstance(now, dict):
        for key in now:
            yield from changed_settings(before.get(key), now[key], f"{path}.{key}" if path else key)
    elif before != now:
        yield f"{path}: {before} → {now}"


def result(folder: RunFolder, total_steps: int) -> TrainResult:
    """What the run left, read from its files: with several processes nothing else comes back."""
    stored = read_checkpoint(folder.last)
    last = card_of(stored, folder.last)
    best = card_of(read_checkpoint(folder.best), folder.best) if folder.best.exists() else None
    return TrainResult(folder, int(stored["global_step"]), total_steps, last, best)


# --------------------------------------------------------------------------------------------------------------- trainer


def build_trainer(
    config: TrainConfig,
    options: TrainOptions,
    devices: Devices,
    folder: RunFolder,
    clock: Clock,
) -> pl.Trainer:
    """Lightning's trainer with everything that is ours."""
    quieten()
    validate_every = steps_between_validations(config.val_every, clock.steps_per_epoch, clock.total_steps)
    checkpoints = Checkpoints(folder, validate_every, config.checkpoint_minutes)
    callbacks: list[pl.Callback] = [
        Quiet(),
        OneClock(),
        Pictures(folder.pictures),
        checkpoints,
        Report(clock),
        StopOnSignal(checkpoints, validate_every),
    ]
    if options.progress:
        callbacks.append(Bar(devices.accelerator))
    return pl.Trainer(
        default_root_dir=folder.root,
        accelerator=devices.accelerator,
        devices=devices.for_trainer,
        strategy=devices.strategy,
        precision=config.precision,
        # All batches have one shape, so trying out which convolution is fastest pays.
        benchmark=devices.accelerator == "gpu",
        # To Lightning a run is one long epoch, so that its length may change in the middle; see `EpochBatches`.
        max_epochs=-1,
        max_steps=clock.total_steps,
        # Validations are counted in steps over the whole run, so that any number of epochs may lie between them.
        val_check_interval=validate_every,
        check_val_every_n_epoch=None,
        gradient_clip_val=config.gradient_clip,
        log_every_n_steps=config.log_every,
        logger=[
            CSVLogger(folder.root, name=folder.logs.name, flush_logs_every_n_steps=config.log_every),
            TensorBoardLogger(folder.root, name=folder.tensorboard.name, version=""),
        ],
        callbacks=callbacks,
        plugins=[SwappedFiles()],
        enable_checkpointing=False,
        enable_progress_bar=options.progress,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        # `EpochBatches` deals the samples out itself.
        use_distributed_sampler=False,
    )


@contextmanager
def signals_passed_on(trainer: pl.Trainer) -> Iterator[None]:
    """Where the training runs in child processes, hand them the signals that this one gets while it waits for them."""
    launcher = trainer.strategy.launcher
    if launcher is None or not hasattr(launcher, "procs"):
        yield
        return

    def pass_on(number: int, frame: FrameType | None) -> None:
        launcher.kill(signal.Signals(number))

    def leave_to_children(number: int, frame: FrameType | None) -> None:
        """A terminal sends Ctrl-C to the children, too; they save and end, and this process has to wait for that."""

    before = {
        signal.SIGTERM: signal.signal(signal.SIGTERM, pass_on),
        signal.SIGINT: signal.signal(signal.SIGINT, leave_to_children),
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def complaints_passed_on() -> Iterator[None]:
    """A UserError of a child process, which arrives as the text of its traceback, is raised here as what it was."""
    try:
        yield
    except ProcessRaisedException as error:
        complaint = complaint_in(str(error))
        if complaint is None:
            raise
        raise complaint from error


def complaint_in(traceback: str) -> UserError | None:
    """The UserError that a printed traceback ends with; None where it ends with anything else."""
    _, _, end = traceback.rpartition('\n  File "')
    # After the last place in the code, indented, stands the class and the message.
    raised = re.search(r"^((?:\w+\.)*)(\w+): (.*)", end, re.MULTILINE | re.DOTALL)
    if raised is None:
        return None
    kind = getattr(sys.modules.get(raised[1].rstrip(".")), raised[2], None)
    return kind(raised[3].strip()) if isinstance(kind, type) and issubclass(kind, UserError) else None


# -------------------------------------------------------------------------------------------------------------- messages


def announce(
    config: TrainConfig,
    data: ShardData | ViewData,
    devices: Devices,
    folder: RunFolder,
    module: ClickModule,
    step: int,
) -> None:
    """Say what is going to happen, from `step` on."""
    clock = module.clock
    length = (
        f"{clock.epochs} epochs of {clock.steps_per_epoch} steps"
        if step == 0
        else f"from step {step} to step {clock.total_steps}, {clock.steps_per_epoch} an epoch,"
    )
    parts = ", ".join(f"{part} at {factor:g} of lr" for part, factor in module.lr_parts.items())
    parameters = sum(parameter.numel() for parameter in module.network.parameters())
    size = config.input_size
    say(
        f"Data: {data.described()}.\n"
        f"Network: {config.network}, {parameters / 1e6:.2f} million weights, input {size.width}×{size.height}, "
        f"click discs of radius {module.radius:g}.\n"
        f"Training: {length} on {devices}{f'; {parts}' if parts else ''}.\n"
        f"Results: {folder.root}"
    )
    if module.continued and step == 0:
        say(kept_safe(config, clock))
    if not config.validate_with_model_eval:
        say(
            "validate_with_model_eval is false, which is not followed: validation uses the network as it will be used later."
        )


def kept_safe(config: TrainConfig, clock: Clock) -> str:
    """What keeps a large learning rate from wrecking the weights that a training goes on from."""
    rises = f"lr rises to {config.lr:g} over {clock.warmup} steps"
    clipped = "" if config.gradient_clip is None else f", gradients are clipped at a norm of {config.gradient_clip:g}"
    average = (
        "without a moving average (ema) the last step's weights are the result"
        if config.ema is None
        else f"the result is a moving average that begins with these weights and keeps {config.ema:g} of itself a step"
    )
    return f"Going on from trained weights: {rises}{clipped}, and {average}."


def summary(outcome: TrainResult) -> str:
    """What the user should know at the end."""
    folder = outcome.folder
    if outcome.finished:
        lines = [f"Finished after {outcome.step} steps."]
    else:
        lines = [
            f"Stopped at step {outcome.step} of {outcome.total_steps}, everything saved; go on with --resume {folder.last}"
        ]
    if outcome.best is not None:
        lines.append(
            f"Best:        {metrics_text(dict(outcome.best.metrics))} ({MONITOR} {outcome.best.metrics[MONITOR]:.3f})"
        )
        lines.append(f"Weights:     {folder.best}")
    lines += [
        f"Last state:  {folder.last}",
        f"Logs:        {folder.logs}, and: tensorboard --logdir {folder.tensorboard}",
        f"Pictures:    {folder.pictures}",
    ]
    return "\n".join(lines)


def say(text: str) -> None:
    """A line for the user."""
    print(text, flush=True)
