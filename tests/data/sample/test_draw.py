"""The drawn sample set: the same everywhere, of CIFAR-100's shape, and not to be had by colour alone."""

import numpy as np
import pytest
import torch

from hundred.data.dataset import Dataset
from hundred.data.sample.draw import SAMPLE_COARSE_NAMES, SAMPLE_FINE_NAMES, draw_sample
from hundred.data.sample.paint import SampleRng, direction, paint, wave
from hundred.data.sample.shapes import SILHOUETTES

# The same with NumPy 1.26 and 2.4, with and without wide vector instructions.
DIGEST = "b4c78af6cb251c2fdae59b2e940060697cdf95eed3c6ecb734655c6a56769f44"


@pytest.fixture(scope="module")
def sample() -> Dataset:
    return draw_sample()


def test_the_same_pixels_are_drawn_everywhere_and_every_time(sample: Dataset) -> None:
    assert sample.digest == DIGEST
    again = draw_sample()
    assert torch.equal(sample.train.images, again.train.images)
    assert torch.equal(sample.test.fine, again.test.fine)


def test_it_has_the_shape_of_cifar_100_and_its_own_name(sample: Dataset) -> None:
    assert sample.name == "sample"
    for split, per_class in ((sample.train, 100), (sample.test, 20)):
        assert split.images.shape == (100 * per_class, 3, 32, 32)
        assert split.images.dtype == torch.uint8
        assert split.images.is_contiguous()
        assert split.fine.dtype == split.coarse.dtype == torch.int64
        assert split.fine.bincount().tolist() == [per_class] * 100
        assert torch.equal(sample.fine_to_coarse[split.fine], split.coarse)


def test_names_say_pattern_and_shape(sample: Dataset) -> None:
    assert len(set(SAMPLE_FINE_NAMES)) == 100
    assert list(SAMPLE_FINE_NAMES) == sorted(SAMPLE_FINE_NAMES)
    assert sample.fine_to_coarse.bincount().tolist() == [5] * 20
    for fine, name in enumerate(sample.fine_names):
        assert name.endswith(" " + SAMPLE_COARSE_NAMES[int(sample.fine_to_coarse[fine])])


def test_classes_come_mixed_and_no_test_image_is_a_training_image(sample: Dataset) -> None:
    assert (sample.train.fine[:300].unique().numel()) > 80
    images = torch.cat([sample.train.images, sample.test.images]).flatten(1)
    assert len(images.unique(dim=0)) == 12_000


def linear_accuracy(train: np.ndarray, fine: np.ndarray, test: np.ndarray, test_fine: np.ndarray) -> float:
    """Test accuracy of ridge regression on one-hot labels."""
    centre, spread = train.mean(0), train.std(0) + 1e-6
    x, y = (train - centre) / spread, np.eye(100)[fine]
    weights = np.linalg.solve(x.T @ x + 1e3 * np.eye(x.shape[1]), x.T @ (y - 0.01))
    return float((((test - centre) / spread @ weights).argmax(1) == test_fine).mean())


@pytest.mark.parametrize("pixels", [1, 8])
def test_neither_mean_colour_nor_blurred_pixels_give_the_class_away(sample: Dataset, pixels: int) -> None:
    def features(images: torch.Tensor) -> np.ndarray:
        small = torch.nn.functional.adaptive_avg_pool2d(images.float(), pixels)
        return small.flatten(1).double().numpy()

    train, test = sample.train, sample.test
    accuracy = linear_accuracy(
        features(train.images), train.fine.numpy(), features(test.images), test.fine.numpy()
    )
    assert accuracy < 0.04  # chance is 0.01; a small convolutional network reaches more than 0.5


def test_each_pattern_and_silhouette_changes_the_picture() -> None:
    def drawn(shape: str, pattern: int) -> bytes:
        return paint(SILHOUETTES[shape], np.full(3, pattern), SampleRng(7)).tobytes()

    assert len({drawn(shape, pattern) for shape in SILHOUETTES for pattern in range(5)}) == 100


@pytest.mark.parametrize("shape", SILHOUETTES)
def test_a_silhouette_lies_within_its_frame_and_fills_some_of_it(shape: str) -> None:
    at = np.linspace(-1.5, 1.5, 151, dtype=np.float32)
    u, v = np.meshgrid(at, at)
    inside = SILHOUETTES[shape](u[None], v[None])[0] < 0
    assert 0.08 < inside[25:126, 25:126].mean() < 0.7
    inside[12:139, 12:139] = False  # to 1.25: a star's points are a little longer than other things
    assert not inside.any()


def test_the_wave_is_a_sine_to_within_six_hundredths_and_directions_have_length_one() -> None:
    turns = np.linspace(-2, 2, 1001)
    np.testing.assert_allclose(wave(turns), np.sin(2 * np.pi * turns), atol=0.06)
    x, y = direction(turns)
    np.testing.assert_allclose(x * x + y * y, 1)
    assert np.abs(np.angle((x + 1j * y) * np.exp(-2j * np.pi * turns))).max() < np.radians(5)
