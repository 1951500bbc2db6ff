"""The convolution that multiplies matrices: results, gradients and options as PyTorch's own."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from hundred.models.convolution import FEW_PIXELS, Conv2d


def results(layer: nn.Conv2d, x: torch.Tensor) -> list[torch.Tensor]:
    """Output, and the gradients of a sum with unequal shares of it, for input, weight and bias."""
    x = x.clone().requires_grad_()
    y = layer(x)
    (y * torch.linspace(-1, 1, y.numel(), dtype=y.dtype).view(y.shape)).sum().backward()
    layer_gradients = [p.grad for p in layer.parameters() if p.grad is not None]
    assert x.grad is not None
    return [y.detach(), x.grad, *layer_gradients]


@settings(max_examples=60, deadline=None)
@given(
    n=st.integers(1, 3),
    channels=st.integers(1, 4),
    out=st.integers(1, 5),
    kernel=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    extra=st.tuples(st.integers(0, 4), st.integers(0, 4)),
    bias=st.booleans(),
    layout=st.sampled_from([torch.contiguous_format, torch.channels_last]),
    options=st.sampled_from([{}, {"padding": 1}, {"stride": 2}, {"dilation": (1, 1)}]),
)
def test_results_and_gradients_are_those_of_torch(
    n: int,
    channels: int,
    out: int,
    kernel: tuple[int, int],
    extra: tuple[int, int],
    bias: bool,
    layout: torch.memory_format,
    options: dict[str, object],
) -> None:
    torch.manual_seed(0)
    ours = Conv2d(channels, out, kernel, bias=bias, **options).double()  # type: ignore[arg-type]
    theirs = nn.Conv2d(channels, out, kernel, bias=bias, **options).double()  # type: ignore[arg-type]
    theirs.load_state_dict(ours.state_dict())
    size = (kernel[0] + extra[0], kernel[1] + extra[1])
    x = torch.randn(n, channels, *size, dtype=torch.float64).contiguous(memory_format=layout)
    ours.to(memory_format=layout)  # type: ignore[call-overload]
    for mine, other in zip(results(ours, x), results(theirs, x), strict=True):
        torch.testing.assert_close(mine, other)


def test_multiplies_matrices_for_few_pixels_only(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    linear = F.linear
    monkeypatch.setattr(F, "linear", lambda *given: calls.append(1) or linear(*given))
    layer = Conv2d(2, 3, 3)
    side = round(FEW_PIXELS**0.5)
    assert layer(torch.zeros(1, 2, side + 2, side + 2)).shape == (1, 3, side, side)
    assert calls == [1]
    layer(torch.zeros(1, 2, side + 3, side + 3))
    with torch.inference_mode():
        layer(torch.zeros(1, 2, 3, 3))
    assert calls == [1]


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
