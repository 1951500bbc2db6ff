"""Counts and tables of layers, against numbers worked out by hand."""

import pytest
import torch
from torch import Tensor, nn

from hundred.models.registry import build
from hundred.models.summary import LayerRow, count_flops, count_parameters, summarize, trainable_parameters


def small() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(3, 4, 3),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(4, 5),
    )


def test_parameters_count_weights_and_moving_statistics() -> None:
    # 3*4*9+4 convolution, 4*4 batch norm, 4*5+5 dense
    assert count_parameters(small()) == 112 + 16 + 25
    assert trainable_parameters(small()) == 112 + 8 + 25


def test_frozen_weights_count_but_do_not_train() -> None:
    network = small()
    network[0].requires_grad_(False)
    assert count_parameters(network) == 153
    assert trainable_parameters(network) == 8 + 25


def test_rows_follow_the_forward_pass() -> None:
    assert summarize(small()) == [
        LayerRow("0", "Conv2d", (4, 30, 30), 112),
        LayerRow("1", "BatchNorm2d", (4, 30, 30), 16),
        LayerRow("2", "ReLU", (4, 30, 30), 0),
        LayerRow("3", "AdaptiveAvgPool2d", (4, 1, 1), 0),
        LayerRow("4", "Flatten", (4,), 0),
        LayerRow("5", "Linear", (5,), 25),
    ]


class Odd(nn.Module):
    """A layer used twice, one never used, a weight of its own, attention, and layers called out of order."""

    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Linear(8, 2)
        self.twice = nn.Linear(8, 8)
        self.never = nn.Linear(3, 3)
        self.alias = self.twice
        self.attention = nn.MultiheadAttention(8, 2)
        self.scale = nn.Parameter(torch.ones(7))

    def forward(self, x: Tensor) -> Tensor:
        x = self.alias(self.twice(x.flatten(1)[:, :8]))
        return self.last(self.attention(x, x, x)[0])  # type: ignore[no-any-return]


def test_odd_networks_are_counted_once_and_whole() -> None:
    rows = {(row.name, row.output_shape, row.parameters) for row in summarize(Odd())}
    attention = 4 * 8 * 8 + 4 * 8
    assert rows == {
        ("twice", (8,), 72),
        ("twice", (8,), 0),
        ("attention", None, attention),
        ("last", (2,), 18),
        ("never", None, 12),
        ("", None, 7),
    }
    assert sum(row.parameters for row in summarize(Odd())) == count_parameters(Odd())


def test_the_network_is_left_as_it_was() -> None:
    network = small()
    network[1].eval()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    summarize(network)
    count_flops(network)
    assert [layer.training for layer in network] == [True, False, True, True, True, True]
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert not any(layer._forward_hooks for layer in network.modules())


def test_hooks_go_even_when_the_network_fails() -> None:
    network = small()
    with pytest.raises(RuntimeError):
        summarize(network, (4, 32, 32))
    assert network.training
    assert not any(layer._forward_hooks for layer in network.modules())


def test_flops_are_two_for_each_multiply_add() -> None:
    assert count_flops(small()) == 2 * (4 * 3 * 9 * 30 * 30 + 4 * 5)
    assert count_flops(small(), (3, 10, 10)) == 2 * (4 * 3 * 9 * 8 * 8 + 4 * 5)


def test_flops_of_strided_and_grouped_convolutions() -> None:
    network = nn.Conv2d(8, 16, 3, stride=2, padding=1, groups=4)
    assert count_flops(network, (8, 32, 32)) == 2 * (16 * 2 * 9 * 16 * 16)


def test_flops_of_school() -> None:
    convolutions = (
        3 * 128 * 900 + 128 * 128 * 784 + 128 * 256 * 144 + 256 * 256 * 100 + 256 * 512 * 9 + 512 * 512
    )
    assert count_flops(build("school")) == 2 * (9 * convolutions + 512 * 512 + 512 * 100)
