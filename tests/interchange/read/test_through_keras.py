"""Models that are not native: run by Keras with a word why, or refused where code would run."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hundred.errors import HundredError, MissingExtra, UsageError
from hundred.interchange.read.load import load
from hundred.interchange.read.through_keras import KerasModel

from .. import legacy
from ..references import References
from .test_hostile_files import TINY

IMAGES = np.random.default_rng(5).random((2, 8, 8, 3)).astype(np.float32)


def _saved(references: References, path: Path, *layers: Callable[[Any], Any]) -> np.ndarray:
    """A model with `layers` (functions of the keras package) in the middle; what it predicts."""
    with references.keras() as keras:
        model = keras.Sequential([keras.Input((8, 8, 3)), *(layer(keras) for layer in layers)])
        model.add(keras.layers.Flatten())
        model.add(keras.layers.Dense(4, activation="softmax", name="out"))
        model.save(path)
        return model.predict(IMAGES, verbose=0)


@pytest.mark.parametrize("suffix", ["h5", "keras"])
def test_a_layer_without_a_counterpart_runs_through_keras_and_is_named(
    tmp_path: Path, references: References, suffix: str, pixels: np.ndarray
) -> None:
    path = tmp_path / f"m.{suffix}"
    wanted = _saved(references, path, lambda keras: keras.layers.ReLU(threshold=0.3, name="unit"))
    with references.keras():
        model = load(path, scale="0-255")
        assert isinstance(model, KerasModel)
        assert np.allclose(model.predict(IMAGES), wanted, atol=1e-6)
        logits = model.logits(IMAGES)
        assert np.allclose(np.exp(logits), wanted, atol=1e-6)
        small = pixels[:, :8, :8]
        assert np.allclose(model.predict_images(small), model.predict(small.astype(np.float32)), atol=1e-6)
    assert model.origin == "keras (through Keras)"
    assert model.parameters == 8 * 8 * 3 * 4 + 4
    assert repr(model).startswith("KerasModel(keras (through Keras): images 8x8x3 in 0-255 -> ")
    assert "layer unit (ReLU) has a threshold" in model.notes[0]


def test_without_keras_the_extra_to_install_is_named(
    tmp_path: Path, references: References, monkeypatch: pytest.MonkeyPatch
) -> None:
    _saved(references, tmp_path / "m.h5", lambda keras: keras.layers.ReLU(threshold=0.3))
    monkeypatch.setitem(sys.modules, "keras", None)
    with pytest.raises(MissingExtra, match=r"ReLU.*threshold.*pip install 'hundred\[keras\]'"):
        load(tmp_path / "m.h5")


@pytest.mark.parametrize("suffix", ["h5", "keras"])
def test_lambda_layers_are_refused_unless_allowed(
    tmp_path: Path, references: References, suffix: str
) -> None:
    path = tmp_path / f"m.{suffix}"
    wanted = _saved(references, path, lambda keras: keras.layers.Lambda(lambda x: x * 2))
    with pytest.raises(HundredError, match=r"Lambda layer, which is code.*allow_lambda=True"):
        load(path)
    with references.keras():
        model = load(path, allow_lambda=True)
        assert np.allclose(model.predict(IMAGES), wanted, atol=1e-6)


def test_a_custom_layer_is_asked_for_by_name_and_taken(tmp_path: Path, references: References) -> None:
    with references.keras() as keras:

        class Doubling(keras.layers.Layer):
            def call(self, x: Any) -> Any:
                return 2 * x

        for suffix in ("h5", "keras"):
            path = tmp_path / f"m.{suffix}"
            wanted = _saved(references, path, lambda _: Doubling(name="twice"))
            with pytest.raises(HundredError, match=r"layer twice \(Doubling\).*custom_objects=\{'Doubling'"):
                load(path)
            model = load(path, custom_objects={"Doubling": Doubling})
            assert isinstance(model, KerasModel)
            assert np.allclose(model.predict(IMAGES), wanted, atol=1e-6)


def test_a_custom_activation_is_asked_for_by_name(tmp_path: Path, references: References) -> None:
    def bent(x: Any) -> Any:
        return x * x

    wanted = _saved(
        references, tmp_path / "m.keras", lambda keras: keras.layers.Conv2D(2, 1, activation=bent)
    )
    with pytest.raises(HundredError, match="custom activation bent"):
        load(tmp_path / "m.keras")
    with references.keras():
        model = load(tmp_path / "m.keras", custom_objects={"bent": bent})
        assert np.allclose(model.predict(IMAGES), wanted, atol=1e-6)


def _with_layer(path: Path, layer: dict[str, Any]) -> Path:
    config = json.loads(json.dumps(TINY))
    weights = legacy.random_weights(config)
    config["config"]["layers"].insert(1, layer)
    legacy.write(path, config, weights)
    return path


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        ({"class_name": "TorchModuleWrapper", "config": {"name": "t", "module": "gASV"}}, "run code"),
        ({"class_name": "TFSMLayer", "config": {"name": "t", "filepath": "/tmp/x"}}, "run code"),
        ({"class_name": "StringLookup", "config": {"name": "t", "vocabulary": "/etc/passwd"}}, "read files"),
        (
            {"class_name": "Masking", "module": "os", "config": {"name": "t", "units": 3}},
            "module os",
        ),
        (
            {"class_name": "Masking", "config": {"name": "t", "units": 3, "activation": {
                "class_name": "function", "module": "subprocess", "config": "run"}}},
            "module subprocess",
        ),
        ({"class_name": "Masking", "config": {"name": "t", "units": 10**9}}, "absurd"),
    ],
)  # fmt: skip
def test_what_could_run_code_or_read_files_never_reaches_keras(
    tmp_path: Path, layer: dict[str, Any], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "keras", None)
    with pytest.raises(HundredError, match=words):
        load(_with_layer(tmp_path / "m.h5", layer))


def test_two_inputs_are_refused_and_one_of_two_outputs_is_taken(
    tmp_path: Path, references: References
) -> None:
    with references.keras() as keras:
        a, b = keras.Input((8, 8, 3)), keras.Input((8, 8, 3))
        out = keras.layers.Dense(4)(keras.layers.Flatten()(keras.layers.Add()([a, b])))
        keras.Model([a, b], out).save(tmp_path / "m.h5")
        with pytest.raises(HundredError, match="has 2 inputs, and one is taken here"):
            load(tmp_path / "m.h5")
        flat = keras.layers.Flatten()(a)
        outputs = [keras.layers.Dense(4, name="fine")(flat), keras.layers.Dense(2, name="coarse")(flat)]
        both = keras.Model(a, outputs)
        both.save(tmp_path / "m.keras")
        with pytest.raises(HundredError, match="has 2 outputs: choose one of fine, coarse with"):
            load(tmp_path / "m.keras")
        with pytest.raises(UsageError, match="--output other: the file's outputs are fine, coarse"):
            load(tmp_path / "m.keras", output="other")
        for name, wanted in zip(("fine", "coarse"), both.predict(IMAGES, verbose=0), strict=True):
            found = load(tmp_path / "m.keras", output=name)
            assert found.output_name == name
            assert np.allclose(found.predict(IMAGES), wanted, atol=1e-6)
