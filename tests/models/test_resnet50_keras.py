"""ResNet-50 against keras.applications.ResNet50, layer by layer and number by number."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from hundred.models.registry import build
from hundred.models.summary import count_parameters

# Keras turns its torch tensors into arrays in a way that NumPy 2 warns about.
pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"
)


@pytest.fixture(scope="module")
def keras_resnet() -> Any:
    """Keras' network for 64x64 images, every weight and moving statistic drawn anew so that none hides."""
    import keras

    network = keras.applications.ResNet50(weights=None, include_top=False, input_shape=(64, 64, 3))
    rng = np.random.default_rng(0)
    for layer in network.layers:
        drawn = []
        for value in layer.weights:
            spread = 0.05 * rng.standard_normal(value.shape)
            if value.path.endswith("kernel"):
                drawn.append(rng.standard_normal(value.shape) * np.sqrt(1 / np.prod(value.shape[:-1])))
            elif value.path.endswith(("gamma", "moving_variance")):
                drawn.append(1 + np.abs(spread))
            else:
                drawn.append(spread)
        layer.set_weights(drawn)
    return network


def lay_in(keras_network: Any, backbone: nn.Module) -> None:
    """Copy Keras' weights over by layer name."""
    for layer in keras_network.layers:
        if not layer.weights:
            continue
        ours = backbone.get_submodule(layer.name)
        values = [torch.from_numpy(np.asarray(value)) for value in layer.get_weights()]
        if isinstance(ours, nn.Conv2d):
            values[0] = values[0].permute(3, 2, 0, 1)
            names = ["weight", "bias"]
        else:
            names = ["weight", "bias", "running_mean", "running_var"]
        state = ours.state_dict()
        for name, value in zip(names, values, strict=True):
            assert state[name].shape == value.shape
            state[name].copy_(value)


def test_same_layers_same_size_same_output(keras_resnet: Any) -> None:
    network = build("resnet50", upsample=1).eval()
    backbone = network.get_submodule("resnet50")
    assert count_parameters(backbone) == keras_resnet.count_params() == 23_587_712
    weighted = {layer.name for layer in keras_resnet.layers if layer.weights}
    ours = {path.rpartition(".")[0] for path, _ in backbone.named_parameters()}
    assert ours == weighted
    for layer in keras_resnet.layers:
        if layer.name.endswith("_bn"):
            assert backbone.get_submodule(layer.name).eps == layer.epsilon

    lay_in(keras_resnet, backbone)
    images = np.random.default_rng(1).random((2, 64, 64, 3), dtype=np.float32)
    expected = np.asarray(keras_resnet.predict(images, verbose=0))
    with torch.no_grad():
        found = backbone(torch.from_numpy(images).permute(0, 3, 1, 2)).permute(0, 2, 3, 1).numpy()
    assert found.shape == expected.shape == (2, 2, 2, 2048)
    assert expected.std() > 0.1
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("factor", [2, 3, 7])
def test_upsampling_is_that_of_keras(factor: int) -> None:
    import keras

    images = np.random.default_rng(factor).random((1, 5, 6, 3), dtype=np.float32)
    layer = keras.layers.UpSampling2D(factor, interpolation="bilinear", data_format="channels_last")
    expected = keras.ops.convert_to_numpy(layer(images))
    with torch.device("meta"):
        network = build("resnet50", upsample=factor)
    found = network.get_submodule("upsampling")(torch.from_numpy(images).permute(0, 3, 1, 2))
    np.testing.assert_allclose(found.permute(0, 2, 3, 1).numpy(), expected, atol=1e-6)


def test_upsampling_leaves_the_image_as_it_is_at_1() -> None:
    with torch.device("meta"):
        network = build("resnet50", upsample=1)
    assert not any(isinstance(layer, nn.Upsample) for layer in network.modules())
