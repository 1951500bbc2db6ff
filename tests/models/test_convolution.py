"""The convolution that multiplies matrices: results, gradients and options as PyTorch's own."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from hundred.models.convolution import FEW_PIXELS, FEW_PIXELS_AMX, Conv2d


def results(layer: nn.Conv2d, x: torch.Tensor) -> list[torch.Tensor]:
    """Output, and the gradients of a sum with unequal shares of it, for input, weight and bias."""
    x = x.clone().requires_grad_()
    y = layer(x)
    (y * torch.linspace(-1, 1, y.numel(), dtype=y.dtype).view(y.shape)).sum().backward()
    layer_gradients = [p.grad for p in layer.parameters() if p.grad is not None]
    assert x.grad is not None
    return [y.detach(), x.grad, *layer_gradients]


@st.composite
def layers(draw: st.DrawFn) -> tuple[nn.Conv2d, nn.Conv2d, torch.Tensor]:
    """The same layer as ours and as torch's, and images for it."""
    kernel = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    size = [side + draw(st.integers(0, 4)) for side in kernel]
    options: dict[str, Any] = draw(
        st.sampled_from(
            [
                {},
                {"padding": 1},
                {"padding": (0, 2), "bias": False},
                {"padding": (1, 1), "padding_mode": "replicate"},
                {"stride": 2},
            ]
        )
    )
    channels, out = draw(st.integers(1, 4)), draw(st.integers(1, 5))
    torch.manual_seed(0)
    ours = Conv2d(channels, out, kernel, **options).double()
    theirs = nn.Conv2d(channels, out, kernel, **options).double()
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(draw(st.integers(1, 3)), channels, *size, dtype=torch.float64)
    layout = draw(st.sampled_from([torch.contiguous_format, torch.channels_last]))
    return ours.to(memory_format=layout), theirs, x.contiguous(memory_format=layout)  # type: ignore[call-overload]


@settings(max_examples=100, deadline=None)
@given(layers())
def test_results_and_gradients_are_those_of_torch(given: tuple[nn.Conv2d, nn.Conv2d, torch.Tensor]) -> None:
    ours, theirs, x = given
    for mine, other in zip(results(ours, x), results(theirs, x), strict=True):
        torch.testing.assert_close(mine, other)


@contextmanager
def products() -> Iterator[list[Any]]:
    """Inside, the list gets an entry for each matrix product."""
    with mock.patch.object(F, "linear", wraps=F.linear) as linear:
        yield linear.mock_calls


@pytest.mark.parametrize(
    ("dtype", "amx", "padding", "most"),
    [
        (torch.float32, False, 0, FEW_PIXELS),
        (torch.float32, True, 1, FEW_PIXELS),
        (torch.bfloat16, False, 0, FEW_PIXELS),
        (torch.bfloat16, False, 1, 0),
        (torch.bfloat16, True, 0, FEW_PIXELS_AMX),
        (torch.bfloat16, True, 1, FEW_PIXELS_AMX),
    ],
)
def test_multiplies_matrices_where_that_is_quicker(
    dtype: torch.dtype, amx: bool, padding: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hundred.models.convolution.has_amx", lambda: amx)
    layer = Conv2d(2, 3, 3, padding=padding)
    for side in range(1, 6):
        size = side + 2 - 2 * padding
        with products() as calls, torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16):
            assert layer(torch.zeros(1, 2, size, size)).shape == (1, 3, side, side)
        assert bool(calls) == (side**2 <= most)


def test_convolves_when_it_is_only_evaluated() -> None:
    with products() as calls, torch.inference_mode():
        Conv2d(2, 3, 3)(torch.zeros(1, 2, 3, 3))
    assert calls == []


def test_keeps_channels_last() -> None:
    layer = Conv2d(4, 6, 3)
    x = torch.randn(2, 4, 5, 5).contiguous(memory_format=torch.channels_last)
    assert layer(x).is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("shape", [(1, 2, 2, 5), (1, 3, 3, 3), (1, 2, 3)])
def test_refuses_what_torch_refuses(shape: tuple[int, ...]) -> None:
    x = torch.zeros(shape)
    with pytest.raises(RuntimeError) as ours:
        Conv2d(2, 3, 3)(x)
    with pytest.raises(RuntimeError) as theirs:
        nn.Conv2d(2, 3, 3)(x)
    assert str(ours.value) == str(theirs.value)


def test_takes_one_image_without_a_batch() -> None:
    assert Conv2d(2, 3, 3)(torch.zeros(2, 3, 3)).shape == (3, 1, 1)
