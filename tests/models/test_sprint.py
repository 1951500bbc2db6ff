"""The sprint network's own option: a first layer whose bias stays at zero."""

import pytest
import torch

from hundred.models.registry import build


@pytest.mark.parametrize("trains", [True, False])
def test_the_whitening_bias_trains_unless_it_is_frozen(trains: bool) -> None:
    networks = []
    for bias in (True, trains):
        torch.manual_seed(0)
        networks.append(build("sprint", classes=5, width1=4, width2=4, width3=4, whitening_bias=bias))
    usual, network = networks
    images = torch.randn(4, 3, 20, 20)
    for each in networks:
        each(images).square().mean().backward()
    bias = network.get_parameter("whiten.bias")
    assert bias.requires_grad is trains
    assert (bias.grad is not None) is trains
    assert torch.count_nonzero(bias) == 0
    # All others learn as they did, and a file holds the same weights.
    for (name, ours), theirs in zip(network.named_parameters(), usual.parameters(), strict=True):
        if name != "whiten.bias" and ours.grad is not None:
            assert torch.equal(ours.grad, theirs.grad)
    assert network.state_dict().keys() == usual.state_dict().keys()
