"""A run that goes on: what it was, whether it fits what is asked for now, and how much of it is left."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from model.training.clock import CLOCK_KEY, Clock, changes
from model.training.config import TrainConfig
from model.training.data import ShardData
from model.training.messages import say
from model.training.options import TrainError, TrainOptions
from model.training.run_folder import AUTO, RunFolder, begun_run, new_run, resumed_run
from model.training.view_data import ViewData
from model.weights.checkpoints import (
    card_of,
    has_score_head,
    network_tensors,
    read_checkpoint,
)
from model.weights.licences import of_weights, refuse, together
from pipelines.version import __version__


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


def prepare_folder(
    config: TrainConfig, options: TrainOptions, data: ShardData | ViewData
) -> tuple[RunFolder, Earlier | None]:
    """The run's folder with the config in it, and what there is to go on from."""
    if options.resume is None:
        folder = new_run(options.output, options.name, options.overwrite)
        folder.describe(config, origin_of(options, data, options.weights))
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
    folder.describe(config, origin_of(options, data, folder.begun_with()))
    clock = Clock.from_dict(stored[CLOCK_KEY]) if CLOCK_KEY in stored else None
    return folder, Earlier(checkpoint, int(stored["global_step"]), clock, has_score_head(network_tensors(stored)))


def origin_of(options: TrainOptions, data: ShardData | ViewData, begun_with: str | None) -> dict[str, Any]:
    """Where a run comes from: data, weights and versions."""
    return {
        "data": list(options.data),
        "dataset_digest": data.digest,
        "licences": data.licences,
        "weights": begun_with,
        "versions": {
            "smart-tool": __version__,
            "torch": str(torch.__version__),
            "pytorch-lightning": version("pytorch-lightning"),
        },
    }


def changed_settings(before: Any, now: Any, path: str = "") -> Iterator[str]:
    """`lr: 0.1 → 0.01` for every setting that differs."""
    if isinstance(before, dict) and isinstance(now, dict):
        for key in now:
            yield from changed_settings(before.get(key), now[key], f"{path}.{key}" if path else key)
    elif before != now:
        yield f"{path}: {before} → {now}"
