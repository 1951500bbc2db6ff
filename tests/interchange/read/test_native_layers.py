"""Architectures of keras.io and their layers: native, agreeing with Keras, trained, written again."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from hundred.interchange.read.load import load
from hundred.interchange.read.model import Model
from hundred.interchange.write.save import save_h5, save_keras, save_onnx

from .. import legacy
from ..keras_models import NATIVE, SIDE, shake
from ..references import MEAN, STD, References

IMAGES = np.random.default_rng(3).random((3, SIDE, SIDE, 3)).astype(np.float32)


def _saved(name: str, path: Path, references: References) -> np.ndarray:
    """The model `name` as a file, and what Keras predicts for IMAGES."""
    with references.keras() as keras:
        keras.utils.set_random_seed(1)
        model = shake(keras, NATIVE[name](keras))
        model.save(path)
        found: np.ndarray = model.predict(IMAGES, verbose=0)
    return found


#: The quick tests take each kind of layer once; `make faults` runs them all.
QUICK = ("vision_transformer", "axes_of_all_kinds")
SOME = [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in NATIVE]


@pytest.mark.parametrize("suffix", [pytest.param("h5", marks=pytest.mark.slow), "keras"])
@pytest.mark.parametrize("name", NATIVE)
def test_it_is_read_natively_and_agrees_with_keras(
    name: str, suffix: str, tmp_path: Path, references: References
) -> None:
    wanted = _saved(name, tmp_path / f"m.{suffix}", references)
    model = load(tmp_path / f"m.{suffix}")
    assert isinstance(model, Model)
    assert np.abs(model.predict(IMAGES) - wanted).max() < 1e-4 * max(1, np.abs(wanted).max())


@pytest.mark.parametrize("name", SOME)
def test_it_is_trained_and_goes_back_to_keras_and_onnx(
    name: str, tmp_path: Path, references: References, pixels: np.ndarray, normalization: dict[str, Any]
) -> None:
    _saved(name, tmp_path / "m.keras", references)
    model = load(tmp_path / "m.keras")
    assert isinstance(model, Model)
    network = model.network.train()
    before = [weight.clone() for weight in network.parameters()]
    optimizer = torch.optim.SGD(network.parameters(), 0.01)
    for _ in range(2):
        optimizer.zero_grad()
        nn.functional.cross_entropy(network(torch.rand(4, 3, SIDE, SIDE)), torch.arange(4)).backward()
        optimizer.step()
    moved = [not torch.equal(a, b) for a, b in zip(before, network.parameters(), strict=True)]
    assert sum(moved) >= 0.8 * len(moved)  # all but constants, and biases that a softmax takes out
    network.eval()
    x = (torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255 - torch.tensor(MEAN)[:, None, None]) / (
        torch.tensor(STD)[:, None, None]
    )
    with torch.no_grad():
        wanted = network(x).softmax(1).numpy()
    for suffix, save in (("h5", save_h5), ("keras", save_keras)):
        save(tmp_path / f"again.{suffix}", network, **normalization)
        found, _ = references.keras_file(tmp_path / f"again.{suffix}", pixels)
        assert np.abs(found - wanted).max() < 1e-4
        ours = load(tmp_path / f"again.{suffix}")
        assert isinstance(ours, Model)
        assert np.abs(ours.predict_images(pixels) - wanted).max() < 1e-4
    save_onnx(tmp_path / "again.onnx", network, **normalization)
    assert np.abs(references.onnx_file(tmp_path / "again.onnx", pixels) - wanted).max() < 1e-4


def test_layer_normalization_over_axes_that_keras_on_torch_cannot_run(tmp_path: Path) -> None:
    """Over rows and columns of a map, and over the steps of a sequence: by hand."""
    draw = np.random.default_rng(0)
    layers = [
        {"class_name": "InputLayer", "config": {"batch_input_shape": [None, 8, 6, 3], "name": "in"}},
        {"class_name": "LayerNormalization", "config": {"name": "map", "axis": [1, 2], "epsilon": 0.01}},
        {"class_name": "Reshape", "config": {"name": "steps", "target_shape": [48, 3]}},
        {"class_name": "LayerNormalization", "config": {"name": "seq", "axis": [1], "epsilon": 0.01}},
        {"class_name": "Flatten", "config": {"name": "flat"}},
    ]
    weights = {
        "map": [(f"map/{key}:0", draw.random((8, 6)).astype(np.float32)) for key in ("gamma", "beta")],
        "seq": [(f"seq/{key}:0", draw.random(48).astype(np.float32)) for key in ("gamma", "beta")],
    }
    legacy.write(
        tmp_path / "m.h5", {"class_name": "Sequential", "config": {"name": "m", "layers": layers}}, weights
    )
    x = draw.random((2, 8, 6, 3)).astype(np.float32)
    y = (x - x.mean((1, 2), keepdims=True)) / np.sqrt(x.var((1, 2), keepdims=True) + 0.01)
    y = y * weights["map"][0][1][..., None] + weights["map"][1][1][..., None]
    z = y.reshape(2, 48, 3)
    z = (z - z.mean(1, keepdims=True)) / np.sqrt(z.var(1, keepdims=True) + 0.01)
    z = z * weights["seq"][0][1][:, None] + weights["seq"][1][1][:, None]
    found = load(tmp_path / "m.h5").predict(x)
    assert np.allclose(found, z.reshape(2, -1), atol=1e-5)
