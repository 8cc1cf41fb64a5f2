"""How many random examples a property is tried on: a few by default, many with HYPOTHESIS_PROFILE=thorough."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, settings

THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"


def examples(few: int, many: int | None = None) -> Callable[[Any], Any]:
    """Settings for a property: `few` examples, or `many` (twenty times as many unless given); always the same ones in CI."""
    return settings(
        max_examples=(many or 20 * few) if THOROUGH else few,
        derandomize=bool(os.environ.get("CI")) and not THOROUGH,
        deadline=None,
        database=None if os.environ.get("CI") else settings.default.database,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
    )
