"""Files that users brought, where they are: HUNDRED_CASES names the folder that holds `keras/`.

The kinds are tested with files that the tests make, in `read/`; these are originals, of Keras 2.15 and 3.
"""

import os
from pathlib import Path

import numpy as np
import pytest

import hundred
from hundred.data.dataset import Dataset, Split
from hundred.errors import HundredError
from hundred.interchange.read.load import load
from hundred.interchange.read.model import Model

FOLDER = Path(os.environ.get("HUNDRED_CASES", "")) / "keras"
pytestmark = pytest.mark.skipif(
    "HUNDRED_CASES" not in os.environ or not FOLDER.is_dir(), reason="HUNDRED_CASES names no such folder"
)
NATIVE = ["cbam", "cifar10_net", "custom_train_step", "l2_normalize", "layer_normalization_pool_attention",
          "mha_conv_stem"]  # fmt: skip
FILES = [path for name in NATIVE for path in sorted(FOLDER.glob(f"{name}.*")) if path.suffix != ".npz"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_it_is_native_and_gives_keras_own_answer(path: Path) -> None:
    with np.load(path.with_suffix(".npz")) as known:
        x, y = known["x"], known["y"]
    model = load(path)
    assert isinstance(model, Model)
    assert np.abs(model.predict(x) - y).max() < 1e-4


@pytest.mark.parametrize("path", sorted(FOLDER.glob("lambda_simple.[hk]*")), ids=lambda path: path.name)
def test_a_lambda_is_refused_in_one_line_and_runs_where_it_may(path: Path) -> None:
    with pytest.raises(HundredError, match="allow_lambda=True") as caught:
        load(path)
    assert "\n" not in str(caught.value)
    with np.load(FOLDER / "lambda_simple.npz") as known:
        assert np.abs(load(path, allow_lambda=True).predict(known["x"]) - known["y"]).max() < 1e-4


@pytest.mark.parametrize("path", sorted(FOLDER.glob("two_outputs*.[hk]*")), ids=lambda path: path.name)
def test_one_of_two_outputs_is_chosen(path: Path) -> None:
    with pytest.raises(HundredError, match="has 2 outputs: choose one of fine, coarse"):
        load(path)
    with np.load(FOLDER / "two_outputs_fine_coarse.npz") as known:
        model = load(path, output="fine")
        assert np.abs(model.predict(known["x"]) - known["y"]).max() < 1e-4
    assert load(path, output="coarse").classes == 20


def test_frozen_layers_are_frozen() -> None:
    model = load(FOLDER / "frozen.h5")
    assert isinstance(model, Model)
    assert model.frozen == ("base/basec", "base/basebn")


@pytest.mark.skipif("HUNDRED_DATA" not in os.environ, reason="needs the real CIFAR-100")
def test_the_scale_of_a_real_network_is_measured() -> None:
    whole = hundred.open_dataset(os.environ["HUNDRED_DATA"])
    few = Dataset(**{**vars(whole), "test": Split(*(part[:2000] for part in vars(whole.test).values()))})
    result = hundred.test(FOLDER / "real_m1p1.h5", data=few)
    assert (result.scale, result.scale_from) == ("-1..1", "measured")
    assert result.metrics.accuracy == pytest.approx(0.187, abs=0.03)
