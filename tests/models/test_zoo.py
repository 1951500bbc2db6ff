"""Every network of the registry: sizes, gradients, tracing, memory format, seeds."""

from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from hundred.models.registry import build, names
from hundred.models.summary import count_parameters, summarize, trainable_parameters

# What keeps the tests quick; the same code runs for the full size.
SMALL: dict[str, dict[str, Any]] = {
    "resnet50": {"upsample": 1},
    "wide-resnet-28-10": {"depth": 10, "width": 2, "dropout": 0.3},
    "resnet18": {"width": 16},
    "efficientnet-lite0": {"upsample": 1},
}
# What can be written to Keras and ONNX files.
MODULES = (
    *(
        nn.Conv2d,
        nn.Linear,
        nn.BatchNorm1d,
        nn.BatchNorm2d,
        nn.ReLU,
        nn.ReLU6,
        nn.GELU,
        nn.SiLU,
        nn.Dropout,
        nn.Flatten,
    ),
    *(nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d, nn.Upsample, nn.ZeroPad2d),
    *(nn.Softmax, nn.Identity),
)

every_network = pytest.mark.parametrize("name", names())


def small(name: str, classes: int = 100) -> nn.Module:
    torch.manual_seed(0)
    return build(name, classes=classes, **SMALL.get(name, {}))


def images(count: int = 3) -> torch.Tensor:
    return torch.randn(count, 3, 32, 32, generator=torch.Generator().manual_seed(1))


@every_network
def test_all_weights_get_a_finite_gradient(name: str) -> None:
    network = small(name, classes=7)
    logits = network(images(4))
    assert logits.shape == (4, 7)
    assert logits.dtype == torch.float32
    cross_entropy(logits, torch.tensor([0, 1, 2, 6])).backward()
    for path, weight in network.named_parameters():
        if weight.requires_grad:
            assert weight.grad is not None, path
            assert torch.isfinite(weight.grad).all(), path
    assert any(weight.grad.abs().max() > 0 for weight in network.parameters() if weight.grad is not None)


@every_network
def test_tracing_gives_the_same_network_of_exportable_parts(name: str) -> None:
    network = small(name).eval()
    traced = torch.fx.symbolic_trace(network)
    with torch.no_grad():
        torch.testing.assert_close(traced(images()), network(images()))
    for node in traced.graph.nodes:
        if node.op == "call_module":
            assert isinstance(traced.get_submodule(node.target), MODULES), node.target


@every_network
def test_channels_last_gives_the_same_logits(name: str) -> None:
    network = small(name).eval()
    with torch.no_grad():
        expected = network(images())
        network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        found = network(images().contiguous(memory_format=torch.channels_last))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


@every_network
def test_the_seed_decides_the_weights(name: str) -> None:
    first, second = small(name).state_dict(), small(name).state_dict()
    assert first.keys() == second.keys()
    assert all(torch.equal(first[key], second[key]) for key in first)
    torch.manual_seed(1)
    third = build(name, **SMALL.get(name, {})).state_dict()
    assert any(not torch.equal(first[key], third[key]) for key in first)


@every_network
def test_one_image_decides_nothing_about_another(name: str) -> None:
    network = small(name).eval()
    with torch.no_grad():
        torch.testing.assert_close(network(images())[1:2], network(images()[1:2]), rtol=1e-4, atol=1e-4)


@every_network
def test_rows_of_the_summary_add_up(name: str) -> None:
    network = small(name)
    rows = summarize(network)
    assert sum(row.parameters for row in rows) == count_parameters(network)
    assert rows[-1].output_shape == (100,)
    assert all(row.output_shape is not None for row in rows)


@every_network
def test_logits_begin_small_enough_to_learn_from(name: str) -> None:
    logits = small(name)(images(16))
    assert 0.01 < logits.std() < 10


@pytest.mark.parametrize(
    ("name", "trained", "all_parameters"),
    [
        # Trained weights as in papers; with two moving statistics per batch-norm channel as Keras counts.
        ("resnet18", 11_220_132, 11_220_132 + 2 * (5 * 64 + 5 * 128 + 5 * 256 + 5 * 512)),
        (
            "wide-resnet-28-10",
            36_536_884,
            36_536_884 + 2 * (16 + 7 * 160 + 160 + 7 * 320 + 320 + 7 * 640 + 640),
        ),
        ("vgg16-bn", 15_299_748, 15_299_748 + 2 * (2 * 64 + 2 * 128 + 3 * 256 + 6 * 512)),
    ],
)
def test_published_sizes_for_100_classes(name: str, trained: int, all_parameters: int) -> None:
    with torch.device("meta"):
        network = build(name)
    assert trainable_parameters(network) == trained
    assert count_parameters(network) == all_parameters


@pytest.mark.parametrize(
    ("depth", "width", "millions"), [(40, 1, 0.6), (40, 2, 2.2), (40, 4, 8.9), (16, 8, 11.0), (22, 8, 17.2)]
)
def test_wide_resnets_have_the_sizes_of_the_papers_table(depth: int, width: int, millions: float) -> None:
    """Zagoruyko and Komodakis 2016, table 4, in millions to one digit."""
    with torch.device("meta"):
        network = build("wide-resnet-28-10", classes=10, depth=depth, width=width)
    assert trainable_parameters(network) / 1e6 == pytest.approx(millions, abs=0.051)
