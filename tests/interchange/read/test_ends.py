"""How files end: probabilities, logits, sigmoids, averages, read from the graph, confirmed on images."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.special import log_softmax

from hundred.experiment.export import export
from hundred.interchange.read.load import load
from hundred.interchange.read.model import Model

from ..references import References

IMAGES = np.random.default_rng(0).random((5, 8, 8, 3)).astype(np.float32)
Body = Callable[[Any, Any], Any]


def _softmax_then(layer: Callable[[Any], Any]) -> Body:
    return lambda keras, x: layer(keras)(keras.layers.Dense(6, activation="softmax")(x))


def _average(keras: Any, x: Any) -> Any:
    return keras.layers.Average()([keras.layers.Dense(6, activation="softmax")(x) for _ in range(3)])


def _pooled(keras: Any, x: Any) -> Any:
    maps = keras.layers.Reshape((4, 4, 12))(x)
    return keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(6, 1, activation="softmax")(maps))


def _log_softmax(keras: Any, x: Any) -> Any:
    return keras.layers.Dense(6, activation="log_softmax")(x)


ENDS: dict[str, tuple[Body, str]] = {
    "softmax": (lambda keras, x: keras.layers.Dense(6, activation="softmax")(x), "softmax"),
    "softmax, then dropout": (_softmax_then(lambda keras: keras.layers.Dropout(0.2)), "softmax"),
    "softmax, then reshape": (_softmax_then(lambda keras: keras.layers.Reshape((6,))), "softmax"),
    "logits": (lambda keras, x: keras.layers.Dense(6)(x), "logits"),
    "log softmax": (_log_softmax, "logits"),
    "ReLU at the end": (lambda keras, x: keras.layers.Dense(6, activation="relu")(x), "logits"),
    "average of softmaxes": (_average, "probabilities"),
    "softmax at each place, then pooled": (_pooled, "probabilities"),
    "sigmoid": (lambda keras, x: keras.layers.Dense(6, activation="sigmoid")(x), "sigmoid"),
}


def _built(references: References, body: Body, path: Path) -> np.ndarray:
    with references.keras() as keras:
        keras.utils.set_random_seed(0)
        image = keras.Input((8, 8, 3))
        model = keras.Model(image, body(keras, keras.layers.Flatten()(image)))
        model.save(path)
        found: np.ndarray = model.predict(IMAGES, verbose=0)
    return found


@pytest.mark.parametrize("name", ENDS)
def test_the_end_is_known_and_logits_give_back_the_probabilities(
    name: str, tmp_path: Path, references: References
) -> None:
    body, end = ENDS[name]
    given = _built(references, body, tmp_path / "m.keras")
    model = load(tmp_path / "m.keras")
    assert isinstance(model, Model)
    assert model.end == end
    assert np.allclose(model.predict(IMAGES), given, atol=1e-5)
    logits = model.logits(IMAGES)
    wanted = given if end == "logits" else np.log(given)
    assert np.allclose(log_softmax(logits, axis=1), log_softmax(wanted, axis=1), atol=1e-4)
    with torch.no_grad():  # what trains further gives the same
        x = torch.from_numpy(IMAGES).permute(0, 3, 1, 2)
        trained = model.network(x).numpy()
    assert np.allclose(log_softmax(trained, axis=1), log_softmax(wanted, axis=1), atol=1e-4)


@pytest.mark.parametrize("name", ["average of softmaxes", "sigmoid", "softmax, then dropout"])
def test_an_exported_file_gives_what_the_original_gave(
    name: str, tmp_path: Path, references: References
) -> None:
    given = _built(references, ENDS[name][0], tmp_path / "m.keras")
    done = export(tmp_path / "m.keras", "h5", scale="0-1")
    again = load(done.path)
    assert not any("softmax was added" in note for note in done.notes)
    assert np.allclose(again.predict(IMAGES * 255), given, atol=1e-5)


def test_one_sigmoid_is_two_classes(tmp_path: Path, references: References) -> None:
    def body(keras: Any, x: Any) -> Any:
        return keras.layers.Dense(1, activation="sigmoid")(x)

    given = _built(references, body, tmp_path / "m.h5")
    logits = load(tmp_path / "m.h5").logits(IMAGES)
    assert logits.shape == (5, 2)
    assert np.allclose(np.exp(logits), np.concatenate([1 - given, given], 1), atol=1e-5)


def test_layers_that_only_look_like_probabilities_are_read_as_logits(
    tmp_path: Path, references: References
) -> None:
    """Softmaxes that are multiplied do not add up to 1: the images contradict the graph, and win."""

    def body(keras: Any, x: Any) -> Any:
        return keras.layers.Multiply()([keras.layers.Dense(6, activation="softmax")(x) for _ in range(2)])

    _built(references, body, tmp_path / "m.h5")
    model = load(tmp_path / "m.h5")
    assert model.end == "logits"
    assert any("promise probabilities" in note for note in model.notes)
