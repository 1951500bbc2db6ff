"""The pixel scale of a file: the right one is taken, or none is claimed; one measured is remembered."""

from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from torch import Tensor, nn

import hundred
from hundred.data.dataset import Dataset
from hundred.errors import UsageError
from hundred.experiment.saved.open import parse_scales
from hundred.experiment.saved.scale_detection import measure_scales
from hundred.interchange.read.scale import SCALES, scale_of
from hundred.interchange.write.save import save_h5

CLASSES = 10


def _scaled(name: str, images: Tensor) -> Tensor:
    scale = scale_of(name)
    mean, std = (torch.tensor(each)[:, None, None] for each in (scale.mean, scale.std))
    x = (images.float() / 255 - mean) / std
    return x.flip(1) if scale.reverse else x


def _images(seed: int, count: int = 600) -> tuple[Tensor, Tensor]:
    """Patterns of 10 classes that differ in colour and place, with much noise, uint8 [n, 3, 8, 8]."""
    draw = torch.Generator().manual_seed(seed)
    patterns = torch.rand(CLASSES, 3, 8, 8, generator=torch.Generator().manual_seed(99))
    labels = torch.randint(0, CLASSES, (count,), generator=draw)
    noise = torch.rand(count, 3, 8, 8, generator=draw)
    return ((0.35 * patterns[labels] + 0.65 * noise) * 255).byte(), labels


def _trained(name: str, seed: int) -> nn.Sequential:
    """A small network trained for a moment on images in the scale `name`."""
    torch.manual_seed(seed)
    images, labels = _images(seed)
    pixels = name in ("0-255", "caffe")
    x = _scaled(name, images) / (128 if pixels else 1)
    layers = [nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2)]
    network = nn.Sequential(*layers[: 1 if seed % 2 else 4], nn.ReLU(), nn.Flatten(), nn.LazyLinear(CLASSES))
    network(x[:2])
    optimizer = torch.optim.Adam(network.parameters(), 3e-3)
    for _ in range(8):
        for part in torch.randperm(len(x)).split(100):
            optimizer.zero_grad()
            nn.functional.cross_entropy(network(x[part]), labels[part]).backward()
            optimizer.step()
    if pixels:  # learning at 1 / 128 of the scale, then as if it had been learnt at it
        with torch.no_grad():
            network[0].weight /= 128
    return network.eval()


@pytest.mark.parametrize("seeds", [[2], pytest.param(range(1, 18), marks=pytest.mark.slow)])
def test_on_a_hundred_small_networks_the_right_scale_is_taken_or_none(seeds: Sequence[int]) -> None:
    taken, wrong = 0, []
    for seed in seeds:
        images, labels = _images(seed)
        for name in SCALES:
            network = _trained(name, seed)

            def predict(scale: str, batch: Tensor, network: nn.Module = network) -> np.ndarray:
                with torch.no_grad():
                    return network(_scaled(scale, batch)).numpy()

            figures = measure_scales(predict, images, labels, CLASSES)
            if figures.clear:
                taken += 1
                wrong += [(name, figures.best, seed)] if figures.best != name else []
    assert wrong == []
    # torch and standard are too near to each other to be sure on few images, and some networks do not mind.
    assert taken >= 2 * len(seeds)


def test_a_network_at_chance_gives_no_answer() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(192, CLASSES))
    images, labels = _images(0)

    def predict(scale: str, batch: Tensor) -> np.ndarray:
        with torch.no_grad():
            return network(_scaled(scale, batch)).numpy()

    figures = measure_scales(predict, images, labels, CLASSES)
    assert not figures.clear
    assert "0-1 is assumed" in figures.sentence()


def test_custom_scales_and_other_names_are_understood() -> None:
    assert scale_of("tf") == SCALES["-1..1"]
    own = scale_of("121.9,121.9,121.9/68.4,68.4,68.4")
    assert own.mean == pytest.approx([121.9 / 255] * 3)
    assert own.std == pytest.approx([68.4 / 255] * 3)
    assert scale_of("0.5/0.25").std == (0.25, 0.25, 0.25)
    for wrong in ("0-100", "1,2/3", "0.5/0", "a/b", "0.5"):
        with pytest.raises(UsageError, match="allowed is 0-1, 0-255"):
            scale_of(wrong)
    assert parse_scales(("tf",)) == "-1..1"
    assert parse_scales(("a.h5=tf", "b=c.h5=0-255")) == {"a.h5": "-1..1", "b=c.h5": "0-255"}
    with pytest.raises(UsageError, match="given already"):
        parse_scales(("a.h5=tf", "a.h5=0-1"))


def _learned(images: Tensor, labels: Tensor, scale: str) -> nn.Sequential:
    """A network that knows `images` in `scale` nearly by heart."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 16, 4, 4), nn.ReLU(), nn.Flatten(), nn.Linear(1024, 100))
    x = _scaled(scale, images)
    optimizer = torch.optim.Adam(network.parameters(), 2e-3)
    for _ in range(40):
        optimizer.zero_grad()
        nn.functional.cross_entropy(network(x), labels).backward()
        optimizer.step()
    return network.eval()


def test_the_measured_scale_is_used_shown_and_remembered(
    tmp_path: Path, small_data: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = _learned(small_data.train.images, small_data.train.fine, "0-1")
    with torch.no_grad():
        network[0].weight /= 255  # as if it had been learnt on pixels from 0 to 255
    mean, std = [0.0] * 3, [1.0] * 3
    path = tmp_path / "theirs.h5"
    # Without the Rescaling that the writer puts first, and the record, it is a file as Keras users make them.
    monkeypatch.setattr("hundred.interchange.write.rewrite.put_normalization", lambda *_: None)
    save_h5(path, network, mean=mean, std=std, class_names=None)
    with h5py.File(path, "r+") as file:
        del file.attrs["hundred"]
    result = hundred.test(path, data=small_data)
    assert (result.scale, result.scale_from) == ("0-255", "measured")
    assert any("scale 0-255" in note and "next" in note for note in result.notes)
    again = hundred.test(path, data=small_data)
    assert (again.scale, again.scale_from) == ("0-255", "remembered")
    assert again.metrics.accuracy == result.metrics.accuracy
    given = hundred.test(path, data=small_data, scale="0-1")
    assert (given.scale, given.scale_from) == ("0-1", "given")
