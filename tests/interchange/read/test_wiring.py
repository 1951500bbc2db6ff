"""Wiring that today's Keras no longer writes: nested models, functions, shared layers of Keras 2, by hand."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from hundred.errors import HundredError
from hundred.interchange.read.load import load
from hundred.interchange.read.model import Model

from .. import legacy
from ..references import References

INPUT = {
    "class_name": "InputLayer",
    "name": "in",
    "inbound_nodes": [],
    "config": {"batch_input_shape": [None, 8, 8, 3], "name": "in", "dtype": "float32"},
}


def _layer(kind: str, name: str, inbound: list[Any], **config: Any) -> dict[str, Any]:
    return {"class_name": kind, "name": name, "config": {"name": name, **config}, "inbound_nodes": inbound}


def _model(*layers: dict[str, Any], output: str = "out") -> dict[str, Any]:
    config = {
        "name": "model",
        "layers": [INPUT, *layers],
        "input_layers": [["in", 0, 0]],
        "output_layers": [[output, 0, 0]],
    }
    return {"class_name": "Functional", "config": config}


def _dense(features: int = 192) -> list[dict[str, Any]]:
    return [_layer("Dense", "out", [[["flat", 0, 0, {}]]], units=4, use_bias=False)]


KERNEL = np.random.default_rng(2).standard_normal((192, 4)).astype(np.float32)
IMAGES = np.random.default_rng(3).random((2, 8, 8, 3)).astype(np.float32)


@pytest.mark.parametrize(
    ("function", "keywords", "by_hand"),
    [
        ("math.multiply", {"y": 2.0}, IMAGES * 2),
        ("__operators__.add", {"y": 1.5}, IMAGES + 1.5),
        ("math.subtract", {"y": 0.5}, IMAGES - 0.5),
        ("math.truediv", {"y": 4.0}, IMAGES / 4),
        ("nn.relu", {}, np.maximum(IMAGES, 0)),
        ("math.add", {"y": ["in", 0, 0]}, IMAGES * 2),
    ],
)
def test_functions_of_tensorflow_are_known_by_name(
    tmp_path: Path, function: str, keywords: dict[str, Any], by_hand: np.ndarray
) -> None:
    model = _model(
        _layer("TFOpLambda", "tf", [["in", 0, 0, keywords]], function=function),
        _layer("Flatten", "flat", [[["tf", 0, 0, {}]]]),
        *_dense(),
    )
    legacy.write(tmp_path / "m.h5", model, {"out": [("out/kernel:0", KERNEL)]})
    found = load(tmp_path / "m.h5").predict(IMAGES)
    assert np.allclose(found, by_hand.reshape(2, -1) @ KERNEL, atol=1e-4)


def test_a_function_that_is_not_known_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_path: Path, _archive: Any, why: Exception, _: Any) -> None:
        raise HundredError(f"m.h5: {why}")

    monkeypatch.setattr("hundred.interchange.read.through_keras.load_through_keras", refuse)
    model = _model(_layer("TFOpLambda", "tf", [["in", 0, 0, {}]], function="linalg.svd"), output="tf")
    legacy.write(tmp_path / "m.h5", model, {})
    with pytest.raises(
        HundredError, match=re.escape("layer tf (TFOpLambda) is the TensorFlow function linalg.svd")
    ):
        load(tmp_path / "m.h5")


def test_a_layer_that_keras_2_keeps_in_training_is_not_taken_for_one_at_test_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_path: Path, _archive: Any, why: Exception, _: Any) -> None:
        raise HundredError(f"m.h5: {why}")

    monkeypatch.setattr("hundred.interchange.read.through_keras.load_through_keras", refuse)
    for training in (True, False):
        model = _model(
            _layer("Dropout", "drop", [[["in", 0, 0, {"training": training}]]], rate=0.5),
            _layer("Flatten", "flat", [[["drop", 0, 0, {}]]]),
            *_dense(),
        )
        legacy.write(tmp_path / f"{training}.h5", model, {"out": [("out/kernel:0", KERNEL)]})
    assert np.allclose(load(tmp_path / "False.h5").predict(IMAGES), IMAGES.reshape(2, -1) @ KERNEL, atol=1e-4)
    with pytest.raises(HundredError, match=r"drop \(Dropout\) is called with training=True"):
        load(tmp_path / "True.h5")


def test_keras_2_counts_the_calls_of_a_nested_model_from_one(tmp_path: Path) -> None:
    inner = {"name": "inner", "layers": [INPUT, _layer("ReLU", "relu", [[["in", 0, 0, {}]]])],
             "input_layers": [["in", 0, 0]], "output_layers": [["relu", 0, 0]]}  # fmt: skip
    nested = {
        "class_name": "Functional",
        "name": "inner",
        "config": inner,
        "inbound_nodes": [[["in", 0, 0, {}]]],
    }
    model = _model(nested, _layer("Flatten", "flat", [[["inner", 1, 0, {}]]]), *_dense())
    legacy.write(tmp_path / "m.h5", model, {"out": [("out/kernel:0", KERNEL)]})
    found = load(tmp_path / "m.h5").predict(IMAGES - 0.5)
    assert np.allclose(found, np.maximum(IMAGES - 0.5, 0).reshape(2, -1) @ KERNEL, atol=1e-4)


def test_a_layer_called_twice_has_its_weights_once(tmp_path: Path) -> None:
    model = _model(
        _layer("Conv2D", "conv", [[["in", 0, 0, {}]], [["conv", 0, 0, {}]]], filters=3, kernel_size=[1, 1]),
        _layer("Flatten", "flat", [[["conv", 1, 0, {}]]]),
        *_dense(),
    )
    kernel = np.float32([[[[0, 2, 0], [1, 0, 0], [0, 0, 3]]]])
    bias = np.float32([0.5, 0, -1])
    weights = {"conv": [("conv/kernel:0", kernel), ("conv/bias:0", bias)], "out": [("out/kernel:0", KERNEL)]}
    legacy.write(tmp_path / "m.h5", model, weights)
    loaded = load(tmp_path / "m.h5")
    once = IMAGES @ kernel[0, 0] + bias
    assert np.allclose(
        loaded.predict(IMAGES), (once @ kernel[0, 0] + bias).reshape(2, -1) @ KERNEL, atol=1e-4
    )
    assert loaded.parameters == 12 + 768
    assert isinstance(loaded, Model)
    rows = [(row.name, row.class_name, row.shape, row.parameters) for row in loaded.rows]
    assert rows == [
        ("conv", "Conv2D", (8, 8, 3), 12),
        ("flat", "Flatten", (192,), 0),
        ("out", "Dense", (4,), 768),
    ]


def test_a_nested_model_s_weights_are_found_by_name_or_by_order(tmp_path: Path) -> None:
    norm = {"class_name": "BatchNormalization", "config": {"name": "norm", "axis": [3]}}
    conv = {
        "class_name": "Conv2D",
        "config": {"name": "conv", "filters": 3, "kernel_size": [1, 1], "use_bias": False},
    }
    inner = {"class_name": "Sequential", "config": {"name": "inner", "layers": [norm, conv]}}
    flat = {"class_name": "Flatten", "config": {"name": "flat"}}
    dense = {"class_name": "Dense", "config": {"name": "out", "units": 4, "use_bias": False}}
    model = {"class_name": "Sequential", "config": {"name": "m", "layers": [INPUT, inner, flat, dense]}}
    draw = np.random.default_rng(0)
    mix = draw.standard_normal((1, 1, 3, 3)).astype(np.float32)
    gamma, beta, mean, variance = (draw.uniform(0.5, 1.5, 3).astype(np.float32) for _ in range(4))
    trained = [("norm/gamma:0", gamma), ("norm/beta:0", beta), ("conv/kernel:0", mix)]
    moving = [("norm/moving_mean:0", mean), ("norm/moving_variance:0", variance)]
    wanted = ((IMAGES - mean) / np.sqrt(variance + 1e-3) * gamma + beta) @ mix[0, 0]
    for name, arrays in {
        "names": [*moving, *trained],  # names decide where they are clear
        "order": [(f"renamed_{i}/x:0", array) for i, (_, array) in enumerate([*trained, *moving])],
    }.items():
        path = tmp_path / f"{name}.h5"
        legacy.write(path, model, {"inner": arrays, "out": [("out/kernel:0", KERNEL)]})
        assert np.allclose(load(path).predict(IMAGES), wanted.reshape(2, -1) @ KERNEL, atol=1e-4)


def test_a_file_for_images_of_any_size_is_read_for_cifar_s(tmp_path: Path, references: References) -> None:
    with references.keras() as keras:
        model = keras.Sequential(
            [keras.Input((None, None, 3)), keras.layers.Conv2D(3, 3, strides=2, padding="same"),
             keras.layers.GlobalMaxPooling2D(), keras.layers.Dense(4)]
        )  # fmt: skip
        model.save(tmp_path / "m.h5")
        images = np.random.default_rng(0).random((2, 32, 32, 3)).astype(np.float32)
        wanted = model.predict(images, verbose=0)
    loaded = load(tmp_path / "m.h5")
    assert np.allclose(loaded.predict(images), wanted, atol=1e-5)
    assert "any size" in loaded.notes[0]


def test_a_loaded_network_can_be_traced_copied_and_trained(tmp_path: Path) -> None:
    config = legacy.thirteen()["cnn_20240311_221423"]
    legacy.write(tmp_path / "m.h5", config, legacy.random_weights(config))
    model = load(tmp_path / "m.h5")
    assert isinstance(model, Model)
    torch.fx.symbolic_trace(model.network)
    network = model.network.train()
    loss = network(torch.rand(2, 3, 32, 32)).square().mean()
    loss.backward()
    assert all(parameter.grad is not None for parameter in network.parameters())
