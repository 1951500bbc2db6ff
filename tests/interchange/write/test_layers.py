"""Every layer that can be exported: Keras, ONNX Runtime and our own reader agree with the torch network."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch import Tensor

from hundred.data.opening.open import open_dataset
from hundred.interchange.read.load import load
from hundred.interchange.read.model import Model
from hundred.interchange.write.save import save_h5, save_keras, save_onnx
from hundred.models import registry as models

from .. import networks
from ..references import References


def _close(found: np.ndarray, wanted: np.ndarray) -> None:
    """Logits within a few float32 roundings of their size, which is stricter than 1e-4 in probabilities."""
    assert found.shape == wanted.shape
    assert np.abs(found - wanted).max() < 2e-5 * max(1, np.abs(wanted).max())


@pytest.mark.parametrize("name", networks.NETWORKS)
def test_keras_onnx_and_our_reader_agree_with_the_network(
    name: str, tmp_path: Path, pixels: np.ndarray, normalization: dict[str, Any], references: References
) -> None:
    network = networks.build(name)
    wanted = references.torch(network, pixels)
    end = {"softmax": name == "ends in a softmax"}
    for suffix, save in ((".h5", save_h5), (".keras", save_keras)):
        path = tmp_path / f"m{suffix}"
        save(path, network, **normalization, **end)
        found, parameters = references.keras_file(path, pixels)
        _close(found, wanted)
        model = load(path)
        assert isinstance(model, Model)
        assert model.origin == "hundred"
        assert model.parameters == parameters
        _close(model.predict(pixels), wanted)
    save_h5(tmp_path / "again.h5", model.network, **normalization, **end)
    _close(load(tmp_path / "again.h5").predict(pixels), wanted)
    save_onnx(tmp_path / "m.onnx", network, **normalization, **end)
    _close(references.onnx_file(tmp_path / "m.onnx", pixels), wanted)


@pytest.mark.parametrize("name", models.names())
def test_built_in_networks_agree_in_keras_and_onnx(
    name: str, tmp_path: Path, pixels: np.ndarray, normalization: dict[str, Any], references: References
) -> None:
    network = networks.shaken(models.build(name))
    pixels = pixels[:2]
    wanted = networks.softmax(references.torch(network, pixels))
    save_h5(tmp_path / "m.h5", network, **normalization)
    found, parameters = references.keras_file(tmp_path / "m.h5", pixels)
    assert np.abs(found - wanted).max() < 1e-4
    model = load(tmp_path / "m.h5")
    assert model.parameters == parameters
    assert np.abs(model.predict_images(pixels) - wanted).max() < 1e-4
    save_onnx(tmp_path / "m.onnx", network, **normalization)
    assert np.abs(references.onnx_file(tmp_path / "m.onnx", pixels) - wanted).max() < 1e-4


def test_school_has_the_parameters_that_keras_counts(tmp_path: Path, normalization: dict[str, Any]) -> None:
    save_h5(tmp_path / "m.h5", models.build("school"), **normalization)
    assert load(tmp_path / "m.h5").parameters == 4_899_044


def test_onnx_holds_the_class_names(tmp_path: Path, normalization: dict[str, Any]) -> None:
    onnx = pytest.importorskip("onnx")
    names = {**normalization, "class_names": list("abcde")}
    save_onnx(tmp_path / "m.onnx", networks.build("groups"), **names)
    properties = {entry.key: entry.value for entry in onnx.load(tmp_path / "m.onnx").metadata_props}
    assert '"class_names": ["a", "b", "c", "d", "e"]' in properties["hundred"]


def test_the_same_network_gives_the_same_bytes(tmp_path: Path, normalization: dict[str, Any]) -> None:
    network = networks.build("groups")
    for suffix, save in ((".h5", save_h5), (".keras", save_keras), (".onnx", save_onnx)):
        for copy in "ab":
            save(tmp_path / (copy + suffix), network, **normalization)
        assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


@cache
def _real_images(folder: Path) -> Tensor:
    return open_dataset(folder).test.images[:6].clone()  # uint8 [6, 3, 32, 32]


@pytest.mark.parametrize("name", models.names())
def test_real_images_agree_in_keras_and_onnx(
    name: str, tmp_path: Path, real_data: Path, normalization: dict[str, Any], references: References
) -> None:
    network = networks.shaken(models.build(name))
    images = _real_images(real_data)
    pixels = images.permute(0, 2, 3, 1).numpy()
    wanted = networks.softmax(references.torch(network, pixels))
    for suffix, save in (("h5", save_h5), ("keras", save_keras)):
        save(tmp_path / f"m.{suffix}", network, **normalization)
        assert np.abs(references.keras_file(tmp_path / f"m.{suffix}", pixels)[0] - wanted).max() < 1e-4
        assert np.abs(load(tmp_path / f"m.{suffix}").predict_images(images) - wanted).max() < 1e-4
    save_onnx(tmp_path / "m.onnx", network, **normalization)
    assert np.abs(references.onnx_file(tmp_path / "m.onnx", pixels) - wanted).max() < 1e-4
