"""Networks that are compared with ours cost about as much."""

import pytest
from networks_bench import RIVALS

from model.networks import build
from model.networks.cost import cost


@pytest.mark.parametrize("ours", RIVALS)
def test_rivals_multiply_about_as_often(ours: str):
    cost_of_ours = cost(build(ours), 256, 256).multiplications
    for rival in RIVALS[ours]:
        assert cost(build(rival), 256, 256).multiplications == pytest.approx(cost_of_ours, rel=0.15)
