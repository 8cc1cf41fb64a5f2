"""What the tests share: where the real data lies, and small samples to act on."""

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


def shared(path: str) -> Path:
    """The real file or folder `path` beside the checkout; the test is skipped where it is not present."""
    found = SHARED / path
    if not found.exists():
        pytest.skip(f"{path} does not lie beside this checkout")
    return found
