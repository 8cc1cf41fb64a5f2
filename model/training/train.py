"""Training: reads the config, opens the data, and lets Lightning run the steps; results go to a run's folder."""

import pytorch_lightning as pl
from lightning_fabric.plugins.environments.cluster_environment import ClusterEnvironment
from lightning_fabric.plugins.environments.lightning import LightningEnvironment
from lightning_fabric.plugins.environments.torchelastic import TorchElasticEnvironment
from pytorch_lightning.loggers import CSVLogger, TensorBoardLogger

from model.training.callbacks import Bar, Checkpoints, OneClock, Quiet, Report, StopOnSignal, quieten
from model.training.checkpoint_files import SwappedFiles
from model.training.child_processes import complaints_passed_on, script_left_alone, signals_passed_on
from model.training.clock import Clock
from model.training.config import TrainConfig
from model.training.data import ShardData
from model.training.devices import Devices, choose_devices
from model.training.going_on import Earlier, clock_of_resumed, prepare_folder, resume_decided
from model.training.messages import announce, say
from model.training.module import ClickModule
from model.training.options import TrainError, TrainOptions, TrainResult
from model.training.parts import check_parts
from model.training.pictures import Pictures
from model.training.run_folder import RunFolder
from model.training.starting_weights import initial_network, licences_begun_with
from model.training.view_data import ViewData
from model.weights.checkpoints import (
    card_of,
    read_checkpoint,
)
from model.weights.licences import refuse, together


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
    with signals_passed_on(trainer), complaints_passed_on(), script_left_alone():
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


def environment() -> list[ClusterEnvironment]:
    """How the processes of a training find each other: they are started by this one, also inside a SLURM job, which Lightning
    would otherwise take for one that has started them itself. `torchrun` is left to say so."""
    return [] if TorchElasticEnvironment.detect() else [LightningEnvironment()]


def steps_between_validations(val_every: float, steps_per_epoch: int, total_steps: int) -> int:
    """`val_every` epochs in whole steps, at least one, and at most the whole run so that it is validated once."""
    return min(total_steps, max(1, round(val_every * steps_per_epoch)))


# ------------------------------------------------------------------------------------------------------ starting weights


# --------------------------------------------------------------------------------------------------- folder and resuming


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
        plugins=[SwappedFiles(), *environment()],
        enable_checkpointing=False,
        enable_progress_bar=options.progress,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        # `EpochBatches` deals the samples out itself.
        use_distributed_sampler=False,
    )


# -------------------------------------------------------------------------------------------------------------- messages
