"""The one clock of a training run, counted in steps: its end, the length of an epoch, and what resuming makes of both."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from model.training.config import TrainConfig
from model.training.schedule import cosine_factor

CLOCK_KEY = "clock"
"""Where a checkpoint carries the clock."""


@dataclass(frozen=True)
class Clock:
    """Everything that happens at a certain time of a run happens at a certain step; epochs are only a way to say how many."""

    total_steps: int
    """Of the whole run, from its first beginning."""
    steps_per_epoch: int
    epochs: int
    """As the config or the command line had them."""
    warmup: int
    """Steps over which the learning rate rises."""
    batch: int
    """Samples a step on each device."""
    devices: int

    @classmethod
    def begun(cls, config: TrainConfig, steps_per_epoch: int, devices: int = 1) -> "Clock":
        """That of a new run."""
        total = steps_per_epoch * config.epochs
        return cls(total, steps_per_epoch, config.epochs, config.warmup(total), config.batch_size.train, devices)

    def gone_on(self, now: "Clock", warmup: int | None) -> "Clock":
        """That of a run with this clock which is resumed where a new run would have the clock `now`.

        With another batch size, or on another number of devices, it ends at the same step: the schedule stays what it was.
        More epochs, or fewer, move its end by so many epochs of today's length. The warm-up stays what it was, since most
        often it is over; `warmup` is what the config says of it, None for nothing.
        """
        total = self.total_steps + (now.epochs - self.epochs) * now.steps_per_epoch
        return replace(now, total_steps=total, warmup=self.warmup if warmup is None else warmup)

    def epoch(self, step: int) -> float:
        """Epochs done after so many steps."""
        return step / self.steps_per_epoch

    @property
    def even(self) -> bool:
        """Whether the run is made of so many whole epochs, which it no longer is after a change of the batches."""
        return self.total_steps == self.steps_per_epoch * self.epochs

    def to_dict(self) -> dict[str, int]:
        """Plain numbers, as a checkpoint stores them."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Clock":
        """The reverse of `to_dict`."""
        return cls(**data)


def changes(before: Clock, now: Clock, step: int, config: TrainConfig) -> Iterator[str]:
    """A line on everything that differs between the clock of a run and the one with which it goes on at `step`."""
    if (before.batch, before.devices) != (now.batch, now.devices):
        yield (
            f"Resumed at step {step} with {batches(now)} in place of {batches(before)}: an epoch is now "
            f"{now.steps_per_epoch} steps, not {before.steps_per_epoch}; steps and schedule are counted as before."
        )
    elif before.steps_per_epoch != now.steps_per_epoch:
        yield (
            f"Resumed at step {step} with epochs of {now.steps_per_epoch} steps in place of {before.steps_per_epoch}; "
            "steps and schedule are counted as before."
        )
    if before.total_steps != now.total_steps:
        word = "longer" if now.total_steps > before.total_steps else "shorter"
        yield (
            f"The run is {word}: {now.epochs} epochs in place of {before.epochs}, so it ends at step {now.total_steps} and "
            f"not at {before.total_steps}; {of_the_rate(before, now, step, config)}"
        )


def batches(clock: Clock) -> str:
    """`16 samples a step on each of 2 devices`."""
    return f"{clock.batch} samples a step" + (f" on each of {clock.devices} devices" if clock.devices > 1 else "")


def of_the_rate(before: Clock, now: Clock, step: int, config: TrainConfig) -> str:
    """What another end does to the learning rate."""
    if config.schedule == "plateau":
        return "the learning rate goes on as it was, and is divided when validation stops improving."
    old, new = (config.lr * cosine_factor(step, clock.warmup, clock.total_steps) for clock in (before, now))
    return f"the cosine is stretched to the new end, and the learning rate goes on at {new:.3g} in place of {old:.3g}."
