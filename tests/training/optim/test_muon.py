"""Muon: what orthogonalization does, against the singular value decomposition and torch's own; the steps."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from hundred.training.optim.muon import COEFFICIENTS, Muon, orthogonalize

SHAPES = [(1, 16, 16), (3, 24, 100), (2, 100, 24), (2, 64, 27)]


def matrices(shape: tuple[int, ...], seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def quintic(values: Tensor, steps: int) -> Tensor:
    """What Newton-Schulz does to each singular value, in float64."""
    a, b, c = COEFFICIENTS
    for _ in range(steps):
        values = a * values + b * values**3 + c * values**5
    return values


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("steps", [3, 5])
def test_float32_gives_the_singular_vectors_with_the_quintic_of_the_values(
    shape: tuple[int, ...], steps: int
) -> None:
    given_ = matrices(shape)
    u, s, vh = torch.linalg.svd(given_.double(), full_matrices=False)
    s = quintic(s / s.square().sum(1, keepdim=True).sqrt(), steps)
    expected = (u * s[:, None]) @ vh
    assert torch.allclose(orthogonalize(given_, steps, torch.float32).double(), expected, atol=1e-4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("shape", SHAPES[1:])
def test_singular_values_end_near_1(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    values = torch.linalg.svdvals(orthogonalize(matrices(shape), 5, dtype).float())
    assert values.min() > 0.65
    assert values.max() < 1.25


@pytest.mark.parametrize("shape", SHAPES[1:])
def test_it_is_near_the_polar_factor(shape: tuple[int, ...]) -> None:
    u, _, vh = torch.linalg.svd(matrices(shape), full_matrices=False)
    result = orthogonalize(matrices(shape), 5, torch.float32)
    cosine = nn.functional.cosine_similarity(result.flatten(1), (u @ vh).flatten(1))
    assert cosine.min() > 0.98


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), scale=st.sampled_from([1e-6, 1e-2, 1.0, 1e4]))
def test_it_commutes_with_rotations_permutations_transposition_and_scale(seed: int, scale: float) -> None:
    m = matrices((1, 12, 30), seed)
    left = torch.linalg.qr(matrices((12, 12), seed + 1))[0]
    order = torch.randperm(30, generator=torch.Generator().manual_seed(seed))
    expected = (left @ orthogonalize(m, 5, torch.float32))[:, :, order]
    moved = orthogonalize((scale * left @ m)[:, :, order], 5, torch.float32)
    assert torch.allclose(moved, expected, atol=2e-3)
    turned = orthogonalize(m.mT.contiguous(), 5, torch.float32)
    assert torch.allclose(turned, orthogonalize(m, 5, torch.float32).mT, atol=1e-5)


def test_a_zero_matrix_stays_zero_and_does_not_disturb_its_batch() -> None:
    batch = matrices((3, 8, 20))
    batch[1] = 0
    result = orthogonalize(batch, 5, torch.float32)
    assert result[1].abs().max() == 0
    assert torch.allclose(result[2], orthogonalize(batch[2:], 5, torch.float32)[0], atol=1e-5)


def one_step(parameter: Tensor, gradient: Tensor, **options: Any) -> Tensor:
    p = nn.Parameter(parameter.clone(memory_format=torch.preserve_format))
    p.grad = gradient.clone(memory_format=torch.preserve_format)
    Muon([p], lr=0.1, dtype=torch.float32, **options).step()
    return p.detach()


def test_the_direction_is_that_of_torchs_own_muon_on_matrices() -> None:
    theirs_class = getattr(torch.optim, "Muon", None)
    if theirs_class is None:
        pytest.skip("this torch has no Muon of its own")
    start, gradient = matrices((24, 60)), matrices((24, 60), 1)
    p = nn.Parameter(start.clone())
    p.grad = gradient.clone()
    theirs_class([p], lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.0, ns_steps=5).step()
    theirs = (p.detach() - start).flatten()
    ours = (one_step(start, gradient, momentum=0.9, renormalize=False) - start).flatten()
    assert nn.functional.cosine_similarity(ours, theirs, dim=0) > 0.999  # theirs is in bfloat16


def test_nesterov_momentum_is_the_written_formula() -> None:
    p = nn.Parameter(matrices((8, 4, 3, 3)))
    optimizer = Muon([p], lr=0.1, momentum=0.6, renormalize=False, dtype=torch.float32)
    buffer, expected = torch.zeros_like(p), p.detach().clone()
    for number in range(3):
        gradient = matrices((8, 4, 3, 3), number)
        p.grad = gradient
        optimizer.step()
        buffer = 0.6 * buffer + gradient
        direction = (gradient + 0.6 * buffer).reshape(1, 8, 36)
        expected = expected - 0.1 * orthogonalize(direction, 5, torch.float32).reshape(8, 4, 3, 3)
    assert torch.allclose(p, expected, atol=1e-6)


def test_filters_are_scaled_to_the_root_of_their_number_before_the_step() -> None:
    start, gradient = 7 * matrices((8, 4, 3, 3)), matrices((8, 4, 3, 3), 1)
    update = one_step(start, gradient, renormalize=False) - start
    expected = start * (8**0.5 / start.norm()) + update
    assert torch.allclose(one_step(start, gradient), expected, atol=1e-5)


def test_weight_decay_of_filters_is_apart_from_the_gradient() -> None:
    start, gradient = matrices((8, 4, 3, 3)), matrices((8, 4, 3, 3), 1)
    without = one_step(start, gradient, renormalize=False)
    decayed = one_step(start, gradient, renormalize=False, weight_decay=0.5)
    assert torch.allclose(without - decayed, 0.1 * 0.5 * start, atol=1e-6)


def test_memory_format_and_neighbours_in_a_batch_do_not_change_a_step() -> None:
    start, gradient = matrices((8, 4, 3, 3)), matrices((8, 4, 3, 3), 1)
    plain = one_step(start, gradient)
    last = one_step(
        start.to(memory_format=torch.channels_last), gradient.to(memory_format=torch.channels_last)
    )
    assert torch.allclose(plain, last, atol=1e-5)
    parameters = [nn.Parameter(start.clone()), nn.Parameter(matrices((8, 36), 2)), nn.Parameter(start + 1)]
    for p in parameters:
        p.grad = gradient.reshape(p.shape).clone()
    Muon(parameters, lr=0.1, dtype=torch.float32).step()
    assert torch.allclose(parameters[0], plain, atol=1e-5)


@pytest.mark.parametrize("options", [{}, {"nesterov": False}, {"momentum": 0.0}, {"weight_decay": 0.1}])
def test_groups_without_muon_are_torchs_sgd(options: dict[str, Any]) -> None:
    ours, theirs = nn.Linear(6, 3), nn.Linear(6, 3)
    theirs.load_state_dict(ours.state_dict())
    first = Muon(ours.parameters(), lr=0.1, muon=False, **({"momentum": 0.9} | options))
    settings_ = {"momentum": 0.9, "nesterov": True} | options
    settings_["nesterov"] = settings_["nesterov"] and settings_["momentum"] > 0
    second = torch.optim.SGD(theirs.parameters(), lr=0.1, **settings_)
    for number in range(4):
        for model, optimizer in ((ours, first), (theirs, second)):
            optimizer.zero_grad()
            model(matrices((5, 6), number)).square().sum().backward()
            optimizer.step()
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.allclose(a, b, rtol=1e-5, atol=1e-6)


def test_a_rate_on_the_device_gives_the_step_of_a_plain_number() -> None:
    start, gradient = matrices((8, 4, 3, 3)), matrices((8, 4, 3, 3), 1)
    for muon in (True, False):
        results = []
        for rate in (0.1, torch.tensor(0.1)):
            p = nn.Parameter(start.clone())
            p.grad = gradient.clone()
            Muon([p], lr=rate, muon=muon, weight_decay=0.1).step()
            results.append(p.detach())
        assert torch.allclose(results[0], results[1], atol=1e-6)


def test_parameters_without_gradients_are_left_out_and_vectors_are_refused() -> None:
    p = nn.Parameter(matrices((4, 4)))
    before = p.detach().clone()
    Muon([p]).step()
    assert torch.equal(p, before)
    with pytest.raises(ValueError, match=r"shape \(4,\)"):
        Muon([nn.Parameter(torch.zeros(4))])


def test_a_closure_is_called_with_gradients_on() -> None:
    p = nn.Parameter(matrices((4, 4)))

    def closure() -> Tensor:
        loss = p.square().sum()
        loss.backward()
        return loss

    assert Muon([p]).step(closure).item() == pytest.approx(matrices((4, 4)).square().sum().item())
