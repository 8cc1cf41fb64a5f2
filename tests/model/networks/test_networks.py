"""Every network takes any size and both image types, uses all it is given, and costs what is said of it."""

import pytest
import torch
from torch import nn

from model.networks import NETWORKS, ClickNetwork, build
from model.networks.base import register
from model.networks.cost import cost
from model.networks.lite import Lite
from model.training.config import TrainConfig

MILLION_WEIGHTS = {
    "lite": 3.68,
    "nano": 0.19,
    "tiny": 1.25,
    "small": 3.49,
    "base": 10.0,
    "hrnet18s": 4.1,
    "hrnet18s_tiny": 0.81,
    "unet_base": 2.19,
    "unet_tiny": 0.37,
}


def smallest_of_each_design() -> list[str]:
    """Of the networks that one class builds in several sizes, the one with the fewest weights."""
    sizes = {name: (type(network), weights_of(network)) for name in NETWORKS for network in (build(name),)}
    return [name for name, (kind, size) in sizes.items() if size == min(s for k, s in sizes.values() if k is kind)]


def weights_of(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.fixture(params=smallest_of_each_design())
def network(request: pytest.FixtureRequest) -> ClickNetwork:
    torch.manual_seed(0)
    return build(request.param).eval()


def inputs(height: int, width: int) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(1)
    return torch.randint(0, 256, (2, 3, height, width), dtype=torch.uint8), torch.rand(2, 3, height, width)


@pytest.mark.parametrize("name", MILLION_WEIGHTS)
def test_each_network_has_the_size_it_is_known_for(name: str):
    assert weights_of(build(name)) / 1e6 == pytest.approx(MILLION_WEIGHTS[name], rel=0.02)


@pytest.mark.parametrize("name", NETWORKS)
def test_each_network_is_known_to_configs_and_answers(name: str):
    config = TrainConfig(input_size={"width": 64, "height": 64}, batch_size={"train": 1, "val": 1}, epochs=1, lr=0.1)
    assert TrainConfig.model_validate(config.to_dict() | {"network": name}, strict=False).network == name
    image, maps = inputs(64, 96)
    with torch.no_grad():
        assert build(name).eval()(image, maps).shape == (2, 1, 64, 96)


def test_a_name_that_is_taken_is_refused():
    with pytest.raises(ValueError, match="the network 'nano' is there already"):
        register("nano", Lite)


@pytest.mark.parametrize(("height", "width"), [(32, 32), (64, 96), (33, 65), (31, 100), (1, 1), (47, 32)])
def test_logits_have_the_size_of_the_image(height: int, width: int, network: ClickNetwork):
    image, maps = inputs(height, width)
    with torch.no_grad():
        assert network(image, maps).shape == (2, 1, height, width)
        logits, auxiliary = network.forward_with_auxiliary(image, maps)
    assert logits.shape == auxiliary.shape == (2, 1, height, width)


def test_features_are_as_much_smaller_as_the_network_says(network: ClickNetwork):
    with torch.no_grad():
        fine, coarse = network.features(torch.zeros(1, 6, 64, 96))
    assert [64 // side for side in (fine.shape[2], coarse.shape[2])] == [network.fine_stride, network.coarse_stride]
    assert [96 // side for side in (fine.shape[3], coarse.shape[3])] == [network.fine_stride, network.coarse_stride]


def test_bytes_and_fractions_are_the_same_image(network: ClickNetwork):
    image, maps = inputs(32, 32)
    with torch.no_grad():
        assert torch.equal(network(image, maps), network(image.float() / 255, maps))


def test_padding_continues_the_image_and_holds_no_clicks(network: ClickNetwork):
    image, maps = inputs(40, 50)
    padded_image = nn.functional.pad(image.float() / 255, (0, 14, 0, 24), mode="replicate")
    padded_maps = nn.functional.pad(maps, (0, 14, 0, 24))
    with torch.no_grad():
        expected = network(padded_image, padded_maps)[:, :, :40, :50]
        assert torch.allclose(network(image, maps), expected, atol=1e-5)


def test_training_and_use_give_the_same_logits(network: ClickNetwork):
    image, maps = inputs(32, 32)
    with torch.no_grad():
        assert torch.equal(network(image, maps), network.forward_with_auxiliary(image, maps)[0])


@pytest.mark.parametrize("channel", range(3))
def test_every_map_matters(channel: int, network: ClickNetwork):
    image, maps = inputs(32, 32)
    changed = maps.clone()
    changed[:, channel] = 1 - changed[:, channel]
    with torch.no_grad():
        assert not torch.allclose(network(image, maps), network(image, changed))


def test_every_weight_learns(network: ClickNetwork):
    image, maps = inputs(32, 64)
    logits, auxiliary = network.train().forward_with_auxiliary(image, maps)
    (logits.square().mean() + auxiliary.square().mean()).backward()
    assert [name for name, parameter in network.named_parameters() if parameter.grad is None] == []


# ----------------------------------------------------------------------------------------------------------------- cost


class Known(ClickNetwork):
    """A network whose cost can be told by hand."""

    fine_stride = 1
    coarse_stride = 1

    def __init__(self) -> None:
        super().__init__()
        self.narrow = nn.Conv2d(6, 4, 3, stride=2, padding=1, bias=False)
        self.by_channel = nn.Conv2d(4, 4, 3, padding=1, groups=4, bias=False)
        self.wide = nn.ConvTranspose2d(4, 2, 2, stride=2, bias=False)
        self.head = nn.Conv2d(2, 1, 1)
        self.auxiliary_head = nn.Conv2d(2, 1, 1)

    def features(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x = self.wide(self.by_channel(self.narrow(x)))
        return x, x


def test_the_cost_is_that_of_a_count_by_hand():
    found = cost(Known(), 32, 64)
    small, large = 16 * 32, 32 * 64
    assert found.multiplications == small * (6 * 4 * 9 + 4 * 9 + 4 * 2 * 4) + large * 2
    assert found.weights == 6 * 4 * 9 + 4 * 9 + 4 * 2 * 4 + 2 * (2 + 1)


def test_counting_leaves_a_network_as_it_was():
    network = build("nano").train()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    cost(network, 32, 32)
    assert network.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
    assert not any(module._forward_hooks for module in network.modules())
