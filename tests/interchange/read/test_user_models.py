"""Models as people write them, saved by Keras: read natively, agreeing, and written again by us."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from compat import random_models, user_models

from hundred.interchange.read.load import load
from hundred.interchange.read.model import Model
from hundred.interchange.write.save import save_h5

from ..references import References


def _tolerance(name: str, wanted: np.ndarray) -> float:
    return (1e-2 if name == "half_precision_policy" else 1e-4) * max(1, float(np.abs(wanted).max()))


def _first_pixels(images: np.ndarray, model: Model) -> np.ndarray:
    """What a model takes, as channels-last colour pictures in the scale of the file."""
    return images.transpose(0, 2, 3, 1) if model.channels_first else images


@pytest.mark.parametrize("name", sorted(user_models.MODELS))
def test_a_model_as_people_write_it_is_read_natively(
    name: str, tmp_path: Path, references: References
) -> None:
    with references.keras() as keras:
        made: Any = user_models.MODELS[name](keras)
        random_models.shake(made, 0)
        images = np.random.default_rng(0).random((2, *made.input_shape[1:])).astype(np.float32)
        wanted = np.asarray(made.predict(images, verbose=0), np.float32)
        made.save(tmp_path / "m.keras")
        # Keras' own .h5 has no room for like names in nested models, nor for some random layers.
        try:
            made.save(tmp_path / "m.h5")
        except (TypeError, ValueError):
            (tmp_path / "m.h5").unlink()
    for path in sorted(tmp_path.iterdir()):
        model = load(path)
        assert isinstance(model, Model), model.notes
        assert model.parameters == made.count_params()
        assert np.abs(model.predict(images) - wanted).max() < _tolerance(name, wanted)
    if model.input_shape[2] == 3:
        ours = {"mean": [0] * 3, "std": [1 / 255] * 3, "class_names": None, "softmax": model.softmax}
        save_h5(tmp_path / "ours.h5", model.network, image_size=model.input_shape[:2], **ours)
        again = load(tmp_path / "ours.h5").predict(_first_pixels(images, model))
        assert np.abs(again - wanted).max() < _tolerance(name, wanted)
