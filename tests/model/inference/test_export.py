"""The exported file says what PyTorch says, and carries its card."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from model.__main__ import main
from model.inference.backend import load_backend
from model.inference.export import LARGEST_DIFFERENCE, Check, checks_for, export
from model.inference.onnx_backend import OnnxBackend
from model.inference.predictor import Predictor
from model.weights.checkpoints import WeightsError, load_network
from tests.model.toy_networks import write_checkpoint


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("weights") / "nano.ckpt")


@pytest.fixture(scope="module")
def exported(checkpoint: Path) -> Path:
    file = checkpoint.with_suffix(".onnx")
    assert main(["export", "--weights", str(checkpoint), "--output", str(file)]) == 0
    return file


def test_the_file_is_one_and_complete(exported: Path):
    model = onnx.load(exported)
    assert [value.name for value in model.graph.input] == ["image", "previous", "points"]
    assert [value.name for value in model.graph.output] == ["probability", "logits"]
    assert not any(node.op_type == "BatchNormalization" for node in model.graph.node)
    assert [path.name for path in exported.parent.iterdir() if "unfinished" in path.name] == []


@pytest.mark.parametrize("check", [Check(1, 64, 96, 3), Check(2, 37, 51, 0), Check(3, 64, 64, 30)], ids=str)
def test_probabilities_are_those_of_pytorch(exported: Path, checkpoint: Path, check: Check):
    image, previous, points = check.inputs()
    answer = OnnxBackend.load(exported)[0].probability(image.numpy(), previous.numpy(), points.numpy())
    colours = image.permute(0, 3, 1, 2).float() / 255
    expected = load_backend(checkpoint)[0].answers(colours, previous, points).logits.sigmoid()
    assert answer.shape == (check.batch, 1, check.height, check.width)
    assert np.abs(answer - expected.numpy()).max() < 1e-4


def test_rows_that_fill_up_say_nothing(exported: Path):
    image, previous, points = Check(1, 64, 64, 2).inputs()
    filled = torch.cat((points, torch.tensor([[[20.0, 20.0, -1.0]]])), dim=1)
    backend, _ = OnnxBackend.load(exported)
    one, other = (backend.probability(image.numpy(), previous.numpy(), p.numpy()) for p in (points, filled))
    assert np.array_equal(one, other)


def test_a_session_answers_the_same_click_by_click(exported: Path, checkpoint: Path):
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (90, 120, 3), dtype=np.uint8)
    sessions = [Predictor.load(file)[0].set_image(image) for file in (checkpoint, exported)]
    for x, y, positive in ((60, 40, True), (10, 10, False), (80, 70, True)):
        sessions = [session.click(x, y, positive) for session in sessions]
        assert np.abs(sessions[0].probability - sessions[1].probability).max() < 0.02


def test_the_card_travels_with_the_file(exported: Path, checkpoint: Path):
    assert load_backend(exported)[1] == load_network(checkpoint)[1]


def test_the_checks_cover_no_clicks_many_clicks_odd_sizes_and_several_images(checkpoint: Path):
    checks = checks_for(load_network(checkpoint)[1])
    assert {check.points for check in checks} >= {0, 1, 40}
    assert any(check.batch > 1 and check.width % 32 and check.height % 32 for check in checks)


def test_a_file_that_differs_is_not_kept(checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    network, card = load_network(checkpoint)
    monkeypatch.setattr("model.inference.export.LARGEST_DIFFERENCE", -1.0)
    with pytest.raises(ValueError, match=r"apart from PyTorch's probabilities with Check.*the file is not kept"):
        export(network, card, tmp_path / "x.onnx")
    assert list(tmp_path.iterdir()) == []
    assert LARGEST_DIFFERENCE == 1e-3


def test_other_names_and_files_are_refused(checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["export", "--weights", str(checkpoint), "--output", str(tmp_path / "x.bin")]) == 2
    assert "the name must end in .onnx" in capsys.readouterr().err
    with pytest.raises(WeightsError, match=r"no such file; `python -m model export` makes one"):
        OnnxBackend.load(tmp_path / "none.onnx")
    (tmp_path / "bad.onnx").write_bytes(b"no network")
    with pytest.raises(WeightsError, match=r"ONNX Runtime cannot read it .*make it anew"):
        OnnxBackend.load(tmp_path / "bad.onnx")
