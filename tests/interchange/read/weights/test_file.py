"""Weight files as Keras publishes them, laid into a network by the names of its layers."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from torch import nn

from hundred.errors import HundredError, UsageError
from hundred.interchange.read.weights.file import load_resnet50_imagenet, load_weights, read_weights_file
from hundred.interchange.write.save import save_h5
from hundred.models import registry as models

from ... import legacy, networks
from ...references import References


def _publish(path: Path, layers: dict[str, list[tuple[str, np.ndarray]]]) -> Path:
    """Weights alone, laid out as in Keras' published files."""
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = np.array([name.encode() for name in layers])
        file.attrs["backend"] = "tensorflow"
        for layer, arrays in layers.items():
            group = file.create_group(layer)
            group.attrs["weight_names"] = np.array([f"{layer}/{name}:0".encode() for name, _ in arrays], "S")
            for name, array in arrays:
                group.create_dataset(f"{layer}/{name}:0", data=array)
    return path


def test_the_published_resnet50_weights_give_keras_features(tmp_path: Path, references: References) -> None:
    images = np.random.default_rng(0).random((2, 32, 32, 3)).astype(np.float32)
    draw = np.random.default_rng(1)
    with references.keras() as keras:
        theirs = keras.applications.ResNet50(weights=None, include_top=False, input_shape=(32, 32, 3))
        layers = {}
        for layer in theirs.layers:
            arrays = [(w.name, legacy.drawn(draw, w.name, tuple(w.shape)) * 0.7) for w in layer.weights]
            layer.set_weights([array for _, array in arrays])
            layers[layer.name] = arrays
        wanted = theirs.predict(images, verbose=0).transpose(0, 3, 1, 2)
    path = _publish(tmp_path / "resnet50_notop.h5", layers)
    network = models.build("resnet50", upsample=1).eval()
    load_resnet50_imagenet(network, path)
    with torch.no_grad():
        found = network.get_submodule("resnet50")(torch.from_numpy(images).permute(0, 3, 1, 2)).numpy()
    assert np.abs(found - wanted).max() < 1e-4 * np.abs(wanted).max()


def test_a_published_file_that_does_not_fit_names_the_layer(tmp_path: Path) -> None:
    network = nn.Sequential()
    network.add_module("conv1_conv", nn.Conv2d(3, 4, 3))
    arrays = [("kernel", np.zeros((3, 3, 3, 4), np.float32)), ("bias", np.zeros(4, np.float32))]
    path = _publish(tmp_path / "w.h5", {"conv1_conv": arrays, "conv9_conv": arrays, "pool": []})
    with pytest.raises(HundredError, match="layer conv9_conv does not fit"):
        load_resnet50_imagenet(network, path)


def test_names_and_arrays_are_read(tmp_path: Path) -> None:
    kernel = np.arange(8, dtype=np.float32).reshape(1, 1, 2, 4)
    path = _publish(tmp_path / "w.h5", {"conv": [("kernel", kernel)], "pool": []})
    found = read_weights_file(path)
    assert list(found) == ["conv"]
    assert np.array_equal(found["conv"]["kernel"], kernel)


def test_our_own_file_fills_the_same_network_again(tmp_path: Path, normalization: dict[str, Any]) -> None:
    network = networks.build("depthwise")
    save_h5(tmp_path / "m.h5", network, **normalization)
    torch.manual_seed(99)
    other = networks.NETWORKS["depthwise"]()
    taken = load_weights(other, tmp_path / "m.h5")
    assert len(taken) == 5
    wanted, found = network.state_dict(), other.state_dict()
    assert all(torch.equal(wanted[key], found[key]) for key in wanted if "num_batches" not in key)


def test_a_new_head_keeps_its_own_weights(tmp_path: Path, normalization: dict[str, Any]) -> None:
    save_h5(tmp_path / "m.h5", networks.build("groups"), **normalization)
    other = networks.build("groups")
    other[-1] = nn.Linear(12, 9)
    before = other[-1].weight.clone()
    taken = load_weights(other, tmp_path / "m.h5")
    assert torch.equal(other[-1].weight, before)
    assert taken == ["0", "1", "2"]


def test_a_file_of_another_network_is_refused(tmp_path: Path, normalization: dict[str, Any]) -> None:
    save_h5(tmp_path / "m.h5", networks.build("groups"), **normalization)
    with pytest.raises(UsageError, match="none of its layers"):
        load_weights(nn.Sequential(nn.Linear(3, 3)), tmp_path / "m.h5")
    (tmp_path / "n.h5").write_bytes(b"no")
    for path in (tmp_path / "n.h5", tmp_path / "missing.h5"):
        with pytest.raises(HundredError, match=path.name):
            load_weights(nn.Linear(1, 1), path)
