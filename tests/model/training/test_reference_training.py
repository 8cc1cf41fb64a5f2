"""The trainer against the reference program: the same photographs, as many samples, the same encoder to begin with."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from model.projects.photographs import Place
from model.training.config import parse_config
from model.training.datasets import split
from model.training.options import TrainOptions
from model.training.photographs import Photographs, unpacked
from model.training.train import train
from model.training.view_data import ViewData
from model.weights.checkpoints import load_network
from pipelines.__main__ import main as pipelines
from tests.model.reference import reference
from tests.support import shared

ROOT = Path(__file__).resolve().parents[3]
STEPS = 300
BATCH = 16
SIDE = 96
CONFIG = """{
  "network": "lite", "weights_init_type": "transfer_learning",
  "input_size": {"width": 96, "height": 96}, "batch_size": {"train": 16, "val": 64}, "epochs": 6, "val_every": 6,
  "lr": 0.0025, "momentum": 0.9, "optimizer": "adamw", "schedule": "cosine", "warmup_steps": 30,
  "gradient_clip": 5.0, "ema": 0.985,
  "loss_weights": {"main_class": 1, "points": 1}, "log_every": 1,
  "views": {"sizes": [{"side": 96, "share": 1.0, "whole": 0.2}], "cutouts": 0.3, "pools": {"ecssd": 1.0}}
}"""


def losses_of(run: Path) -> list[float]:
    """The training loss of every step."""
    lines = (run / "logs" / "version_0" / "metrics.csv").read_text().splitlines()
    column = lines[0].split(",").index("train/loss")
    return [float(value) for line in lines[1:] if (value := line.split(",")[column])]


def pool_of(photographs: Photographs) -> SimpleNamespace:
    """The same photographs as the reference keeps them."""
    return SimpleNamespace(
        images=photographs.images,
        masks=unpacked(photographs.masks) * 255,
        image=photographs.image_of,
        box=photographs.boxes,
        size=photographs.sizes,
        void=unpacked(photographs.void[photographs.void_of]).bool(),
        pool=["all"] * len(photographs),
        weights=torch.ones(len(photographs)) / len(photographs),
    )


@pytest.mark.slow
def test_as_many_samples_lead_as_far_as_those_of_the_reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    oracle = reference()
    for name in ("ecssd", "voc2007-44"):
        graph = str(ROOT / "configs/graphs/photographs.json")
        project = f"Photographs={shared(f'data/{name}')}"
        assert pipelines(["run", graph, "--project", project, "--output", str(tmp_path / name)]) == 0
    config = parse_config(CONFIG, "oracle.json")
    assert config.views is not None
    options = TrainOptions(
        data=(str(tmp_path / "ecssd"),),
        output=str(tmp_path / "run"),
        accelerator="cpu",
        weights="zoo:lite0-imagenet",
        limit_train_batches=STEPS // 6,
        limit_val_batches=1,
    )
    train(config, options)
    ours, _ = load_network(tmp_path / "run")

    data = ViewData(config, config.views, options.data)
    data.prepare()
    pool, seen = pool_of(data.resident["train"]), []
    monkeypatch.setattr(oracle, "S", data.side)
    monkeypatch.setattr(oracle, "DEVICE", torch.device("cpu"))
    monkeypatch.setattr(oracle, "SIZES", ((SIDE, 1.0),))
    step_loss = oracle.step_loss

    def recorded(*args: object) -> torch.Tensor:
        loss = step_loss(*args)
        seen.append(float(loss.detach()))
        return loss

    monkeypatch.setattr(oracle, "step_loss", recorded)
    theirs = oracle.Lite()
    encoder = torch.load(ROOT / "model/weights/zoo/lite0-imagenet.encoder", weights_only=True)["encoder"]
    theirs.encoder.load_state_dict({name: tensor.float() for name, tensor in encoder.items()}, strict=False)
    settings = SimpleNamespace(
        seed=0,
        lr=0.0025,
        steps=STEPS,
        seconds=1,
        warm=30,
        ema=0.985,
        cutouts=0.3,
        say=1e9,
        out=tmp_path,
        budget=BATCH * SIDE**2 / 256**2,
    )
    oracle.train(theirs, pool, None, settings)
    stored = torch.load(tmp_path / "weights.pt", weights_only=True)
    theirs.load_state_dict({name: t.float() if t.is_floating_point() else t for name, t in stored.items()})

    losses = [sum(values[-STEPS // 2 :]) / (STEPS // 2) for values in (losses_of(tmp_path / "run"), seen)]
    val = ViewData(config, config.views, [str(tmp_path / "voc2007-44")])
    val.places["train"] = [Place(*map(int, place)) for place in split(val.datasets, "train", "obj", "train")]
    val.prepare()
    monkeypatch.setattr(oracle, "S", val.side)
    objects = pool_of(val.resident["train"])
    clicks = []
    for network in (ours, theirs):
        curves, _ = oracle.evaluate(network.eval(), objects, size=SIDE)
        reached = torch.where((curves >= 0.85).any(1), (curves >= 0.85).float().argmax(1) + 1.0, 10.0)
        clicks.append(reached.mean().item())
    print(f"loss {losses[0]:.4f}, reference {losses[1]:.4f}; NoC@85 {clicks[0]:.2f}, reference {clicks[1]:.2f}")
    assert losses[0] == pytest.approx(losses[1], rel=0.03)
    # Other random numbers alone make a difference of half a click so early in a training; ours may be the better one.
    assert clicks[0] < clicks[1] + 0.5
