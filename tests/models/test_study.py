"""The study's networks have the published sizes and begin as Keras begins."""

import math

import pytest
import torch
from torch import nn

from hundred.errors import UsageError
from hundred.models.registry import build
from hundred.models.summary import count_parameters

PUBLISHED = {"initial": 2_584_548, "intermediate": 5_816_740, "school": 4_899_044}


@pytest.mark.parametrize(("name", "parameters"), PUBLISHED.items())
def test_parameters_are_the_published_ones(name: str, parameters: int) -> None:
    assert count_parameters(build(name)) == parameters


def test_simple_has_the_size_that_its_docstring_says() -> None:
    assert count_parameters(build("simple")) == 1_107_108


@pytest.mark.parametrize("name", [*PUBLISHED, "simple"])
def test_kernels_begin_glorot_uniform_and_biases_zero(name: str) -> None:
    torch.manual_seed(1)
    for layer in build(name).modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            area = math.prod(layer.weight.shape[2:])
            bound = math.sqrt(6 / (layer.weight.shape[0] * area + layer.weight.shape[1] * area))
            assert layer.weight.abs().max() <= bound
            assert layer.weight.abs().max() > 0.95 * bound
            assert layer.weight.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.05)
            assert layer.bias is not None
            assert not layer.bias.any()


@pytest.mark.parametrize("name", [*PUBLISHED, "simple"])
def test_batch_norm_is_that_of_keras(name: str) -> None:
    for layer in build(name).modules():
        if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
            assert layer.eps == 1e-3
            assert layer.momentum == pytest.approx(0.01)


def test_dropout_option_sets_every_dropout() -> None:
    rates = [layer.p for layer in build("school", dropout=0.45).modules() if isinstance(layer, nn.Dropout)]
    assert rates == [0.45] * 4


@pytest.mark.parametrize("rate", [-0.1, 1, 1.5, math.nan])
def test_impossible_dropout_is_refused(rate: float) -> None:
    with pytest.raises(UsageError, match="dropout is a fraction"):
        build("school", dropout=rate)
