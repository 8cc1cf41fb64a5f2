"""Weights that come along: small, loadable by name, described truly, obedient; and the command that shows weights."""

from pathlib import Path

import numpy as np
import pytest
import torch

from model.__main__ import main
from model.clicks.tensors import network_maps
from model.inference.predictor import Predictor
from model.weights import zoo
from model.weights.checkpoints import load_network
from model.weights.copies import digest
from model.weights.to_zoo import BEGIN, END, with_table
from pipelines.errors import UserError
from tests.model.toy_networks import write_checkpoint

LARGEST_MB = 16


@pytest.mark.parametrize("name", zoo.names())
def test_weights_of_the_zoo_are_small_and_carry_the_name_of_their_network(name: str):
    file = zoo.file_of(name)
    assert file.stat().st_size < LARGEST_MB * 1e6
    _, card = load_network(zoo.PREFIX + name)
    assert name.partition("-")[0] == card.network
    assert card.dataset_digest or card.origin
    assert card.metrics["val/miou@5"] > card.metrics["val/miou@1"] > 0.4


@pytest.mark.parametrize("name", [*zoo.names(), *zoo.encoders()])
def test_the_page_of_the_zoo_names_each_file_by_its_digest(name: str):
    page = (zoo.FOLDER / "README.md").read_text(encoding="utf-8")
    assert f"`{digest(zoo.file_of(name))}` |" in page
    assert with_table(page, zoo.FOLDER) == page


def test_the_default_is_there():
    assert zoo.DEFAULT.removeprefix(zoo.PREFIX) in zoo.names()


def test_the_default_weights_find_a_plain_disc_and_leave_the_rest():
    y, x = np.mgrid[:160, :200]
    inside = (x - 90) ** 2 + (y - 80) ** 2 <= 40**2
    image = np.where(inside[..., None], np.uint8([220, 60, 40]), np.uint8([40, 90, 60])).astype(np.uint8)
    predictor, _ = Predictor.load(zoo.DEFAULT)
    mask = predictor.set_image(image).click(90, 80, positive=True).click(10, 10, positive=False).mask
    assert (mask & inside).sum() / (mask | inside).sum() > 0.8
    assert mask[80, 90]
    assert not mask[10, 10]


def test_an_encoder_is_no_click_network(capsys: pytest.CaptureFixture[str]):
    for command in (["evaluate", "--data", "voc:nowhere"], ["export", "--output", "x.onnx"]):
        assert main([*command, "--weights", "zoo:lite0-imagenet"]) == 2
        said = capsys.readouterr().err
        assert "an encoder alone (EfficientNet-Lite0 trained on ImageNet" in said
        assert 'begin a training with it: "weights_init_type": "transfer_learning", "network": "lite"' in said


def test_lite_answers_as_it_did_where_it_was_trained():
    """A piece of an answer that was recorded there."""
    stored = np.load(Path(__file__).parents[1] / "lite_answer.npz")
    network, card = load_network("zoo:lite")
    image, previous, points = (torch.from_numpy(stored[name])[None] for name in ("image", "previous", "points"))
    with torch.no_grad():
        logits = network(image.permute(0, 3, 1, 2), network_maps(points, previous[:, None].float(), card.click_radius))
    assert np.abs(logits[0, 0].numpy()[::4, ::4] - stored["logits"]).max() < 1e-3


def test_an_unknown_name_is_refused_with_those_that_exist():
    with pytest.raises(UserError, match=r"weights zoo:huge: not in the zoo, which has .*zoo:tiny.*; name one of these"):
        load_network("zoo:huge")


def test_weights_lists_the_zoo(capsys: pytest.CaptureFixture[str]):
    assert main(["weights"]) == 0
    said = capsys.readouterr().out
    assert f"zoo:tiny: {zoo.file_of('tiny')}" in said
    assert "network tiny" in said


def test_a_slim_copy_has_the_network_and_nothing_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    full = write_checkpoint(tmp_path / "full.ckpt")
    stored = torch.load(full, weights_only=True)
    torch.save(stored | {"optimizer_states": [torch.zeros(100_000)]}, full)
    assert main(["weights", str(full), "--output", str(tmp_path / "slim.ckpt")]) == 0
    assert f"written: {tmp_path / 'slim.ckpt'}" in capsys.readouterr().out
    assert set(torch.load(tmp_path / "slim.ckpt", weights_only=True)) == {"state_dict", "weights_card"}
    one, other = (load_network(tmp_path / name) for name in ("full.ckpt", "slim.ckpt"))
    assert one[1] == other[1]
    assert torch.equal(one[0].head.weight, other[0].head.weight)


