"""Checkpoints: what goes in comes out, and files that are none are refused with a reason."""

import contextlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from model.networks import build
from model.weights.checkpoints import WeightsCard, WeightsError, load_network, load_what_fits, read_checkpoint

CARD = WeightsCard("nano", (64, 32), 2, {"lr": 0.1}, "abc", {"val/miou": 0.5})


def checkpoint(**changes: Any) -> dict[str, Any]:
    torch.manual_seed(0)
    tensors = {f"network.{name}": tensor for name, tensor in build("nano").state_dict().items()}
    return {"state_dict": tensors, "weights_card": CARD.to_dict(), "global_step": 3} | changes


def saved(folder: Path, content: Any) -> Path:
    path = folder / "weights.ckpt"
    torch.save(content, path)
    return path


def test_a_network_and_its_card_come_back(tmp_path: Path):
    network, card = load_network(saved(tmp_path, checkpoint()))
    assert card == CARD
    assert not network.training
    expected = checkpoint()["state_dict"]
    assert all(torch.equal(tensor, expected[f"network.{name}"]) for name, tensor in network.state_dict().items())


def test_a_runs_folder_means_its_best_weights_then_its_last(tmp_path: Path):
    (tmp_path / "checkpoints").mkdir()
    torch.save(checkpoint(), tmp_path / "checkpoints" / "last.ckpt")
    assert load_network(tmp_path)[1].metrics == {"val/miou": 0.5}
    better = WeightsCard("nano", (64, 32), 2, metrics={"val/miou": 0.6})
    torch.save(checkpoint(weights_card=better.to_dict()), tmp_path / "checkpoints" / "best.ckpt")
    assert load_network(tmp_path)[1].metrics == {"val/miou": 0.6}
    assert load_network(tmp_path / "checkpoints")[1].metrics == {"val/miou": 0.6}


def test_missing_files_are_named(tmp_path: Path):
    with pytest.raises(WeightsError, match=r"nothing.ckpt: no such file or folder; give a checkpoint \(.ckpt\)"):
        load_network(tmp_path / "nothing.ckpt")
    with pytest.raises(WeightsError, match=r"a folder without best.ckpt or last.ckpt in it or in its checkpoints/"):
        load_network(tmp_path)


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04 broken", b"\x80\x02N."])
def test_files_of_other_kinds_are_refused(content: bytes, tmp_path: Path):
    path = tmp_path / "weights.ckpt"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"weights.ckpt: (not a checkpoint of tensors|holds a )"):
        load_network(path)


class Evil:
    """Runs code when it is unpickled without care."""

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path("evil-was-here"),)


def test_code_in_a_file_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(WeightsError, match="holds Python objects and not only tensors"):
        read_checkpoint(saved(tmp_path, {"state_dict": Evil()}))
    assert not (tmp_path / "evil-was-here").exists()


def test_checkpoints_of_other_programs_are_refused(tmp_path: Path):
    with pytest.raises(
        WeightsError, match=r"of another program \(it holds epoch, model; 'weights_card' and 'state_dict'"
    ):
        load_network(saved(tmp_path, {"model": {}, "epoch": 1}))
    with pytest.raises(WeightsError, match="holds a list, not a checkpoint"):
        load_network(saved(tmp_path, [1]))
    with pytest.raises(WeightsError, match="its card cannot be read"):
        load_network(saved(tmp_path, checkpoint(weights_card={"input_size": [1, 1]})))
    with pytest.raises(WeightsError, match="network 'huge' is not known here; known are "):
        load_network(saved(tmp_path, checkpoint(weights_card=CARD.to_dict() | {"network": "huge"})))


def test_weights_that_do_not_fit_are_refused_with_the_first_reasons(tmp_path: Path):
    content = checkpoint()
    tensors = content["state_dict"]
    del tensors["network.head.bias"]
    tensors["network.tail.bias"] = torch.zeros(1)
    tensors["network.head.weight"] = torch.zeros(1, 4, 3, 3)
    with pytest.raises(WeightsError) as caught:
        load_network(saved(tmp_path, content))
    said = str(caught.value)
    assert (
        "head.bias is missing; tail.bias is not part of this network; head.weight is (1, 4, 3, 3), not (1, 8, 3, 3)."
        in said
    )
    assert "transfer_learning" in said


def test_transfer_takes_all_that_fits_but_the_heads():
    torch.manual_seed(1)
    source, target = build("nano").state_dict(), build("nano")
    fresh_head = target.head.weight.clone()
    source["context.merge.0.weight"] = torch.zeros(1)
    fresh = load_what_fits(target, source)
    assert fresh == [
        "context.merge.0.weight",
        "head.weight",
        "head.bias",
        "auxiliary_head.weight",
        "auxiliary_head.bias",
    ]
    assert torch.equal(target.head.weight, fresh_head)
    assert torch.equal(target.state_dict()["stem.0.0.weight"], source["stem.0.0.weight"])


def test_the_average_is_what_a_checkpoint_with_one_is_used_for():
    from model.weights.checkpoints import network_tensors

    stored = {"network.a": torch.zeros(1), "average.a": torch.ones(1), "other": torch.ones(1)}
    assert network_tensors({"state_dict": stored}) == {"a": torch.ones(1)}
    del stored["average.a"]
    assert network_tensors({"state_dict": stored}) == {"a": torch.zeros(1)}


def test_a_damaged_byte_anywhere_is_noticed(tmp_path: Path):
    path = saved(tmp_path, checkpoint())
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    for place in rng.integers(len(whole), size=60).tolist():
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        with contextlib.suppress(WeightsError):
            network, card = load_network(path)
            # Bytes that only fill up the archive, or its dates, change nothing.
            expected = checkpoint()["state_dict"]
            assert card == CARD
            assert all(torch.equal(found, expected[f"network.{name}"]) for name, found in network.state_dict().items())


def test_damage_is_told_with_what_to_do(tmp_path: Path):
    path = saved(tmp_path, checkpoint())
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(
        WeightsError, match=r"damaged, its part .* does not fit its checksum; copy the file again, or take"
    ):
        load_network(path)


def test_a_card_of_a_later_version_is_told_by_what_is_new_in_it(tmp_path: Path):
    card = CARD.to_dict() | {"temperature": 1.3, "prompts": []}
    with pytest.raises(
        WeightsError, match=r"its card has prompts, temperature, which this version, \d.*, does not know"
    ):
        load_network(saved(tmp_path, checkpoint(weights_card=card)))


def test_nobody_is_advised_to_load_foreign_objects(tmp_path: Path):
    """PyTorch's own message says how to do it nevertheless."""
    with pytest.raises(WeightsError) as caught:
        load_network(saved(tmp_path, checkpoint(extra=Path("somewhere"))))
    assert "holds Python objects and not only tensors and plain data" in str(caught.value)
    assert "weights_only" not in str(caught.value)
