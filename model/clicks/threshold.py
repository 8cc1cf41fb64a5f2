"""From probabilities to a mask: above one threshold, everywhere the same."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipelines.clicks import Mask

THRESHOLD = 0.49
"""A pixel belongs to the mask when its probability is above; the published protocol's value."""


def binarise(probability: NDArray[np.float32], threshold: float = THRESHOLD) -> Mask:
    """(H, W) bool: strictly above the threshold, compared in 32 bit as in the published protocol."""
    return probability > np.float32(threshold)
