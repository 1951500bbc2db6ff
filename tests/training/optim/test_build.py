"""Optimizers by name: trajectories against Keras and torch, groups, rates, resuming."""

import io
from typing import Any

import pytest
import torch
from torch import nn

from hundred.errors import UsageError
from hundred.training.optim.build import NAMES, build_optimizer, set_learning_rate


def network(seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    layers = [nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 8, 3, bias=False)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 5))


def step(model: nn.Module, optimizer: torch.optim.Optimizer, number: int) -> float:
    """A step on a batch drawn from `number`."""
    generator = torch.Generator().manual_seed(number)
    images = torch.randn(16, 3, 8, 8, generator=generator)
    labels = torch.randint(5, (16,), generator=generator)
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(images), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


def names_by_group(model: nn.Module, optimizer: torch.optim.Optimizer) -> list[set[str]]:
    names = {id(p): name for name, p in model.named_parameters()}
    return [{names[id(p)] for p in group["params"]} for group in optimizer.param_groups]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("adam", {}),
        ("adam", {"betas": (0.8, 0.99)}),
        ("adamw", {"weight_decay": 0.05}),
        ("sgd", {"momentum": 0.9, "nesterov": True}),
        ("sgd", {"momentum": 0.9, "nesterov": False}),
        ("sgd", {"momentum": 0.0}),
    ],
)
def test_the_trajectory_is_that_of_keras(name: str, options: dict[str, Any]) -> None:
    """Least squares with gradients from 0.01 to 10. Keras puts epsilon elsewhere, hence the tolerance."""
    import keras

    theirs_options = dict(options)
    if name == "sgd":
        theirs_options["nesterov"] = options.get("nesterov", False)
    else:
        betas = theirs_options.pop("betas", (0.9, 0.999))
        theirs_options |= {"beta_1": betas[0], "beta_2": betas[1]}
    make = {"adam": keras.optimizers.Adam, "adamw": keras.optimizers.AdamW, "sgd": keras.optimizers.SGD}[name]
    theirs = make(learning_rate=0.01, **theirs_options)

    scales = torch.logspace(-2, 1, 12)
    start = torch.linspace(-1, 1, 12)
    model = nn.Linear(12, 1, bias=False)
    model.weight.data.copy_(start[None])
    ours = build_optimizer(model, name=name, learning_rate=0.01, **options)
    variable = keras.Variable(start.numpy())
    for number in range(100):
        model.weight.grad = scales * (model.weight.detach() - number % 3)
        ours.step()
        theirs.apply([scales * (variable.value.detach() - number % 3)], [variable])
    expected = variable.value.detach()
    assert (model.weight.detach()[0] - expected).abs().max() < 5e-5
    assert (expected - start).abs().max() > 0.1  # it went somewhere


