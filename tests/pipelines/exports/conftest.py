"""The example dataset, made once, and the command that unpacks it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipelines.__main__ import main
from pipelines.formats.shards import ShardedDataset
from tests.pipelines.exports.example import make_dataset


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> ShardedDataset:
    return make_dataset(tmp_path_factory.mktemp("example"))


@pytest.fixture
def unpack(dataset: ShardedDataset, capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Runs `python -m pipelines unpack DATASET OUTPUT --as FORM ...` in this process, on the example unless told otherwise."""

    def run(output: Path | str, form: str, *more: str, of: Path | str = dataset.root) -> Said:
        capsys.readouterr()
        code = main(["unpack", str(of), str(output), "--as", form, *more])
        out, err = capsys.readouterr()
        return Said(code, out, err)

    return run
