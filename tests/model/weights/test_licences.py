"""Licences: from datasets and cards to the card of what is trained, and refused before anything is."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from model.__main__ import main
from model.networks import build
from model.training.clock import Clock
from model.training.config import ConfigError, TrainConfig, parse_config
from model.training.data import ShardData
from model.training.module import ClickModule
from model.training.options import TrainOptions
from model.training.train import train
from model.weights.checkpoints import CARD_KEY, EncoderCard, WeightsCard, card_of, read_checkpoint
from model.weights.licences import LicenceError, of_datasets, of_weights, refuse, together
from pipelines.formats.shards import open_dataset
from tests.model.datasets import tiny_dataset
from tests.model.toy_networks import write_checkpoint


def config(**changes: Any) -> TrainConfig:
    """A config that trains in a second."""
    settings = {
        "input_size": {"width": 32, "height": 32},
        "batch_size": {"train": 4, "val": 4},
        "epochs": 1,
        "lr": 0.002,
        "network": "nano",
        "optimizer": "adamw",
    }
    return parse_config(json.dumps(settings | changes), "test.json")


def dataset(folder: Path, projects: list[str], licences: dict[str, list[str]] | None) -> Path:
    """A tiny dataset made of these projects; without licences it is one from before there were any."""
    tiny_dataset(folder, train=4, val=2)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["inputs"] = {"projects": {name: {"layout": "voc", "images": 1} for name in projects}}
    manifest |= {} if licences is None else {"licences": licences}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def write_weights(path: Path, licences: dict[str, str], digest: str = "") -> Path:
    """An untrained `nano` whose card has these licences."""
    write_checkpoint(path)
    stored = torch.load(path, weights_only=True)
    task = {"special_classes": {"foreground": "obj"}}
    stored[CARD_KEY] |= {"licences": licences, "dataset_digest": digest, "config": task}
    torch.save(stored, path)
    return path


def test_a_pool_in_several_parts_has_all_its_licences_once():
    assert together([{"a": "CC0"}, {"b": "MIT; CC0", "a": "not stated"}, {"a": "CC0", "b": "CC0; X"}]) == {
        "a": "CC0; not stated",
        "b": "MIT; CC0; X",
    }


def test_datasets_say_those_of_their_projects_and_old_ones_nothing(tmp_path: Path):
    new = dataset(tmp_path / "new", ["coco", "voc"], {"coco": ["CC BY", "CC0"]})
    old = dataset(tmp_path / "old", ["voc", "own"], None)
    bare = tiny_dataset(tmp_path / "bare", train=1, val=1)
    found = of_datasets([open_dataset(str(location)) for location in (new, old, bare)])
    assert found == {"coco": "CC BY; CC0", "voc": "not stated", "own": "not stated", "bare": "not stated"}


def test_cards_say_theirs_and_old_ones_nothing():
    card = WeightsCard("nano", (32, 32), 2.0)
    assert of_weights(card) == {"weights of nano": "not stated"}
    assert of_weights(WeightsCard("nano", (32, 32), 2.0, dataset_digest="0123456789abcdef")) == {
        "weights of nano, dataset 0123456789ab…": "not stated"
    }
    assert of_weights(WeightsCard("nano", (32, 32), 2.0, licences={"voc": "CC0"})) == {"voc": "CC0"}
    assert of_weights(EncoderCard("lite", "trained on ImageNet, Apache-2.0", "")) == {
        "encoder of lite": "trained on ImageNet, Apache-2.0"
    }


def test_what_is_refused_is_listed_with_all_other_pools():
    pools = {"coco": "CC BY-NC 4.0; CC0", "ecssd": "Published for Research", "voc": "not stated", "own": "CC0"}
    refuse([], pools)
    refuse(["GPL"], pools)
    with pytest.raises(LicenceError) as raised:
        refuse(["research", "-nc", "by", "GPL"], pools)
    assert str(raised.value) == (
        "licences: 2 of the 4 pools of images behind this training, its first weights included, are refused:\n"
        "  coco: CC BY-NC 4.0; CC0  <- refused by '-nc' and 'by'\n"
        "  ecssd: Published for Research  <- refused by 'research'\n"
        "  voc: not stated\n"
        "  own: CC0\n"
        "Nothing was trained. Leave these data or weights out, or take the text out of refuse_licences or --refuse-licence; "
        "a pool that is 'not stated' gets its licence by `python -m pipelines run --licence NAME=TEXT`"
    )
    with pytest.raises(
        LicenceError,
        match=r"the only pool of images behind .* is refused:\n  voc: not stated  <- refused by 'not stated'",
    ):
        refuse(["not stated"], {"voc": "not stated"})


def test_the_card_of_a_network_in_training_has_them():
    module = ClickModule(build("nano"), config(), Clock.begun(config(), 10), "abc", licences={"voc": "CC0"})
    assert module.card().licences == {"voc": "CC0"}
    checkpoint: dict[str, Any] = {}
    module.on_save_checkpoint(checkpoint)
    assert card_of(checkpoint | {"state_dict": {}}, "x").licences == {"voc": "CC0"}


def test_a_resumed_run_keeps_those_of_what_it_began_with():
    checkpoint: dict[str, Any] = {}
    ClickModule(
        build("nano"), config(), Clock.begun(config(), 10), "abc", licences={"voc": "CC0", "old": "MIT"}
    ).on_save_checkpoint(checkpoint)
    resumed = ClickModule(build("nano"), config(), Clock.begun(config(), 10), "abc", licences={"voc": "CC0"})
    resumed.on_load_checkpoint(checkpoint)
    assert resumed.card().licences == {"voc": "CC0", "old": "MIT"}
    del checkpoint[CARD_KEY]["licences"]
    before_there_were_any = ClickModule(
        build("nano"), config(), Clock.begun(config(), 10), "abc", licences={"voc": "CC0"}
    )
    before_there_were_any.on_load_checkpoint(checkpoint)
    assert before_there_were_any.card().licences == {"voc": "CC0"}


def test_a_run_is_refused_before_it_leaves_anything(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    data = dataset(tmp_path / "data", ["coco", "voc"], {"coco": ["CC0"]})
    weights = write_weights(tmp_path / "w.ckpt", {"ecssd": "published for research"})
    settings = tmp_path / "config.json"
    run = tmp_path / "run"
    arguments = ["train", str(settings), "--data", str(data), "--output", str(run), "--accelerator", "cpu"]
    begun = ["--weights", str(weights)]

    def said(more: list[str], **changes: Any) -> str:
        settings.write_text(json.dumps(config(**changes).to_dict()))
        assert main([*arguments, *more]) == 2
        assert not run.exists()
        return capsys.readouterr().err

    assert "  voc: not stated  <- refused by 'Not Stated'" in said(["--refuse-licence", "Not Stated"])
    assert "  coco: CC0  <- refused by 'cc0'\n  voc: not stated\n" in said([], refuse_licences=["cc0"])
    for kind in ("continue_training", "transfer_learning"):
        text = said([*begun, "--refuse-license", "research"], weights_init_type=kind)
        assert "1 of the 3 pools" in text
        assert "  ecssd: published for research  <- refused by 'research'" in text
    both = said(
        ["--refuse-licence", "research", *begun], weights_init_type="continue_training", refuse_licences=["CC0"]
    )
    assert "2 of the 3 pools" in both
    encoder = ["--weights", "zoo:lite0-imagenet", "--refuse-licence", "apache"]
    assert "encoder of lite: EfficientNet-Lite0 trained on ImageNet" in said(
        encoder, weights_init_type="transfer_learning", network="lite"
    )
    assert "--refuse-licence '': a part of a licence's name is needed" in said(["--refuse-licence", ""])


def test_the_config_refuses_a_licence_without_a_name():
    with pytest.raises(ConfigError, match=r"refuse_licences\[1\]: found \"\"; it .*at least 1 character"):
        config(refuse_licences=["NC", ""])
    with pytest.raises(ConfigError, match=r"refuse_licenses: unknown key \(did you mean 'refuse_licences'\?\)"):
        config(refuse_licenses=["NC"])
    assert config(refuse_licences=["NC"]).with_refused(["GPL"]).refuse_licences == ("NC", "GPL")


@pytest.mark.slow
def test_a_trained_network_carries_all_licences_and_a_resumed_run_can_refuse_them(tmp_path: Path):
    data = dataset(tmp_path / "data", ["coco", "voc"], {"coco": ["CC0"]})
    more = dataset(tmp_path / "more", ["coco"], {"coco": ["CC BY"]})
    weights = write_weights(tmp_path / "w.ckpt", {"ecssd": "published for research"})
    expected = {"coco": "CC0; CC BY", "voc": "not stated", "ecssd": "published for research"}
    options = TrainOptions(
        data=(str(data), str(more)), output=str(tmp_path / "run"), accelerator="cpu", weights=str(weights)
    )
    continued = config(weights_init_type="continue_training")
    assert train(continued, options).last.licences == expected
    again = TrainOptions(data=options.data, output=options.output, accelerator="cpu", resume="")
    with pytest.raises(LicenceError, match=r"ecssd: published for research  <- refused by 'research'"):
        train(continued.with_epochs(2).with_refused(["research"]), again)
    resumed = train(continued.with_epochs(2), again)
    assert resumed.last.licences == expected
    best = resumed.folder.best
    assert card_of(read_checkpoint(best), best).licences == expected


def test_the_data_of_a_training_know_theirs(tmp_path: Path):
    locations = [
        str(dataset(tmp_path / name, [name], {name: [licence]})) for name, licence in (("a", "CC0"), ("b", "MIT"))
    ]
    assert ShardData(config(), locations).licences == {"a": "CC0", "b": "MIT"}
