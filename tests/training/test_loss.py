"""The loss against torch's own and against the formula, and the count of hits."""

import math
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_class_weight

from hundred.errors import UsageError
from hundred.training.class_weights import class_weights
from hundred.training.loss import (
    CrossEntropy,
    CustomLoss,
    Distillation,
    count_correct,
    cross_entropy,
    loss_of_outputs,
)


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


IMAGES = torch.zeros(1)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_class_weights_give_what_torch_gives_as_a_mean_over_images(smoothing: float) -> None:
    logits, labels = batch(classes=5)
    weights = torch.tensor([0.5, 2.0, 1.0, 0.1, 3.0])
    expected = F.cross_entropy(logits, labels, weights, label_smoothing=smoothing, reduction="sum") / 32
    torch.testing.assert_close(CrossEntropy(smoothing, weights)(logits, labels), expected)
    mixed = F.one_hot(labels, 5).float() * 0.7 + F.one_hot(labels.flip(0), 5) * 0.3
    expected = F.cross_entropy(logits, mixed, weights, label_smoothing=smoothing, reduction="sum") / 32
    torch.testing.assert_close(CrossEntropy(smoothing, weights)(logits, mixed), expected)


def test_focal_loss_is_its_formula() -> None:
    logits, labels = batch(classes=5)
    p = logits.softmax(1)[torch.arange(32), labels]
    expected = ((1 - p) ** 2 * -p.log()).mean()
    torch.testing.assert_close(CrossEntropy(focal_gamma=2.0)(logits, labels), expected)


def test_balanced_weights_are_those_of_scikit_learn() -> None:
    labels = torch.tensor([0] * 10 + [1] * 3 + [2] * 1)
    expected = compute_class_weight("balanced", classes=np.arange(3), y=labels.numpy())
    found = class_weights("balanced", labels, ["a", "b", "c"])
    assert found is not None
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_weights_by_effective_number_have_mean_1_over_images_and_the_ratios_of_the_formula() -> None:
    labels = torch.tensor([0] * 100 + [1] * 10)
    found = class_weights("effective-number", labels, ["a", "b"])
    assert found is not None
    assert float(found[labels].mean()) == pytest.approx(1.0)
    assert float(found[1] / found[0]) == pytest.approx((1 - 0.999**100) / (1 - 0.999**10), rel=1e-5)


def test_weights_by_name_and_a_name_that_is_no_class() -> None:
    assert class_weights({"b": 2.5}, torch.tensor([0, 1]), ["a", "b"]).tolist() == [1.0, 2.5]  # type: ignore[union-attr]
    with pytest.raises(UsageError, match="'bb', which is no class; did you mean 'b'"):
        class_weights({"bb": 2.5}, torch.tensor([0, 1]), ["aa", "b"])


def test_a_distillation_step_worked_by_hand() -> None:
    """Student logits (2, 0), teacher (0, 2), T = 2: softened (e, 1) and (1, e) over 1 + e."""
    student, teacher = torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 2.0]])
    p, q = math.e / (1 + math.e), 1 / (1 + math.e)
    divergence = q * math.log(q / p) + p * math.log(p / q)
    hard = math.log(1 + math.exp(-2))
    loss = Distillation(CrossEntropy(), lambda _images: teacher, temperature=2.0, weight=0.25)
    found = loss(student.requires_grad_(), torch.tensor([0]), IMAGES)
    assert found.item() == pytest.approx(0.75 * hard + 0.25 * 4 * divergence, rel=1e-6)
    found.backward()
    # d/dz T^2 KL = T (softened student - softened teacher); d/dz cross-entropy = softmax - target.
    gradient = 0.75 * (1 / (1 + math.exp(-2)) - 1) + 0.25 * 2 * (p - q)
    assert student.grad is not None
    assert student.grad.tolist()[0] == pytest.approx([gradient, -gradient], rel=1e-5)


def test_outputs_that_exist_in_training_only_add_three_tenths_of_their_loss() -> None:
    logits, labels = batch(classes=5)
    loss, first = loss_of_outputs(CrossEntropy(), (logits, 2 * logits), labels, IMAGES)
    expected = F.cross_entropy(logits, labels) + 0.3 * F.cross_entropy(2 * logits, labels)
    torch.testing.assert_close(loss, expected)
    assert first is logits


def test_a_users_own_loss_returns_a_mean() -> None:
    logits, labels = batch(classes=5)
    own = CustomLoss(F.cross_entropy, "torch.nn.functional:cross_entropy")
    torch.testing.assert_close(own(logits, labels, IMAGES), F.cross_entropy(logits, labels))
    with pytest.raises(UsageError, match=r"returned \[32\]"):
        CustomLoss(lambda a, b: F.cross_entropy(a, b, reduction="none"), "x:y")(logits, labels, IMAGES)
