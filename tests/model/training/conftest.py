"""What the tests of whole trainings share."""

from collections.abc import Iterator

import pytest
import torch

from tests.model.datasets import tiny_dataset


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tiny_dataset(tmp_path_factory.mktemp("data") / "tiny", train=21, val=5))


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """Sums in another order would be other sums, and small networks are faster this way."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
