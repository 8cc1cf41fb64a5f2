"""How much memory there is for photographs to stay in."""

from pathlib import Path

import torch

from model.training.devices import Devices


def free_memory(devices: Devices) -> int:
    """Bytes that are free for each process on these devices: of the machine's memory its share, and not more than the one GPU
    has; 0 where nobody tells. Several GPUs are not asked: that would open them in this process."""
    host = available_memory() // (devices.count + 1)
    if devices.accelerator == "cpu" or devices.count > 1:
        return host
    return min(host, torch.cuda.mem_get_info(devices.numbers[0])[0])


def available_memory() -> int:
    """Bytes of the machine's memory that programs may have, what caches hold included; 0 where nobody tells."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    found = [line.split() for line in lines if line.startswith("MemAvailable:")]
    return int(found[0][1]) * 1024 if found else 0
