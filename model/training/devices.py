"""Which devices train: what the config and the command line ask for, against what this machine has."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import torch

from pipelines.errors import UserError

Accelerator = Literal["auto", "cpu", "gpu"]
ACCELERATORS: tuple[Accelerator, ...] = get_args(Accelerator)


class DeviceError(UserError):
    """Devices are asked for that this machine does not have."""


@dataclass(frozen=True)
class Devices:
    """What to train on."""

    accelerator: Literal["cpu", "gpu"]
    count: int
    numbers: tuple[int, ...] = ()
    """Of the GPUs; empty on the CPU."""

    @property
    def for_trainer(self) -> int | list[int]:
        """As Lightning's Trainer takes it."""
        return list(self.numbers) if self.accelerator == "gpu" else self.count

    @property
    def strategy(self) -> str:
        """One process a device. Spawned, so that one process has looked at the arguments and made the run's folder."""
        return "auto" if self.count == 1 else "ddp_spawn"

    def __str__(self) -> str:
        if self.accelerator == "gpu":
            return "GPU " + ", ".join(map(str, self.numbers))
        return "CPU" if self.count == 1 else f"CPU, {self.count} processes"


def choose_devices(
    accelerator: Accelerator,
    count: int | None,
    gpu_devices: Sequence[int] | None,
    found: int | None = None,
    name_of: Callable[[int], str] = torch.cuda.get_device_name,
) -> Devices:
    """The devices to train on. Raises DeviceError when GPUs are named that are not there.

    accelerator, count: from the command line; `count` None leaves it to the config.
    gpu_devices: of the config; empty means the CPU, None one GPU where there is one.
    found: number of this machine's GPUs; None: ask PyTorch.  name_of: a GPU's name, asked for only to be told: it would
    open the GPU in this process, which may be about to start others that need its memory.
    """
    if count is not None and count < 1:
        raise DeviceError(f"--devices {count}: at least one device is needed")
    if accelerator == "cpu":
        return Devices("cpu", count or 1)
    found = torch.cuda.device_count() if found is None else found
    no_gpu_meant = not found if gpu_devices is None else not gpu_devices
    if accelerator == "auto" and no_gpu_meant:
        return Devices("cpu", count or 1)
    wanted = tuple(gpu_devices or range(count or 1))
    if count is not None:
        if count > len(wanted):
            raise DeviceError(
                f"--devices {count}: gpu_devices of the config names only {len(wanted)}, {list(wanted)}; name more there"
            )
        wanted = wanted[:count]
    missing = [number for number in wanted if number >= found]
    if missing:
        raise DeviceError(
            missing_text(wanted, missing, [name_of(number) for number in range(found)], bool(gpu_devices))
        )
    return Devices("gpu", len(wanted), wanted)


def missing_text(wanted: Sequence[int], missing: Sequence[int], found: Sequence[str], from_config: bool) -> str:
    """What to say when GPUs are missing."""
    asked = f"GPUs {', '.join(map(str, wanted))} are asked for" + (
        " (gpu_devices of the config)" if from_config else ""
    )
    if not found:
        return (
            f"{asked}, but PyTorch finds no GPU on this machine; train on the processor with --accelerator cpu, "
            f'or set "gpu_devices": [] in the config'
        )
    names = ", ".join(f"{number} ({name})" for number, name in enumerate(found))
    there = [number for number in wanted if number not in missing]
    fewer = f"--devices {len(there)}, " if there and list(wanted[: len(there)]) == there else ""
    return (
        f"{asked}, but of these {', '.join(map(str, missing))} are not there; PyTorch finds {names}. "
        f"Use {fewer}--accelerator cpu, or other gpu_devices in the config"
    )
