"""Fixtures that several folders of tests use."""

from pathlib import Path

import pytest

from tests.golden import small


@pytest.fixture(scope="session")
def small_golden(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The golden cases that lie in this repository."""
    return small.unpack(tmp_path_factory.mktemp("golden"))
