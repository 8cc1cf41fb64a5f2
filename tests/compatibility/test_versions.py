"""What earlier versions wrote is read by this one: a checkpoint, a run to go on with, an exported network, a dataset.

Each archive beside this file is what the version in its name wrote: `nano.ckpt` (weights alone), `nano.onnx` (exported),
`run` (a run's folder after its first epoch), `dataset` (what it was trained on, of `python -m pipelines run`), `answers.npz`:
an image, clicks (x, y, 1 or 0), and the probabilities of each after them. Numbers are rounded, so that the archive is small.
"""

import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch

from model.__main__ import main
from model.inference.predictor import Predictor
from model.projects.images import open_images
from model.weights.checkpoints import load_network
from pipelines.formats.shards import open_dataset
from pipelines.sources import open_project

ARCHIVES = sorted(Path(__file__).parent.glob("*.tar.xz"))
CLOSE = 2e-3
"""Probabilities are stored in 16 bits, and other versions of PyTorch compute in another order."""


@pytest.fixture(scope="module", params=ARCHIVES, ids=lambda path: path.name.removesuffix(".tar.xz"))
def version(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("version")
    with tarfile.open(request.param) as archive:
        archive.extractall(folder, filter="data")
    (found,) = folder.iterdir()
    return found


def test_there_is_an_archive():
    assert ARCHIVES


@pytest.mark.parametrize(
    ("name", "weights"),
    [
        ("nano", "{version}/nano.ckpt"),
        ("run", "{version}/run"),
        ("onnx", "{version}/nano.onnx"),
        ("lite", "zoo:lite"),
        ("tiny", "zoo:tiny"),
    ],
)
def test_answers_are_what_they_were(version: Path, name: str, weights: str):
    stored = np.load(version / "answers.npz")
    predictor, _ = Predictor.load(weights.format(version=version), 64)
    session = predictor.set_image(stored["image"])
    for x, y, positive in stored["clicks"].tolist():
        session = session.click(x, y, bool(positive))
    assert np.abs(session.probability - stored[name].astype(np.float32)).max() < CLOSE


def test_the_card_says_which_network_it_is(version: Path):
    _, card = load_network(version / "nano.ckpt")
    assert (card.network, card.input_size, card.click_radius) == ("nano", (64, 64), 3.0)


def test_a_run_goes_on_from_where_it_was(version: Path, capsys: pytest.CaptureFixture[str]):
    config = json.loads((version / "run" / "config.json").read_text())
    (version / "config.json").write_text(json.dumps(config | {"epochs": 2}))
    before = torch.load(version / "run/checkpoints/last.ckpt", weights_only=True)["global_step"]
    arguments = ["train", str(version / "config.json"), "--data", str(version / "dataset"), "--accelerator", "cpu"]
    assert main([*arguments, "--resume", str(version / "run")]) == 0
    after = torch.load(version / "run/checkpoints/last.ckpt", weights_only=True)["global_step"]
    assert (before, after) == (2, 4)
    assert "start fresh" not in capsys.readouterr().out


def test_a_dataset_is_read(version: Path):
    assert len(open_dataset(str(version / "dataset"))) == 6
    project = open_project("old", str(version / "dataset"))
    assert project.layout == "shards"
    images = open_images(str(version / "dataset"))
    assert [images.read(index).pixels().shape for index in range(len(images))] == [(32, 32, 3)] * 6
    assert all(images.read(index).annotation().figures for index in range(len(images)))
