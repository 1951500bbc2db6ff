"""The loss against torch's own and against the formula, and the count of hits."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from hundred.errors import UsageError
from hundred.training.loss import count_correct, cross_entropy


def batch(seed: int = 0, n: int = 32, classes: int = 100) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, classes, generator=generator), torch.randint(classes, (n,), generator=generator)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.3])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_hard_labels_give_what_torch_gives(smoothing: float, reduction: str) -> None:
    logits, labels = batch()
    loss, _ = cross_entropy(logits, labels, smoothing, reduction)
    assert torch.equal(loss, F.cross_entropy(logits, labels, label_smoothing=smoothing, reduction=reduction))


@given(seed=st.integers(0, 1000), share=st.floats(0, 1), smoothing=st.floats(0, 1))
def test_mixed_labels_are_the_mix_of_the_losses(seed: int, share: float, smoothing: float) -> None:
    """Cross-entropy is linear in its target, so mixup's loss is the weighted mean of the two."""
    logits, first = batch(seed)
    _, second = batch(seed + 1)
    mixed = share * F.one_hot(first, 100).float() + (1 - share) * F.one_hot(second, 100).float()
    loss, _ = cross_entropy(logits, mixed, smoothing)
    parts = [cross_entropy(logits, labels, smoothing)[0] for labels in (first, second)]
    assert loss.item() == pytest.approx(share * parts[0].item() + (1 - share) * parts[1].item(), rel=1e-4)


def test_smoothing_is_the_published_formula() -> None:
    logits, labels = batch(classes=5)
    target = 0.8 * F.one_hot(labels, 5) + 0.2 / 5
    expected = -(target * logits.log_softmax(1)).sum(1).mean()
    assert torch.allclose(cross_entropy(logits, labels, 0.2)[0], expected, atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_arithmetic_is_float32_for_half_precision_logits(dtype: torch.dtype) -> None:
    logits, labels = batch()
    low = logits.to(dtype).requires_grad_()
    loss, _ = cross_entropy(low, labels, 0.1)
    assert loss.dtype == torch.float32
    assert torch.equal(loss.detach(), F.cross_entropy(low.detach().float(), labels, label_smoothing=0.1))
    loss.backward()
    assert low.grad is not None
    assert low.grad.dtype == dtype


def test_hits_are_counted_for_hard_and_for_mixed_labels() -> None:
    logits = torch.tensor([[3.0, 1, 0], [0, 1, 3], [0, 3, 1]])
    assert count_correct(logits, torch.tensor([0, 1, 1])).item() == 2
    mixed = torch.tensor([[0.6, 0.4, 0], [0.5, 0.4, 0.1], [0.1, 0.2, 0.7]])
    assert count_correct(logits, mixed).item() == 1
    _, correct = cross_entropy(logits.requires_grad_(), torch.tensor([0, 1, 1]))
    assert (correct.item(), correct.requires_grad) == (2, False)


def test_a_smoothing_outside_0_to_1_is_refused() -> None:
    logits, labels = batch()
    with pytest.raises(UsageError, match=r"1\.5"):
        cross_entropy(logits, labels, 1.5)


def test_the_gradient_sums_to_zero_over_classes() -> None:
    logits: Any = batch()[0].requires_grad_()
    cross_entropy(logits, batch()[1], 0.2)[0].backward()
    assert torch.allclose(logits.grad.sum(1), torch.zeros(32), atol=1e-7)
