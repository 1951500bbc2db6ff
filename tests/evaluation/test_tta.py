"""Test-time augmentation: known views, and a mean of probabilities."""

import pytest
import torch
from torch import Tensor

from hundred.evaluation.tta import mean_prediction, views


def test_the_views_are_the_image_its_mirror_and_both_moved_by_a_pixel() -> None:
    images = torch.arange(2 * 3 * 4 * 5, dtype=torch.uint8).view(2, 3, 4, 5)
    assert [weight for weight, _ in views(images, "flip")] == [0.5, 0.5]
    assert torch.equal(views(images, "flip")[1][1], images.flip(-1))
    found = views(images, "flip+shift")
    assert sum(weight for weight, _ in found) == 1.0
    assert torch.equal(found[2][1][..., 1:, 1:], images[..., :-1, :-1])
    assert torch.equal(found[3][1][..., :-1, :-1], images[..., 1:, 1:])


@pytest.mark.parametrize("kind", ["flip", "flip+shift"])
def test_the_prediction_is_the_weighted_mean_of_probabilities(kind: str) -> None:
    torch.manual_seed(0)
    weights = torch.randn(3 * 16, 4)

    def logits(images: Tensor) -> Tensor:
        return images.float().flatten(1) / 100 @ weights

    images = torch.randint(0, 256, (5, 3, 4, 4), dtype=torch.uint8)
    expected = sum(weight * logits(view).double().softmax(1) for weight, view in views(images, kind))
    found = mean_prediction(logits, images, kind)
    torch.testing.assert_close(found.double().exp(), expected, rtol=1e-5, atol=1e-12)
