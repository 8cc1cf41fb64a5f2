"""What all of the drawing shares: its kinds of arrays, its random generator, and a choice among several things."""

from collections.abc import Sequence
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
"""float32: a picture (height, width, 3) RGB 0..255, or a field (height, width), mostly 0..1."""
Bytes = NDArray[np.uint8]
"""uint8: a finished picture (height, width, 3) RGB, or numbers of things (height, width)."""
Points = NDArray[np.float64]
"""float64 (n, 2), xy order."""
Rng = np.random.Generator

T = TypeVar("T")
F = TypeVar("F", bound=np.floating)


def pick(rng: Rng, choices: Sequence[T]) -> T:
    """One of `choices`, each as likely; what is named twice is twice as likely."""
    return choices[int(rng.integers(len(choices)))]


def thrice(field: NDArray[F]) -> NDArray[F]:
    """A field (height, width) repeated for R, G and B: numpy is more than twice as fast on this as on `[..., None]`."""
    return np.asarray(cv2.merge((field, field, field)), field.dtype)
