"""Which weights a training begins with, and whether they fit what it is for."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from model.networks import ClickNetwork, build
from model.settings.classes import SpecialClasses
from model.training.config import TrainConfig
from model.training.messages import say
from model.training.options import TrainError, TrainOptions
from model.training.resume import shortened
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
from model.weights.licences import of_weights

COUNTER = "num_batches_tracked"
"""How the names of tensors end that only count."""


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
