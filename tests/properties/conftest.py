"""The tiny project that random graphs run on, written once."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from pipelines.sources import Project, bind
from tests.properties.strategies import write_coordinates


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Project]:
    return bind([f"P={write_coordinates(tmp_path_factory.mktemp('coordinates'))}"])
