"""Every optimizer of torch.optim by its name: the same steps as torch's own."""

import pytest
import torch
from torch import nn

from hundred.errors import UsageError
from hundred.training.optim.build import build_optimizer
from hundred.training.optim.layer_decay import layer_scales
from hundred.training.optim.torch_optimizers import optimizer_class, torch_names


class Own(torch.optim.SGD):
    """A user's own."""


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))


def steps(net: nn.Module, optimizer: torch.optim.Optimizer) -> list[torch.Tensor]:
    inputs = torch.arange(20.0).view(5, 4) / 10
    for _ in range(3):
        optimizer.zero_grad()
        net(inputs).square().sum().backward()
        optimizer.step()
    return [parameter.detach().clone() for parameter in net.parameters()]


OTHERS = sorted(set(torch_names()) - {"adam", "adamw", "sgd"})


@pytest.mark.parametrize("name", OTHERS)
def test_each_takes_the_steps_of_torch(name: str) -> None:
    ours, theirs = network(), network()
    decay = 0.0 if name == "rprop" else 0.01
    own = build_optimizer(ours, name=name, learning_rate=0.01, weight_decay=decay)
    more = {} if name == "rprop" else {"weight_decay": decay}
    reference = optimizer_class(name)(theirs.parameters(), lr=0.01, **more)
    for found, expected in zip(steps(ours, own), steps(theirs, reference), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)


def test_options_reach_the_optimizer_and_a_users_own_class_is_taken() -> None:
    own = build_optimizer(
        network(), name="NAdam", learning_rate=0.1, options={"momentum_decay": 0.1, "betas": [0.8, 0.9]}
    )
    assert type(own) is torch.optim.NAdam
    assert own.param_groups[0]["momentum_decay"] == 0.1
    assert own.param_groups[0]["betas"] == (0.8, 0.9)
    name = f"{Own.__module__}:Own"
    assert (
        type(build_optimizer(network(), name=name, learning_rate=0.1, options={"nesterov": False})).__name__
        == "Own"
    )


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"name": "adamx"}, "no optimizer 'adamx'; did you mean 'adamax'"),
        ({"name": "lbfgs"}, "no optimizer"),
        ({"name": "nadam", "options": {"momentum_deca": 1}}, "did you mean 'momentum_decay'"),
        ({"name": "rprop", "weight_decay": 0.1}, "has no weight decay"),
        ({"name": "rmsprop", "options": {"alpha": -1.0}}, "does not take its options"),
        ({"name": "collections:OrderedDict"}, "no subclass"),
    ],
)
def test_a_mistake_gets_one_line(values: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        build_optimizer(network(), learning_rate=0.1, **values)  # type: ignore[arg-type]


class Staged(nn.Module):
    """Four layers: stem with its norm, two stages, head."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)
        self.layer1 = nn.Sequential(nn.Conv2d(4, 4, 3), nn.BatchNorm2d(4))
        self.layer2 = nn.Sequential(nn.Conv2d(4, 4, 3), nn.BatchNorm2d(4))
        self.fc = nn.Linear(4, 2)


def test_layers_have_rates_that_fall_from_the_head_to_the_stem() -> None:
    net = Staged()
    scales = layer_scales(net, 0.5)
    found = {name: scales[id(parameter)] for name, parameter in net.named_parameters()}
    assert {found["conv1.weight"], found["bn1.bias"]} == {0.125}
    assert {found[name] for name in found if name.startswith("layer1")} == {0.25}
    assert {found[name] for name in found if name.startswith("layer2")} == {0.5}
    assert found["fc.weight"] == found["fc.bias"] == 1.0
    optimizer = build_optimizer(net, name="adamw", learning_rate=0.1, layer_decay=0.5)
    rates = {id(p): group["initial_lr"] for group in optimizer.param_groups for p in group["params"]}
    assert all(rates[key] == pytest.approx(0.1 * scale) for key, scale in scales.items())


def test_the_last_layer_has_its_own_share_of_weight_decay() -> None:
    net = Staged()
    optimizer = build_optimizer(
        net, name="adamw", learning_rate=0.1, weight_decay=0.02, head_decay=10.0, decay_norms=False
    )
    decays = {id(p): group["weight_decay"] for group in optimizer.param_groups for p in group["params"]}
    found = {name: decays[id(parameter)] for name, parameter in net.named_parameters()}
    assert found["fc.weight"] == pytest.approx(0.2)
    assert found["fc.bias"] == found["bn1.weight"] == 0.0
    others = {
        value for name, value in found.items() if name.endswith("conv.weight") or name == "conv1.weight"
    }
    assert others == {0.02}
    before = net.fc.weight.detach().clone()
    for parameter in net.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    torch.testing.assert_close(net.fc.weight.detach(), before * (1 - 0.1 * 0.2))  # by its decay alone


def test_layer_rates_are_those_of_timm() -> None:
    timm = pytest.importorskip("timm")
    from timm.optim import param_groups_layer_decay

    net = timm.create_model("resnet18", num_classes=5)
    scales = layer_scales(net, 0.7)
    groups = param_groups_layer_decay(net, layer_decay=0.7)
    expected = {id(p): group["lr_scale"] for group in groups for p in group["params"]}
    assert scales == pytest.approx(expected)
