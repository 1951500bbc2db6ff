"""Testing saved models again: a Keras file in its scale, its outputs judged by the labels that they fit."""

from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from torch import nn

import hundred
from hundred.data.dataset import Dataset
from hundred.errors import HundredError
from hundred.interchange.read.model import Model
from hundred.interchange.write.save import save_h5
from tests.making.finished import Finished


@pytest.fixture
def foreign_file(tmp_path: Path) -> Path:
    """A file as someone else would have written it, at chance on these images."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 4, 5, stride=4), nn.ReLU(), nn.Flatten(), nn.Linear(196, 100))
    path = tmp_path / "their.h5"
    save_h5(path, network, mean=[0.0] * 3, std=[1.0] * 3, class_names=None)
    with h5py.File(path, "r+") as file:
        del file.attrs["hundred"]
    return path


def test_a_foreign_file_at_chance_gets_a_remark_with_the_other_scales(
    foreign_file: Path, small_data: Dataset
) -> None:
    result = hundred.test(foreign_file, data=small_data, scale="0-1")
    assert (result.origin, result.scale, result.scale_from) == ("keras", "0-1", "given")
    assert "at chance" in result.remark
    assert "0-255" in result.remark
    assert result.as_dict()["remark"] == result.remark


def test_a_file_that_rescales_pixels_itself_gets_them_as_they_are(
    foreign_file: Path, small_data: Dataset
) -> None:
    result = hundred.test(foreign_file, data=small_data)
    assert (result.scale, result.scale_from) == ("0-255", "layers")
    assert any("the file rescales pixels itself" in note for note in result.notes)


def test_the_scale_that_is_given_is_the_one_that_is_used(foreign_file: Path, small_data: Dataset) -> None:
    pixels = small_data.test.images.permute(0, 2, 3, 1).numpy().astype(np.float32)
    expected = -np.log(
        hundred.load(foreign_file, scale="0-255").predict(pixels)[
            np.arange(len(pixels)), small_data.test.fine.numpy()
        ]
    ).mean()
    assert hundred.test(foreign_file, data=small_data, scale="0-255").metrics.loss == pytest.approx(
        expected, rel=1e-5
    )


def test_a_model_of_grey_pictures_is_refused_in_one_line(
    tmp_path: Path, finished: Finished, sample_at_once: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = nn.Sequential(nn.Conv2d(1, 4, 5, stride=4), nn.ReLU(), nn.Flatten(), nn.Linear(196, 100))
    grey = Model(
        network,
        mean=[0.0] * 3,
        std=[1.0] * 3,
        normalized_inside=False,
        end="softmax",
        input_scale="0-1",
        input_shape=(32, 32, 1),
        parameters=1,
        origin="keras",
    )
    path = tmp_path / "grey.h5"
    path.write_bytes(b"x")
    monkeypatch.setattr("hundred.experiment.saved.open.load", lambda *_, **__: grey)
    for ask in (
        lambda: hundred.test(path, data=finished.data),
        lambda: hundred.compare(finished.a, path),
        lambda: hundred.predict(path, [path]),
    ):
        with pytest.raises(HundredError, match=r"grey.h5 takes images of 32x32x1") as caught:
            ask()
        assert len(str(caught.value).splitlines()) == 1
    with pytest.raises(HundredError, match="1 channels"):
        grey.predict_images(np.zeros((2, 1, 32, 32), np.uint8))


@pytest.mark.parametrize("content", [b"", b"not a model", b"\x89HDF\r\n\x1a\n" + b"\0" * 100])
def test_a_file_that_is_no_model_gets_one_line(content: bytes, tmp_path: Path, small_data: Dataset) -> None:
    (tmp_path / "broken.h5").write_bytes(content)
    with pytest.raises(HundredError) as caught:
        hundred.test(tmp_path / "broken.h5", data=small_data)
    assert len(str(caught.value).splitlines()) == 1


def test_a_model_of_other_classes_is_not_tested_on_these(tmp_path: Path, small_data: Dataset) -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(3072, 10))
    save_h5(tmp_path / "ten.h5", network, mean=[0.0] * 3, std=[1.0] * 3, class_names=None)
    with pytest.raises(
        HundredError, match="has 10 classes, and the data 100 and 20 superclasses: name data of 10 classes"
    ):
        hundred.test(tmp_path / "ten.h5", data=small_data)


def test_a_model_of_another_size_gets_the_images_in_its_size(tmp_path: Path, small_data: Dataset) -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.AvgPool2d(16), nn.Flatten(), nn.Linear(48, 100))
    ends = {"mean": [0.0] * 3, "std": [1.0] * 3, "class_names": None}
    save_h5(tmp_path / "large.h5", network, image_size=(64, 64), **ends)
    small = nn.Sequential(nn.AvgPool2d(8), *network[1:])
    save_h5(tmp_path / "small.h5", small, **ends)
    large, usual = (hundred.test(tmp_path / f"{name}.h5", data=small_data) for name in ("large", "small"))
    assert large.notes == (
        "the model takes images of 64x64: those of 32x32 were resized (bilinear)",
        *usual.notes,
    )
    # The mean of a block hardly changes when the block is enlarged.
    assert large.metrics.loss == pytest.approx(usual.metrics.loss, abs=0.01)
