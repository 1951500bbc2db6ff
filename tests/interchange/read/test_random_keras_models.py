"""Random Keras models, saved by Keras itself: read natively, the same predictions and counts."""

from pathlib import Path

import numpy as np
import pytest
from compat import random_models

from hundred.interchange.read.load import load
from hundred.interchange.read.model import Model
from hundred.interchange.write.save import save_h5

from ..references import References


@pytest.mark.parametrize("seed", range(40))
def test_a_random_model_of_keras_is_read_natively(seed: int, tmp_path: Path, references: References) -> None:
    with references.keras() as keras:
        made = random_models.build(keras, seed)
        images = np.random.default_rng(seed).random((2, 16, 16, 3)).astype(np.float32)
        wanted = made.predict(images, verbose=0)
        # An .h5 says that Keras ran on torch, which averages over repeated edges; a .keras does not.
        averages = any(type(layer).__name__ == "AveragePooling2D" for layer in made._flatten_layers())
        suffixes = ("h5",) if averages else ("keras", "h5")
        for suffix in suffixes:
            made.save(tmp_path / f"m.{suffix}")
    for suffix in suffixes:
        model = load(tmp_path / f"m.{suffix}")
        assert isinstance(model, Model), model.notes
        assert model.parameters == made.count_params()
        assert np.abs(model.predict(images) - wanted).max() < 1e-4 * max(1, np.abs(wanted).max())
    save_h5(tmp_path / "ours.h5", model.network, mean=[0] * 3, std=[1 / 255] * 3, class_names=None,
            softmax=model.softmax, image_size=(16, 16))  # fmt: skip
    ours = load(tmp_path / "ours.h5").predict(images)
    assert np.abs(ours - wanted).max() < 1e-4 * max(1, np.abs(wanted).max())
