"""The thirteen real Keras 2 models: native, with Keras' own parameter counts and predictions."""

import json
from pathlib import Path

import numpy as np
import pytest

from hundred.interchange.read.load import load
from hundred.interchange.read.model import Model
from hundred.interchange.write.save import save_h5

from .. import legacy
from ..references import References

THIRTEEN = legacy.thirteen()


@pytest.mark.parametrize("name", THIRTEEN)
def test_a_real_keras_2_model_turns_native_and_agrees_with_keras(
    name: str, tmp_path: Path, references: References
) -> None:
    path = tmp_path / "m.h5"
    legacy.write(path, THIRTEEN[name], legacy.random_weights(THIRTEEN[name]))
    images = np.random.default_rng(1).random((2, 32, 32, 3)).astype(np.float32)
    wanted, parameters = references.keras_file(path, images)
    model = load(path)
    assert isinstance(model, Model)
    assert (model.origin, model.input_scale, model.softmax) == ("keras", "0-1", True)
    assert model.parameters == parameters
    assert np.ptp(wanted) > 0.01  # Keras tells the classes apart, so agreement says something
    assert np.abs(model.predict(images) - wanted).max() < 1e-4


def test_there_are_thirteen() -> None:
    assert len(THIRTEEN) == 13


def test_the_school_network_of_the_study_is_among_them(tmp_path: Path) -> None:
    config = THIRTEEN["cnn_20240315_175649"]
    legacy.write(tmp_path / "m.h5", config, legacy.random_weights(config))
    assert load(tmp_path / "m.h5").parameters == 4_899_044


def test_a_keras_2_model_survives_being_written_by_us(tmp_path: Path, pixels: np.ndarray) -> None:
    config = THIRTEEN["cnn_20240311_221423"]
    legacy.write(tmp_path / "m.h5", config, legacy.random_weights(config))
    model = load(tmp_path / "m.h5")
    assert isinstance(model, Model)
    wanted = model.predict_images(pixels)
    save_h5(tmp_path / "ours.h5", model.network, mean=model.mean, std=model.std, class_names=None)
    assert np.abs(load(tmp_path / "ours.h5").predict_images(pixels) - wanted).max() < 1e-5


@pytest.mark.parametrize("scale", ["0-1", "0-255", "standard"])
def test_the_scale_decides_what_the_pixels_become(tmp_path: Path, pixels: np.ndarray, scale: str) -> None:
    config = THIRTEEN["cnn_20240311_221423"]
    legacy.write(tmp_path / "m.h5", config, legacy.random_weights(config))
    model = load(tmp_path / "m.h5", scale=scale)
    mean, std = np.float32([0.5071, 0.4865, 0.4409]), np.float32([0.2673, 0.2564, 0.2762])
    by_hand = {"0-1": pixels / 255, "0-255": pixels, "standard": (pixels / 255 - mean) / std}[scale]
    assert np.allclose(model.predict_images(pixels), model.predict(by_hand), atol=1e-5)


def test_bytes_attributes_and_a_bare_list_of_layers_are_read_too(tmp_path: Path, pixels: np.ndarray) -> None:
    config = THIRTEEN["cnn_20240311_221423"]
    weights = legacy.random_weights(config)
    legacy.write(tmp_path / "a.h5", config, weights)
    bare = {"class_name": "Sequential", "config": config["config"]["layers"]}
    legacy.write(tmp_path / "b.h5", config, weights, model_config=np.bytes_(json.dumps(bare).encode()))
    assert np.array_equal(
        load(tmp_path / "a.h5").predict_images(pixels), load(tmp_path / "b.h5").predict_images(pixels)
    )
