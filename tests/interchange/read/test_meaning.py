"""What a file means beside its numbers: frozen layers, custom classes, code, adapters, loose weights."""

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from torch import nn

from hundred.errors import HundredError
from hundred.interchange.read.layers.tensors import FrozenBatchNorm2d
from hundred.interchange.read.load import load
from hundred.interchange.read.model import Model

from ..references import References

IMAGES = np.random.default_rng(5).random((3, 8, 8, 3)).astype(np.float32)


def _base(keras: Any) -> Any:
    layers = [keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3), keras.layers.BatchNormalization()]
    return keras.Sequential(layers, name="base")


@pytest.mark.parametrize("suffix", ["h5", "keras"])
def test_frozen_layers_have_no_gradients_and_keep_their_averages(
    suffix: str, tmp_path: Path, references: References
) -> None:
    with references.keras() as keras:
        base = _base(keras)
        base.trainable = False
        pool = keras.layers.GlobalAveragePooling2D()
        keras.Sequential([base, pool, keras.layers.Dense(5, name="head")]).save(tmp_path / f"m.{suffix}")
    model = load(tmp_path / f"m.{suffix}")
    assert isinstance(model, Model)
    assert len(model.frozen) == 2
    trained = [name for name, weight in model.network.named_parameters() if weight.requires_grad]
    assert trained == ["head.weight", "head.bias"]
    norms = [layer for layer in model.network.train().modules() if isinstance(layer, nn.BatchNorm2d)]
    assert [type(layer) for layer in norms] == [FrozenBatchNorm2d]
    assert not norms[0].training


def test_a_class_with_its_own_training_step_is_read_as_the_functional_model_it_is(
    tmp_path: Path, references: References
) -> None:
    with references.keras() as keras:

        class Mixing(keras.Model):
            def train_step(self, *_: Any) -> None:
                raise AssertionError

        image = keras.Input((8, 8, 3))
        model = Mixing(image, keras.layers.Dense(4)(keras.layers.Flatten()(image)))
        wanted = model.predict(IMAGES, verbose=0)
        for suffix in ("h5", "keras"):
            model.save(tmp_path / f"m.{suffix}")
            found = load(tmp_path / f"m.{suffix}")
            assert isinstance(found, Model)
            assert np.allclose(found.predict(IMAGES), wanted, atol=1e-5)
            assert any("Mixing" in note for note in found.notes)


def test_all_missing_classes_are_named_at_once(tmp_path: Path, references: References) -> None:
    with references.keras() as keras:

        class Twice(keras.layers.Layer):
            def call(self, x: Any) -> Any:
                return 2 * x

        class Thrice(keras.layers.Layer):
            def call(self, x: Any) -> Any:
                return 3 * x

        flat = keras.layers.Flatten()
        keras.Sequential([keras.Input((8, 8, 3)), Twice(), Thrice(), flat]).save(tmp_path / "m.keras")
    with pytest.raises(HundredError, match=r"'Twice': \.\.\., 'Thrice': \.\.\.") as caught:
        load(tmp_path / "m.keras")
    assert "\n" not in str(caught.value)


def test_recurrent_layers_are_refused_in_one_line(tmp_path: Path, references: References) -> None:
    with references.keras() as keras:
        layers = [keras.Input((8, 8, 3)), keras.layers.Reshape((8, 24)), keras.layers.LSTM(4, name="memory")]
        keras.Sequential(layers).save(tmp_path / "m.keras")
    with pytest.raises(HundredError, match=r"layer memory \(LSTM\) is recurrent") as caught:
        load(tmp_path / "m.keras")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("suffix", ["h5", "keras"])
