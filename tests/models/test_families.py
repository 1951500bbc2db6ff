"""Options of the residual and VGG networks: what they change, and what is refused."""

from typing import Any

import pytest
import torch
from torch import nn

from hundred.errors import UsageError
from hundred.models.registry import build, options


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("wide-resnet-28-10", {"depth": 27}, "depth must be 10, 16, 22, 28, 34, 40 and so on by 6, not 27"),
        ("wide-resnet-28-10", {"depth": 4}, "not 4"),
        ("wide-resnet-28-10", {"depth": "28"}, "depth must be a whole number, not '28'"),
        ("wide-resnet-28-10", {"width": 0}, "width must be 1 or more, not 0"),
        ("wide-resnet-28-10", {"width": 1.5}, "width must be a whole number, not 1.5"),
        ("wide-resnet-28-10", {"dropout": 1}, "dropout is a fraction"),
        ("resnet18", {"width": -1}, "width must be 1 or more, not -1"),
        ("vgg16-bn", {"dropout": -1}, "dropout is a fraction"),
        ("resnet50", {"upsample": 0}, "upsample must be one of 1, 2, 3, 4, 5, 6, 7, not 0"),
        ("resnet50", {"upsample": 8}, "not 8"),
        ("resnet50", {"dropout": 2}, "dropout is a fraction"),
        ("resnet50", {"freeze": "all"}, "freeze must be one of 'none', 'all-but-batch-norm', not 'all'"),
        ("resnet50", {"weights": "imagenet"}, "has no option 'weights'"),
    ],
)
def test_impossible_options_are_told_in_one_line(name: str, given: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        build(name, **given)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_defaults_are_the_published_settings() -> None:
    assert options("wide-resnet-28-10") == {"depth": 28, "width": 10, "dropout": 0.0}
    assert options("resnet50") == {"upsample": 7, "dropout": 0.25, "freeze": "none"}


def test_wide_resnet_dropout_lies_once_in_each_block() -> None:
    def rates(dropout: float) -> list[float]:
        network = build("wide-resnet-28-10", depth=16, width=1, dropout=dropout)
        return [layer.p for layer in network.modules() if isinstance(layer, nn.Dropout)]

    assert rates(0.3) == [0.3] * 6
    assert rates(0.0) == []


def test_feature_maps_of_resnet18_and_wide_resnet_end_at_8_and_4_pixels() -> None:
    from hundred.models.summary import summarize

    for name, given, pixels in (
        ("resnet18", {"width": 4}, 4),
        ("wide-resnet-28-10", {"depth": 10, "width": 1}, 8),
    ):
        rows = summarize(build(name, **given))
        convolutions = [row.output_shape for row in rows if row.kind == "Conv2d"]
        assert convolutions[0] is not None
        assert convolutions[0][1:] == (32, 32)
        assert convolutions[-1] is not None
        assert convolutions[-1][1:] == (pixels, pixels)


def test_freezing_leaves_batch_norms_and_the_head_to_train() -> None:
    network = build("resnet50", upsample=1, freeze="all-but-batch-norm")
    backbone = network.get_submodule("resnet50")
    norms = [layer for layer in backbone.modules() if isinstance(layer, nn.BatchNorm2d)]
    trained = {path for path, weight in backbone.named_parameters() if weight.requires_grad}
    assert len(norms) == 53
    assert len(trained) == 2 * 53
    assert all("_bn." in path for path in trained)
    assert all(
        weight.requires_grad
        for path, weight in network.named_parameters()
        if not path.startswith("resnet50.")
    )


def test_frozen_network_learns_only_what_is_left_and_its_norms_move() -> None:
    torch.manual_seed(0)
    network = build("resnet50", upsample=1, freeze="all-but-batch-norm", classes=3)
    norm = network.get_submodule("resnet50.conv1_bn")
    assert isinstance(norm, nn.BatchNorm2d)
    assert norm.running_mean is not None
    network(torch.randn(3, 3, 32, 32)).sum().backward()
    assert norm.weight.grad is not None
    assert norm.running_mean.any()
    assert network.get_submodule("resnet50.conv1_conv").weight.grad is None
