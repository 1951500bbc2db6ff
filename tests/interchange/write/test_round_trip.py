"""What is written is read back: the same predictions, counts and names, with and without Keras' softmax."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from hundred.errors import HundredError, MissingExtra, UsageError
from hundred.interchange.read.load import load
from hundred.interchange.read.model import Model
from hundred.interchange.write.save import save_h5, save_onnx

MEAN, STD = (0.5071, 0.4865, 0.4409), (0.2673, 0.2564, 0.2762)


def _network() -> nn.Module:
    torch.manual_seed(3)
    return nn.Sequential(
        nn.Conv2d(3, 6, 3),
        nn.BatchNorm2d(6),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(6 * 15 * 15, 7),
    ).eval()


def _pixels(count: int = 4) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 32, 32, 3), dtype=np.uint8)


def _expected(network: nn.Module, pixels: np.ndarray) -> np.ndarray:
    x = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
    x = (x - torch.tensor(MEAN)[:, None, None]) / torch.tensor(STD)[:, None, None]
    with torch.no_grad():
        return network(x).numpy()


def test_our_file_gives_the_same_logits_and_knows_what_it_is(tmp_path: Path) -> None:
    network, pixels = _network(), _pixels()
    names = [f"class {i}" for i in range(7)]
    save_h5(tmp_path / "m.h5", network, mean=MEAN, std=STD, class_names=names, metadata={"recipe": "tiny"})
    model = load(tmp_path / "m.h5")
    assert isinstance(model, Model)
    expected = _expected(network, pixels)
    assert np.allclose(model.logits_of_images(pixels), expected, atol=1e-5)
    assert np.allclose(model.logits(pixels.astype(np.float32)), expected, atol=1e-5)
    assert np.allclose(model.predict_images(pixels.transpose(0, 3, 1, 2)), model.predict(pixels), atol=1e-6)
    assert np.allclose(model.predict(pixels).sum(1), 1, atol=1e-5)
    assert (model.origin, model.input_scale, model.softmax) == ("hundred", "0-255", True)
    assert model.class_names == tuple(names)
    assert model.metadata == {"recipe": "tiny"}
    assert model.parameters == 3 * 9 * 6 + 6 + 4 * 6 + 1350 * 7 + 7
    assert model.mean.tolist() == np.float32(MEAN).tolist()


def test_saved_as_logits_it_predicts_logits(tmp_path: Path) -> None:
    network, pixels = _network(), _pixels()
    save_h5(tmp_path / "m.h5", network, mean=MEAN, std=STD, class_names=None, softmax=False)
    model = load(tmp_path / "m.h5")
    assert np.allclose(model.predict(pixels), _expected(network, pixels), atol=1e-5)


def test_a_loaded_network_can_be_written_again_and_stays_the_same(tmp_path: Path) -> None:
    network, pixels = _network(), _pixels()
    save_h5(tmp_path / "a.h5", network, mean=MEAN, std=STD, class_names=None)
    first = load(tmp_path / "a.h5")
    assert isinstance(first, Model)
    save_h5(
        tmp_path / "b.h5", first.network, mean=first.mean.tolist(), std=first.std.tolist(), class_names=None
    )
    again = load(tmp_path / "b.h5")
    assert np.allclose(again.predict(pixels), first.predict(pixels), atol=1e-6)


def test_half_precision_weights_are_written_as_float32(tmp_path: Path) -> None:
    network = _network().to(torch.bfloat16)
    save_h5(tmp_path / "m.h5", network, mean=MEAN, std=STD, class_names=None)
    pixels = _pixels()
    expected = _expected(network.float(), pixels)
    assert np.allclose(load(tmp_path / "m.h5").logits_of_images(pixels), expected, atol=1e-5)


def test_the_network_keeps_its_mode_and_weights_while_it_is_written(tmp_path: Path) -> None:
    network = _network().train()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    save_h5(tmp_path / "m.h5", network, mean=MEAN, std=STD, class_names=None)
    assert network.training
    assert all(torch.equal(before[key], value) for key, value in network.state_dict().items())


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (nn.LSTM(3, 3), "LSTM"),
        (nn.MaxPool2d(2, dilation=2), "dilation"),
        (nn.Linear(32, 5), "flatten it before"),
        (nn.BatchNorm2d(3, track_running_stats=False), "moving averages"),
    ],
)
def test_a_layer_that_cannot_be_exported_is_named_in_one_line(
    tmp_path: Path, layer: nn.Module, words: str
) -> None:
    with pytest.raises(HundredError, match=words) as caught:
        save_h5(tmp_path / "m.h5", nn.Sequential(layer), mean=MEAN, std=STD, class_names=None)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_without_onnx_the_extra_to_install_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingExtra, match=r"pip install 'hundred\[onnx\]'"):
        save_onnx(tmp_path / "m.onnx", _network(), mean=MEAN, std=STD, class_names=None)


def test_a_network_with_branches_on_its_input_cannot_be_traced(tmp_path: Path) -> None:
    class Branching(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x if x.sum() > 0 else -x

    with pytest.raises(HundredError, match=r"torch\.fx cannot trace it"):
        save_h5(tmp_path / "m.h5", Branching(), mean=MEAN, std=STD, class_names=None)


def test_class_names_must_be_as_many_as_classes(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="3 class names"):
        save_h5(tmp_path / "m.h5", _network(), mean=MEAN, std=STD, class_names=["a", "b", "c"])
