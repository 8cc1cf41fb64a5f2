"""What a run takes over from its checkpoint, by the names of tensors: also where the network has gained or lost some."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pytorch_lightning.utilities import rank_zero_only
from torch import Tensor, nn
from torch.optim import Optimizer

AVERAGE, NETWORK = "average.", "network."
"""How the names of a run's tensors begin: those of the moving average, and those of the network itself."""


def take_by_name(
    checkpoint: dict[str, Any], module: nn.Module, network: nn.Module, optimizer: Callable[[], Optimizer]
) -> None:
    """Make the checkpoint's weights, and the optimizer's state beside them, those of this `module` with this `network`, and of
    the optimizer as it is made now; what starts fresh is said."""
    if "state_dict" in checkpoint:
        stored = checkpoint["state_dict"]
        checkpoint["state_dict"], fresh = tensors_for(module, stored)
        told("Resumed: {} tensors of the network are not in the checkpoint, and start fresh: {}.", of_network(fresh))
        told(
            "Resumed: {} tensors of the checkpoint are not part of the network any more, and are left out: {}.",
            of_network(name for name in stored if name not in checkpoint["state_dict"]),
        )
    if "optimizer_states" in checkpoint:
        made = optimizer().state_dict()
        state, anew = optimizer_state_for(made, checkpoint["optimizer_states"][0], network)
        checkpoint["optimizer_states"] = [state]
        told("Resumed: the optimizer has no stored state for {} tensors, and begins anew there: {}.", anew)


def tensors_for(module: nn.Module, stored: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], list[str]]:
    """All tensors of `module`: from `stored` where they are there in the same shape, else those it has now; and the names of
    the latter. An average that was not kept before begins with the weights themselves."""
    taken, fresh = {}, []
    for name, tensor in module.state_dict().items():
        source = name
        if name.startswith(AVERAGE) and name not in stored:
            source = NETWORK + name.removeprefix(AVERAGE)
        if source in stored and stored[source].shape == tensor.shape:
            taken[name] = stored[source]
        else:
            taken[name] = tensor
            fresh.append(name)
    return taken, fresh


def old_order(network: nn.Module) -> list[str]:
    """The tensors in the order of an optimizer's state that was stored without their names: those that decay, then the rest."""
    named = list(network.named_parameters())
    return [name for name, p in named if p.ndim > 1] + [name for name, p in named if p.ndim <= 1]


def optimizer_state_for(
    fresh: Mapping[str, Any], stored: Mapping[str, Any], network: nn.Module
) -> tuple[dict[str, Any], list[str]]:
    """The state of an optimizer of `network`, and the names of the tensors for which it begins anew.

    fresh: the `state_dict` of the optimizer as it is made now, with names, whose settings (decay, momentum) count.
    stored: that in the checkpoint; without names it is told by its order, as older checkpoints have it.
    """
    before = by_name(stored, old_order(network))
    shapes = {name: parameter.shape for name, parameter in network.named_parameters()}
    kinds = {key for state in before.values() for key in state}
    state, anew = {}, []
    for group in fresh["param_groups"]:
        for number, name in zip(group["params"], group["param_names"], strict=True):
            mine = before.get(name)
            if mine is not None and fits(mine, shapes[name]) and kinds <= KEYS[kind_of(group)]:
                state[number] = mine
            else:
                anew.append(name)
    return {**fresh, "state": state}, anew


KEYS = {"sgd": {"momentum_buffer"}, "adamw": {"step", "exp_avg", "exp_avg_sq"}}
"""What the state of one tensor consists of."""


def kind_of(group: Mapping[str, Any]) -> str:
    """The optimizer that a group of parameters belongs to."""
    return "adamw" if "betas" in group else "sgd"


def by_name(stored: Mapping[str, Any], order: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The stored state of each tensor, by its name; empty where it has no names and another number of tensors than `order`."""
    groups = stored["param_groups"]
    numbers = [number for group in groups for number in group["params"]]
    if all("param_names" in group for group in groups):
        order = [name for group in groups for name in group["param_names"]]
    elif len(numbers) != len(order):
        return {}
    return {
        name: stored["state"][number] for name, number in zip(order, numbers, strict=True) if number in stored["state"]
    }


def fits(state: Mapping[str, Any], shape: Sequence[int]) -> bool:
    """Whether the state of a tensor is that of one of this shape; counters have none."""
    return all(value.shape == shape for value in state.values() if isinstance(value, Tensor) and value.ndim > 0)


def of_network(names: Iterable[str]) -> list[str]:
    """Those of the names that are tensors of the network itself, and not of its average."""
    return [name.removeprefix(NETWORK) for name in names if name.startswith(NETWORK)]


@rank_zero_only
def told(text: str, names: Sequence[str]) -> None:
    """Print the text with the number of names and the first few of them; nothing where there are none."""
    if names:
        print(text.format(len(names), shortened(names)), flush=True)


def shortened(names: Sequence[str]) -> str:
    """The first few names."""
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
