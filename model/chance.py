"""Random numbers that are a function of what they are for: of the config's seed, a purpose, and numbers such as the step."""

from hashlib import blake2b

import numpy as np
import torch


def generator(seed: int, purpose: str, *numbers: int) -> np.random.Generator:
    """NumPy's generator for one purpose at one place; other purposes and places are independent of it."""
    name = "/".join([str(seed), purpose, *map(str, numbers)])
    key = int.from_bytes(blake2b(name.encode(), digest_size=16).digest(), "little")
    return np.random.Generator(np.random.Philox(key=key))


def torch_generator(device: torch.device, seed: int, purpose: str, *numbers: int) -> torch.Generator:
    """The same for numbers that are drawn on `device`; the values differ between kinds of devices."""
    result = torch.Generator(device)
    result.manual_seed(int(generator(seed, purpose, *numbers).integers(2**63)))
    return result
