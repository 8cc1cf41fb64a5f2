"""What the corruption actions share: a severity, and how it is drawn.

Formulas and the five strengths of each corruption follow Hendrycks and Dietterich, "Benchmarking Neural Network Robustness
to Common Corruptions and Perturbations" (2019); what differs is said where it does. Lengths are in pixels, however large the
image is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from pydantic import ConfigDict, Field

from pipelines.actions.base import Finding
from pipelines.actions.parameters import STRICT, require_generator

Level = Annotated[int, Field(ge=1, le=5)]


@dataclass(frozen=True)
class SeverityRange:
    """The severity is drawn from these whole numbers, both ends included."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    min: Level
    """The slightest severity that is drawn."""
    max: Level
    """The heaviest severity that is drawn."""


Severity = Level | SeverityRange
"""From 1 (slight) to 5 (heavy), or a range."""


def severity_problems(severity: Severity) -> Iterator[Finding]:
    if isinstance(severity, SeverityRange) and severity.min > severity.max:
        yield Finding(("severity",), f"min {severity.min} is greater than max {severity.max}; exchange them")


def draw_severity(severity: Severity, rng: np.random.Generator | None, word: str) -> int:
    """A severity from 1 to 5; only a range needs a generator."""
    if isinstance(severity, SeverityRange):
        return int(require_generator(rng, word).integers(severity.min, severity.max, endpoint=True))
    return severity