def test_a_lambda_of_arithmetic_is_native_where_it_may_run(
    suffix: str, tmp_path: Path, references: References
) -> None:
    with references.keras() as keras:
        layers = [
            keras.Input((8, 8, 3)),
            keras.layers.Lambda(lambda x: (x - 0.5) * 2 / 3),
            keras.layers.Flatten(),
        ]
        model = keras.Sequential([*layers, keras.layers.Dense(4)])
        wanted = model.predict(IMAGES, verbose=0)
        model.save(tmp_path / f"m.{suffix}")
    with pytest.raises(HundredError, match="allow_lambda=True"):
        load(tmp_path / f"m.{suffix}")
    found = load(tmp_path / f"m.{suffix}", allow_lambda=True)
    assert isinstance(found, Model)
    assert np.allclose(found.predict(IMAGES), wanted, atol=1e-5)


def test_low_rank_adapters_are_added_to_their_kernels(tmp_path: Path, references: References) -> None:
    with references.keras() as keras:
        image = keras.Input((8, 8, 3))
        conv, dense = keras.layers.Conv2D(4, 3), keras.layers.Dense(5)
        model = keras.Model(image, dense(keras.layers.GlobalAveragePooling2D()(conv(image))))
        conv.enable_lora(2)
        dense.enable_lora(3, lora_alpha=6)
        for number, weight in enumerate(model.weights):
            weight.assign(weight + 0.3 * keras.random.uniform(weight.shape, seed=number))
        wanted = model.predict(IMAGES, verbose=0)
        for suffix in ("h5", "keras"):
            model.save(tmp_path / f"m.{suffix}")
            assert np.allclose(load(tmp_path / f"m.{suffix}").predict(IMAGES), wanted, atol=1e-5)


def test_weights_alone_load_with_the_json_of_their_model_beside_them(
    tmp_path: Path, references: References
) -> None:
    with references.keras() as keras:
        model = keras.Sequential([_base(keras), keras.layers.Flatten(), keras.layers.Dense(5)])
        wanted = model.predict(IMAGES, verbose=0)
        model.save_weights(tmp_path / "m.weights.h5")
        with pytest.raises(HundredError, match=r"weights alone.*model\.json"):
            load(tmp_path / "m.weights.h5")
        (tmp_path / "model.json").write_text(model.to_json())
    assert np.allclose(load(tmp_path / "m.weights.h5").predict(IMAGES), wanted, atol=1e-5)


def test_keras_2_keeps_a_base_called_with_training_false_in_inference(tmp_path: Path) -> None:
    """Keras 2 honours it while training; Keras 3 writes it for every Dropout and does not."""
    norm = {"class_name": "BatchNormalization", "name": "norm", "config": {"name": "norm"}}
    layers = [
        {"class_name": "InputLayer", "name": "in", "inbound_nodes": [],
         "config": {"batch_input_shape": [None, 8, 8, 3], "name": "in"}},
        {**norm, "inbound_nodes": [[["in", 0, 0, {"training": False}]]]},
        {"class_name": "Flatten", "name": "flat", "config": {"name": "flat"},
         "inbound_nodes": [[["norm", 0, 0, {}]]]},
    ]  # fmt: skip
    ends = {"input_layers": [["in", 0, 0]], "output_layers": [["flat", 0, 0]]}
    for version, kept in (("2.15.0", True), ("3.10.0", False)):
        with h5py.File(tmp_path / f"{version}.h5", "w") as file:
            config = {"name": "m", "layers": layers, **ends}
            file.attrs["keras_version"] = version
            file.attrs["model_config"] = json.dumps({"class_name": "Functional", "config": config})
            group = file.create_group("model_weights")
            names = [f"norm/{key}:0" for key in ("gamma", "beta", "moving_mean", "moving_variance")]
            inner = group.create_group("norm")
            inner.attrs["weight_names"] = np.array([name.encode() for name in names])
            for name in names:
                inner.create_dataset(name, data=np.ones(3, np.float32))
        model = load(tmp_path / f"{version}.h5")
        assert isinstance(model, Model)
        found = [layer for layer in model.network.modules() if isinstance(layer, nn.BatchNorm2d)]
        assert isinstance(found[0], FrozenBatchNorm2d) == kept
        assert model.frozen == ()