def test_weights_are_mixed_with_those_they_went_on_from(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    new, old = (write_checkpoint(tmp_path / name) for name in ("new.ckpt", "old.ckpt"))
    stored = torch.load(new, weights_only=True)
    shifted = {name: t + 2 if t.is_floating_point() else t for name, t in stored["state_dict"].items()}
    torch.save(stored | {"state_dict": shifted}, new)
    assert (
        main(["weights", str(new), "--blend", str(old), "--share", "0.25", "--output", str(tmp_path / "mix.ckpt")]) == 0
    )
    mixed, base = (load_network(tmp_path / name)[0].state_dict() for name in ("mix.ckpt", "old.ckpt"))
    for name, tensor in base.items():
        expected = tensor + 0.5 if tensor.is_floating_point() else tensor
        torch.testing.assert_close(mixed[name], expected)
    capsys.readouterr()
    assert main(["weights", str(new), "--blend", "zoo:lite", "--share", "2"]) == 2
    said = capsys.readouterr().err
    assert "--blend writes a mix of weights: say where to with --output FILE" in said
    assert "--share 2: must be from 0, all old, to 1, all new" in said
    assert main(["weights", str(new), "--blend", "zoo:tiny", "--output", str(tmp_path / "x.ckpt")]) == 2
    assert "tensors fit" in capsys.readouterr().err


def test_a_copy_onto_itself_or_of_nothing_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    full = write_checkpoint(tmp_path / "full.ckpt")
    assert main(["weights", str(full), "--output", str(full)]) == 2
    assert "is the file of the weights itself; name another one" in capsys.readouterr().err
    assert main(["weights", "--output", str(full)]) == 2
    assert "--output writes a copy of weights: name them" in capsys.readouterr().err


@pytest.fixture
def other_zoo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "zoo"
    folder.mkdir()
    (folder / "README.md").write_text(f"# Zoo\n\n{BEGIN}\nold rows\n{END}\n\nMore.\n")
    monkeypatch.setattr(zoo, "FOLDER", folder)
    return folder


def test_weights_go_into_the_zoo_in_one_command(tmp_path: Path, other_zoo: Path, capsys: pytest.CaptureFixture[str]):
    weights = write_checkpoint(tmp_path / "nano.ckpt", 32)
    assert main(["weights", str(weights), "--to-zoo", "nano-mine"]) == 0
    file = other_zoo / "nano-mine.ckpt"
    assert str(file) in capsys.readouterr().out
    page = (other_zoo / "README.md").read_text()
    assert f"| `zoo:nano-mine` | `nano-mine.ckpt` | `nano` | 0.4 MB | `{digest(file)}` |" in page
    assert page.startswith("# Zoo")
    assert page.endswith("More.\n")
    assert "old rows" not in page
    (one, card), (other, _) = load_network("zoo:nano-mine"), load_network(weights)
    assert card.network == "nano"
    for mine, theirs in zip(one.state_dict().values(), other.state_dict().values(), strict=True):
        assert torch.allclose(mine.float(), theirs.float(), atol=2e-3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--to-zoo", "Nano Mine"], "a name has small letters, digits and single hyphens"),
        (["--to-zoo", "taken"], "is there already; choose another name, or replace it with --overwrite"),
        (["--to-zoo", "x", "--output", "y.ckpt"], "leave out --output and --blend"),
    ],
)
def test_what_cannot_go_into_the_zoo_is_refused(
    tmp_path: Path, other_zoo: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
):
    (other_zoo / "taken.ckpt").write_bytes(b"")
    weights = write_checkpoint(tmp_path / "nano.ckpt", 32)
    assert main(["weights", str(weights), *arguments]) == 2
    assert message in capsys.readouterr().err


def test_outside_of_a_checkout_there_is_no_page_to_write(
    tmp_path: Path, other_zoo: Path, capsys: pytest.CaptureFixture[str]
):
    (other_zoo / "README.md").unlink()
    weights = write_checkpoint(tmp_path / "nano.ckpt", 32)
    assert main(["weights", str(weights), "--to-zoo", "mine"]) == 2
    assert "this is done in a checkout of the project" in capsys.readouterr().err
