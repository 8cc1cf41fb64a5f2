"""The names that Python programs use: all of them are there, documented, and light to import."""

import inspect
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

import model
import pipelines
from tests.support import write_tiny_voc

GRAPH = Path("configs/graphs/pascal_voc.json")


@pytest.mark.parametrize("package", [pipelines, model])
def test_every_name_is_there_and_documented(package):
    assert sorted(dir(package)) == sorted(package.__all__)
    for name in package.__all__:
        assert inspect.getdoc(getattr(package, name)), name
    with pytest.raises(AttributeError, match=f"module '{package.__name__}' has no attribute 'nonsense'"):
        package.nonsense  # noqa: B018


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import model, pipelines", ("torch", "numpy", "apache_beam", "pytorch_lightning")),
        ("from model import Predictor", ("pytorch_lightning", "apache_beam", "model.training")),
        ("from pipelines import check, open_dataset, run", ("torch", "apache_beam")),
    ],
)
def test_names_load_no_more_than_they_need(statement, absent):
    code = f"import sys\n{statement}\nprint(*(name for name in {absent!r} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.split() == []


def test_from_labelled_images_to_clicks_in_python(tmp_path):
    voc = write_tiny_voc(tmp_path / "voc", images=6)
    assert not pipelines.check(GRAPH, {"PascalVOC": str(voc)}).errors
    dataset = pipelines.run(GRAPH, {"PascalVOC": str(voc)}, tmp_path / "out")
    assert len(dataset) > 0
    assert len(pipelines.open_dataset(tmp_path / "out")) == len(dataset)
    sizes = {"input_size": {"width": 32, "height": 32}, "batch_size": {"train": 4, "val": 4}}
    config = {"network": "nano", "epochs": 1, "lr": 0.01, "val_every": 1, **sizes}
    result = model.train(config, tmp_path / "out", tmp_path / "run", accelerator="cpu")
    assert result.finished
    assert result.last.network == "nano"
    summary = model.evaluate(f"voc:{voc}", tmp_path / "run", split="train", max_clicks=2, limit=2)
    assert summary.objects == 2
    assert summary.noc[0.9] <= 2
    predictor, card = model.Predictor.load(tmp_path / "run")
    assert card.input_size == (32, 32)
    session = predictor.set_image(np.zeros((20, 30, 3), np.uint8)).click(3, 4, positive=True)
    assert session.mask.shape == (20, 30)
    assert session.mask[4, 3]


def test_what_a_caller_can_mend_is_said(tmp_path):
    with pytest.raises(pipelines.UserError, match="nowhere does not exist"):
        pipelines.check(GRAPH, {"PascalVOC": f"{tmp_path}/nowhere"})
    with pytest.raises(pipelines.UserError, match=r"missing\.json"):
        pipelines.run(tmp_path / "missing.json", {}, tmp_path / "out")
    with pytest.raises(pipelines.UserError, match="holds no manifest"):
        pipelines.open_dataset(tmp_path)
    with pytest.raises(pipelines.UserError, match="config: 4 problems"):
        model.train({"epochs": 0}, tmp_path)
    with pytest.raises(pipelines.UserError, match="accelerator 'tpu': allowed are auto, cpu, gpu"):
        model.train({"epochs": 1}, tmp_path, accelerator="tpu")
    with pytest.raises(pipelines.UserError, match="look 'hard': allowed are published, people"):
        model.evaluate(tmp_path, look="hard")
    assert model.UserError is pipelines.UserError
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(pipelines.UserError, match="pictures without labels"):
        model.evaluate(tmp_path)


def test_all_places_that_are_wrong_are_named_at_once(tmp_path):
    with pytest.raises(pipelines.UserError, match=r"(?s)one does not exist.*two does not exist"):
        pipelines.check(GRAPH, {"A": f"{tmp_path}/one", "B": f"{tmp_path}/two"})
