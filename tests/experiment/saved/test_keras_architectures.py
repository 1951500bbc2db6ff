"""keras.io's Mixer and CCT, and keras.applications' ConvNeXt: `train --from` for an epoch, and back."""

from pathlib import Path

import numpy as np
import pytest

import hundred
from hundred.data.dataset import Dataset
from tests.interchange import keras_models
from tests.interchange.references import References

BUILDS = ("mlp_mixer", "compact_transformer", "convnext", "vision_transformer")


@pytest.mark.slow
@pytest.mark.parametrize("name", BUILDS)
def test_it_trains_an_epoch_from_its_file_and_goes_back_to_keras_and_onnx(
    name: str, tmp_path: Path, whole_sample: Dataset
) -> None:
    references = References()
    theirs = tmp_path / "theirs.keras"
    with references.keras() as keras:
        keras.utils.set_random_seed(1)
        keras_models.shake(keras, getattr(keras_models, name)(keras)).save(theirs)
    scale = None if name == "convnext" else "0-1"  # ConvNeXt rescales pixels itself
    run = hundred.train(
        start_from=theirs,
        scale=scale,
        runs=tmp_path,
        data=whole_sample,
        epochs=1,
        figures=False,
        quiet=True,
    )
    images = whole_sample.test.images[:64]
    pixels = np.asarray(images).transpose(0, 2, 3, 1)
    found = hundred.load(run.path / "model.h5").predict_images(images)
    before = hundred.load(theirs).predict_images(images)
    assert np.abs(found - before).max() > 1e-3  # it learned
    for suffix in ("keras", "h5"):
        path = hundred.export(run.path, to=suffix, out=tmp_path / f"ours.{suffix}").path
        assert np.abs(references.keras_file(path, pixels)[0] - found).max() < 1e-4
    path = hundred.export(run.path, to="onnx", out=tmp_path / "ours.onnx").path
    assert np.abs(references.onnx_file(path, pixels) - found).max() < 1e-4