def _beginnings(keras: Any) -> dict[str, Any]:
    """Beginnings of models that take pixels from 0 to 255, by what comes before they are rescaled."""
    layers = keras.layers
    random = keras.Sequential([layers.RandomFlip(), layers.RandomRotation(0.1)], name="random")
    preprocess = keras.applications.vgg16.preprocess_input
    return {
        "resized": lambda x: layers.Rescaling(1 / 127.5, -1)(layers.Resizing(16, 16)(x)),
        "padded": lambda x: layers.Rescaling(1 / 255)(layers.ZeroPadding2D(1)(layers.CenterCrop(6, 6)(x))),
        "augmented": lambda x: layers.Rescaling(1 / 255)(random(x)),
        "caffe": lambda x: preprocess(layers.Resizing(16, 16)(x)),
    }


@pytest.mark.parametrize("beginning", ["resized", "padded", "augmented", "caffe"])
def test_rescaling_is_seen_behind_what_only_moves_pixels(
    beginning: str, tmp_path: Path, references: References
) -> None:
    with references.keras() as keras:
        image = keras.Input((8, 8, 3))
        x = _beginnings(keras)[beginning](image)
        x = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(4, 3)(x))
        model = keras.Model(image, keras.layers.Dense(5)(x))
        wanted = model.predict(IMAGES * 255, verbose=0)
        model.save(tmp_path / "m.keras")
    found = load(tmp_path / "m.keras")
    assert isinstance(found, Model)
    assert (found.input_scale, found.scale_from) == ("0-255", "layers")
    assert np.abs(found.predict(IMAGES * 255) - wanted).max() < 1e-3


@pytest.mark.parametrize(("policy", "near"), [("mixed_float16", 2e-2), ("mixed_bfloat16", 1e-1)])
@pytest.mark.parametrize("suffix", ["h5", "keras"])
def test_a_file_of_mixed_precision_agrees_to_the_precision_of_its_policy(
    suffix: str, policy: str, near: float, tmp_path: Path, references: References
) -> None:
    with references.keras() as keras:
        keras.utils.set_random_seed(0)
        keras.mixed_precision.set_dtype_policy(policy)
        try:
            base = _base(keras)
            layers = [base, keras.layers.ReLU(), keras.layers.Flatten(), keras.layers.Dense(5)]
            model = keras.Sequential([*layers, keras.layers.Activation("linear", dtype="float32")])
        finally:
            keras.mixed_precision.set_dtype_policy("float32")
        wanted = model.predict(IMAGES, verbose=0)
        model.save(tmp_path / f"m.{suffix}")
    found = load(tmp_path / f"m.{suffix}")
    assert isinstance(found, Model)
    assert np.abs(found.predict(IMAGES) - wanted).max() < near
    assert {weight.dtype for weight in found.network.parameters()} == {torch.float32}
    assert any("half precision" in note for note in found.notes)


def test_functions_of_keras_are_told_from_layers_and_from_classes_of_the_author(
    tmp_path: Path, references: References
) -> None:
    with references.keras() as keras:
        image = keras.Input((8, 8, 3))
        x = keras.ops.transpose(keras.ops.reshape(image, (-1, 4, 2, 8, 3)), (0, 1, 3, 2, 4))
        x = keras.layers.Flatten()(keras.layers.Reshape((4, 8, 6))(x))
        model = keras.Model(image, keras.layers.Dense(5)(x))
        wanted = model.predict(IMAGES, verbose=0)
        clipped = keras.Model(image, keras.layers.Dense(5)(keras.ops.clip(x, -1, 1)))
        for suffix in ("h5", "keras"):
            model.save(tmp_path / f"m.{suffix}")
            clipped.save(tmp_path / f"c.{suffix}")
    for suffix in ("h5", "keras"):
        found = load(tmp_path / f"m.{suffix}")
        assert isinstance(found, Model)
        assert np.abs(found.predict(IMAGES) - wanted).max() < 1e-5
    with references.keras():
        assert "(Clip) has no native counterpart" in load(tmp_path / "c.keras").notes[0]
    with references.keras(), pytest.raises(HundredError, match=r"\(Clip\) has no native counterpart"):
        load(tmp_path / "c.h5")