@pytest.mark.parametrize("name", ["adam", "adamw"])
def test_epsilon_is_added_to_the_root_of_the_corrected_second_moment(name: str) -> None:
    """So the first step is lr g / (|g| + epsilon), as Kingma & Ba's algorithm 1 has it."""
    model = nn.Linear(1, 1, bias=False)
    before = model.weight.item()
    optimizer = build_optimizer(model, name=name, learning_rate=0.1, epsilon=0.5)
    model.weight.grad = torch.full((1, 1), 0.3)
    optimizer.step()
    assert before - model.weight.item() == pytest.approx(0.1 * 0.3 / (0.3 + 0.5), rel=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_each_learns_a_small_problem(name: str) -> None:
    model = network()
    optimizer = build_optimizer(model, name=name, learning_rate=0.02)
    losses = [step(model, optimizer, 0) for _ in range(60)]
    assert losses[-1] < 0.5 * losses[0]


@pytest.mark.parametrize("name", NAMES)
def test_two_runs_are_bit_identical(name: str) -> None:
    def run() -> list[torch.Tensor]:
        model = network()
        optimizer = build_optimizer(model, name=name, learning_rate=0.02, weight_decay=1e-3)
        for number in range(5):
            step(model, optimizer, number)
        return list(model.state_dict().values())

    assert all(torch.equal(a, b) for a, b in zip(run(), run(), strict=True))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_a_resumed_optimizer_goes_on_bit_for_bit(name: str, layout: torch.memory_format) -> None:
    def make() -> tuple[nn.Module, torch.optim.Optimizer]:
        model = network().to(memory_format=layout)  # type: ignore[call-overload]
        return model, build_optimizer(model, name=name, learning_rate=0.02, weight_decay=1e-3)

    whole, optimizer = make()
    for number in range(4):
        set_learning_rate(optimizer, 1 - number / 10)
        step(whole, optimizer, number)
    file = io.BytesIO()
    torch.save({"model": whole.state_dict(), "optimizer": optimizer.state_dict()}, file)
    file.seek(0)
    saved = torch.load(file, weights_only=True)
    resumed, other = make()
    resumed.load_state_dict(saved["model"])
    other.load_state_dict(saved["optimizer"])
    for number in range(4, 8):
        assert step(whole, optimizer, number) == step(resumed, other, number)
    assert all(
        torch.equal(a, b)
        for a, b in zip(whole.state_dict().values(), resumed.state_dict().values(), strict=True)
    )


@pytest.mark.parametrize("name", ["adam", "adamw", "sgd"])
def test_the_fused_kernel_agrees_with_the_plain_loop(name: str) -> None:
    """The same arithmetic in one kernel; a loop over tensors is the reference."""
    first, second = network(), network()
    options: dict[str, Any] = {"weight_decay": 1e-2, "lr": 0.01}
    if name == "sgd":
        options |= {"momentum": 0.9, "nesterov": True}
        plain: torch.optim.Optimizer = torch.optim.SGD(second.parameters(), foreach=False, **options)
    else:
        make = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[name]
        plain = make(second.parameters(), eps=1e-7, foreach=False, **options)
    ours = build_optimizer(first, name=name, learning_rate=0.01, weight_decay=1e-2)
    for number in range(5):
        generator = torch.Generator().manual_seed(number)
        for a, b in zip(first.parameters(), second.parameters(), strict=True):
            a.grad = torch.randn(a.shape, generator=generator)
            b.grad = a.grad.clone()
        ours.step()
        plain.step()
    for a, b in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.allclose(a, b, rtol=1e-5, atol=1e-6)


def test_muon_takes_filters_and_sgd_the_rest() -> None:
    model = network()
    optimizer = build_optimizer(
        model, name="muon", learning_rate=0.1, rest_learning_rate=0.5, norm_multiplier=4
    )
    filters, weights, light = names_by_group(model, optimizer)
    assert filters == {"0.weight", "3.weight"}
    assert weights == {"6.weight"}
    assert light == {"0.bias", "1.weight", "1.bias", "6.bias"}
    assert [group["lr"] for group in optimizer.param_groups] == [0.1, 0.5, 2.0]
    assert [group["muon"] for group in optimizer.param_groups] == [True, False, False]


def test_depthwise_filters_go_to_sgd() -> None:
    model = nn.Sequential(nn.Conv2d(4, 4, 3, groups=4), nn.Conv2d(4, 8, 1))
    optimizer = build_optimizer(model, name="muon", learning_rate=0.1)
    assert names_by_group(model, optimizer)[:2] == [{"1.weight"}, {"0.weight"}]


@pytest.mark.parametrize(("decay_norms", "expected"), [(True, 0.01), (False, 0.0)])
def test_biases_and_norms_can_be_spared_weight_decay(decay_norms: bool, expected: float) -> None:
    model = network()
    optimizer = build_optimizer(
        model, name="sgd", learning_rate=0.1, weight_decay=0.01, decay_norms=decay_norms
    )
    assert [group["weight_decay"] for group in optimizer.param_groups] == [0.01, expected]
    assert names_by_group(model, optimizer)[1] == {"0.bias", "1.weight", "1.bias", "6.bias"}


@pytest.mark.parametrize("name", NAMES)
def test_frozen_parameters_do_not_move_even_with_weight_decay(name: str) -> None:
    model = network()
    frozen = model.get_parameter("0.weight").requires_grad_(False)
    before = frozen.clone()
    optimizer = build_optimizer(model, name=name, learning_rate=0.1, weight_decay=0.1)
    step(model, optimizer, 0)
    assert torch.equal(frozen, before)
    assert all("0.weight" not in names for names in names_by_group(model, optimizer))


def test_shared_parameters_are_taken_once() -> None:
    first = nn.Linear(4, 4)
    model = nn.Sequential(first, nn.ReLU(), first)
    optimizer = build_optimizer(model, name="sgd", learning_rate=0.1)
    assert [len(group["params"]) for group in optimizer.param_groups] == [1, 1]


def test_rates_are_scaled_from_each_groups_own() -> None:
    optimizer = build_optimizer(network(), name="muon", learning_rate=0.1, rest_learning_rate=0.5)
    for factor in (0.5, 0.1):
        set_learning_rate(optimizer, factor)
        assert [group["lr"] for group in optimizer.param_groups] == pytest.approx(
            [0.1 * factor, 0.5 * factor, 0.5 * factor]
        )


def test_a_rate_that_lives_on_the_device_is_changed_in_place() -> None:
    optimizer = build_optimizer(network(), name="muon", learning_rate=0.1)
    for group in optimizer.param_groups:
        group["lr"] = torch.tensor(group["initial_lr"])
    rates = [group["lr"] for group in optimizer.param_groups]
    set_learning_rate(optimizer, 0.5)
    assert [rate.item() for rate in rates] == pytest.approx([0.05] * 3)
    assert all(group["lr"] is rate for group, rate in zip(optimizer.param_groups, rates, strict=True))


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"name": "addam"}, "did you mean 'adam'"),
        ({"name": "adam", "learning_rate": -1.0}, r"learning_rate is -1\.0"),
        ({"name": "adam", "learning_rate": float("nan")}, "nan"),
        ({"name": "adam", "learning_rate": 0.0}, "learning rate is 0"),
        ({"name": "sgd", "momentum": 1.0}, "below 1"),
        ({"name": "sgd", "weight_decay": -0.1}, "weight_decay"),
    ],
)
def test_values_out_of_range_are_refused(options: dict[str, Any], text: str) -> None:
    with pytest.raises(UsageError, match=text):
        build_optimizer(network(), **({"learning_rate": 0.1} | options))


def test_networks_without_anything_to_train_are_refused() -> None:
    with pytest.raises(UsageError, match="convolution filters"):
        build_optimizer(nn.Linear(3, 3), name="muon", learning_rate=0.1)
    with pytest.raises(UsageError, match="frozen"):
        build_optimizer(network().requires_grad_(False), name="sgd", learning_rate=0.1)
