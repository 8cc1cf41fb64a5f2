"""The network takes any size, knows both image types, and its auxiliary head is for training."""

import pytest
import torch

from model.networks.clicknet import PRESETS, ClickNet, Preset

WEIGHTS = {"nano": 0.19e6, "tiny": 1.25e6, "small": 3.49e6, "base": 10.0e6}


def network(preset: str = "nano") -> ClickNet:
    torch.manual_seed(0)
    return ClickNet(PRESETS[preset]).eval()


def inputs(height: int, width: int) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(1)
    return torch.randint(0, 256, (2, 3, height, width), dtype=torch.uint8), torch.rand(2, 3, height, width)


@pytest.mark.parametrize("preset", PRESETS)
def test_each_preset_has_the_size_it_is_known_for(preset: str):
    weights = sum(parameter.numel() for parameter in ClickNet(PRESETS[preset]).parameters())
    assert weights == pytest.approx(WEIGHTS[preset], rel=0.02)


@pytest.mark.parametrize(("height", "width"), [(32, 32), (64, 96), (33, 65), (31, 100), (1, 1), (47, 32)])
def test_logits_have_the_size_of_the_image(height: int, width: int):
    image, maps = inputs(height, width)
    net = network()
    with torch.no_grad():
        assert net(image, maps).shape == (2, 1, height, width)
        logits, auxiliary = net.forward_with_auxiliary(image, maps)
    assert logits.shape == auxiliary.shape == (2, 1, height, width)


def test_bytes_and_fractions_are_the_same_image():
    image, maps = inputs(32, 32)
    net = network()
    with torch.no_grad():
        assert torch.equal(net(image, maps), net(image.float() / 255, maps))


def test_padding_continues_the_image_and_holds_no_clicks():
    image, maps = inputs(40, 50)
    padded_image = torch.nn.functional.pad(image.float() / 255, (0, 14, 0, 24), mode="replicate")
    padded_maps = torch.nn.functional.pad(maps, (0, 14, 0, 24))
    net = network()
    with torch.no_grad():
        expected = net(padded_image, padded_maps)[:, :, :40, :50]
        assert torch.allclose(net(image, maps), expected, atol=1e-5)


def test_training_and_use_give_the_same_logits():
    image, maps = inputs(32, 32)
    net = network()
    with torch.no_grad():
        assert torch.equal(net(image, maps), net.forward_with_auxiliary(image, maps)[0])


@pytest.mark.parametrize("channel", range(3))
def test_every_map_matters(channel: int):
    image, maps = inputs(32, 32)
    changed = maps.clone()
    changed[:, channel] = 1 - changed[:, channel]
    net = network()
    with torch.no_grad():
        assert not torch.allclose(net(image, maps), net(image, changed))


def test_every_weight_learns():
    net = ClickNet(Preset((4, 4, 4, 4, 4), (1, 2, 1, 1), 4)).train()
    image, maps = inputs(32, 64)
    logits, auxiliary = net.forward_with_auxiliary(image, maps)
    (logits.square().mean() + auxiliary.square().mean()).backward()
    assert [name for name, parameter in net.named_parameters() if parameter.grad is None] == []
