"""Initial weights against the formulas of the papers and Keras' own initializer."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from hundred.models.initialize import glorot_uniform, he_normal


@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")
def test_glorot_has_the_bounds_of_keras() -> None:
    import keras

    drawn = keras.initializers.GlorotUniform(seed=1)((3, 3, 64, 128))
    keras_bound = float(np.abs(keras.ops.convert_to_numpy(drawn)).max())
    layer = nn.Conv2d(64, 128, 3)
    glorot_uniform(layer)
    assert layer.weight.abs().max().item() == pytest.approx(keras_bound, rel=1e-3)
    assert not layer.bias.any() if layer.bias is not None else False


def test_he_spreads_by_the_output_side() -> None:
    layer = nn.Conv2d(16, 256, 3)
    he_normal(layer)
    assert layer.weight.std().item() == pytest.approx(math.sqrt(2 / (256 * 9)), rel=0.02)
    assert layer.weight.mean().item() == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize("begin", [glorot_uniform, he_normal])
def test_the_seed_decides_and_other_layers_stay(begin: object) -> None:
    def drawn(seed: int) -> torch.Tensor:
        network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
        network[1].weight.data.fill_(5)
        torch.manual_seed(seed)
        begin(network)  # type: ignore[operator]
        assert (network[1].weight == 5).all()
        return network[0].weight.detach()

    assert torch.equal(drawn(3), drawn(3))
    assert not torch.equal(drawn(3), drawn(4))


def test_layers_without_bias_are_fine() -> None:
    glorot_uniform(nn.Conv2d(3, 4, 3, bias=False))
    he_normal(nn.Linear(3, 4, bias=False))
