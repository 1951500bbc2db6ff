"""Scaling of pixels and the statistics behind it."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hundred.data.normalize import Normalize, standardized, zero_to_one


def pixels(images: int, seed: int = 0) -> torch.Tensor:
    draws = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (images, 3, 32, 32), generator=draws, dtype=torch.uint8)


@given(seed=st.integers(0, 1000), images=st.integers(1, 20))
@settings(deadline=None)
def test_statistics_are_those_of_numpy(seed: int, images: int) -> None:
    values = pixels(images, seed)
    scaling = standardized(values)
    as_numpy = values.numpy().astype(np.float64) / 255
    assert np.allclose(scaling.mean.numpy(), as_numpy.mean((0, 2, 3)), atol=1e-6)
    assert np.allclose(scaling.std.numpy(), as_numpy.std((0, 2, 3)), atol=1e-6)


def test_scaled_images_have_mean_zero_and_deviation_one() -> None:
    values = pixels(50)
    scaled = standardized(values)(values)
    assert scaled.mean((0, 2, 3)) == pytest.approx([0, 0, 0], abs=1e-5)
    assert scaled.std((0, 2, 3)) == pytest.approx([1, 1, 1], abs=1e-4)


def test_many_images_are_stood_for_by_evenly_spaced_ones() -> None:
    values = torch.zeros(100, 3, 2, 2, dtype=torch.uint8)
    values[::10] = 255
    assert float(standardized(values, at_most=10).mean[0]) == 1.0
    assert float(standardized(values).mean[0]) == pytest.approx(0.1)


def test_a_channel_of_one_value_does_not_divide_by_nothing() -> None:
    values = torch.full((4, 3, 8, 8), 7, dtype=torch.uint8)
    assert standardized(values)(values).isfinite().all()


def test_zero_to_one_is_a_division_by_255() -> None:
    values = pixels(3)
    assert torch.allclose(zero_to_one()(values), values.float() / 255)


def test_output_has_the_asked_type_and_channels_last() -> None:
    scaled = zero_to_one()(pixels(3), torch.bfloat16)
    assert scaled.dtype == torch.bfloat16
    assert scaled.is_contiguous(memory_format=torch.channels_last)


def test_moved_scaling_scales_the_same() -> None:
    scaling = Normalize(torch.tensor([0.1, 0.2, 0.3]), torch.tensor([0.4, 0.5, 0.6]))
    assert torch.equal(scaling.to(torch.device("cpu"))(pixels(2)), scaling(pixels(2)))
