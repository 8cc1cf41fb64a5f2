"""What a training says before, between and after its steps."""

from model.training.callbacks import metrics_text
from model.training.clock import Clock
from model.training.config import TrainConfig
from model.training.data import ShardData
from model.training.devices import Devices
from model.training.module import MONITOR, ClickModule
from model.training.options import TrainResult
from model.training.run_folder import RunFolder
from model.training.view_data import ViewData


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
