"""Optimizers by name, with their parameters in groups: torch.optim's, Muon (ours), and a user's own."""

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from hundred.errors import UsageError
from hundred.training.freeze import head_name
from hundred.training.optim.layer_decay import layer_scales
from hundred.training.optim.muon import Muon
from hundred.training.optim.torch_optimizers import make_optimizer, optimizer_class

# Whose settings the recipe has keys for; all others take `options`.
NAMES = ("adam", "adamw", "sgd", "muon")

Group = dict[str, Any]

NORMS = (
    nn.modules.batchnorm._BatchNorm,
    nn.modules.instancenorm._InstanceNorm,
    nn.GroupNorm,
    nn.LayerNorm,
    nn.LocalResponseNorm,
)


def build_optimizer(
    network: nn.Module,
    *,
    name: str,
    learning_rate: float,
    weight_decay: float = 0.0,
    momentum: float = 0.9,
    nesterov: bool = True,
    betas: tuple[float, float] = (0.9, 0.999),
    epsilon: float = 1e-7,
    decay_norms: bool = True,
    norm_multiplier: float = 1.0,
    rest_learning_rate: float | None = None,
    newton_schulz_steps: int = 5,
    renormalize: bool = True,
    graph_safe: bool = False,
    head_decay: float = 1.0,
    layer_decay: float = 1.0,
    unfreezes: bool = False,
    options: Mapping[str, Any] | None = None,
) -> torch.optim.Optimizer:
    """The optimizer `name` over the trainable parameters of `network` (frozen ones are left out).

    name: "adam" (Kingma & Ba 2015), "adamw" (Loshchilov & Hutter 2019), "sgd", or "muon", which steps
        convolution filters by Muon and all else by SGD with the same momentum; or any other of torch.optim,
        or a user's `package:Class`, with its own `options`.
    learning_rate: the base rate; each group's is `initial_lr` = base times the group's multiplier.
    weight_decay: L2 on the gradient for adam and sgd, decoupled for adamw and for Muon's filters.
    epsilon: Keras' default 1e-7. Keras adds it before the correction of the second moment's bias, torch
        after it, so gradients below some 1e-5 differ in the first steps; larger ones do not.
    decay_norms: False exempts biases and the parameters of norms from weight decay.
    norm_multiplier: the rate of biases and norms, as a multiple of the other rate that would be theirs.
    rest_learning_rate: for muon, the rate of what SGD steps; `learning_rate` where None.
    newton_schulz_steps, renormalize: see `hundred.training.optim.muon.Muon`.
    head_decay: factor on the weight decay of the weights of the last layer, see `head_name`.
    layer_decay: factor on the rates from each layer to the one below, see `layer_scales`.
    unfreezes: some parameters will get gradients only later in the run.
    options: of an optimizer that has none of the above but rate and weight decay.
    graph_safe: on CUDA, rates as tensors on the device, so that a CUDA graph may hold the step.

    Raises UsageError for an unknown name, a value out of range, or nothing to train.
    """
    _check(name, learning_rate=learning_rate, weight_decay=weight_decay, momentum=momentum, epsilon=epsilon)
    filters, weights, light = _sort_parameters(network, muon=name == "muon")
    if not (filters or weights or light):
        raise UsageError("all parameters of the network are frozen: there is nothing to train")
    if name == "muon" and not filters:
        raise UsageError("muon steps convolution filters, and this network has none: choose adamw or sgd")
    rest = rest_learning_rate if name == "muon" and rest_learning_rate is not None else learning_rate
    light_decay = weight_decay if decay_norms else 0.0
    groups = [
        {"params": filters, "lr": learning_rate, "weight_decay": weight_decay, "muon": True},
        {"params": weights, "lr": rest, "weight_decay": weight_decay, "muon": False},
        {"params": light, "lr": rest * norm_multiplier, "weight_decay": light_decay, "muon": False},
    ]
    if head_decay != 1.0:
        head = network.get_submodule(head_name(network))
        weights_of_head = (each for each in head.parameters(recurse=False) if each.dim() > 1)
        groups = _multiplied(groups, "weight_decay", {id(each): head_decay for each in weights_of_head})
    graph_safe = graph_safe and all(p.is_cuda for p in (*filters, *weights, *light))
    if layer_decay != 1.0:
        groups = _multiplied(groups, "lr", layer_scales(network, layer_decay))
    groups = [_finish(group, graph_safe=graph_safe) for group in groups if group["params"]]
    if name == "muon":
        return Muon(
            groups, momentum=momentum, nesterov=nesterov, steps=newton_schulz_steps, renormalize=renormalize
        )
    for group in groups:
        del group["muon"]
    if name not in NAMES:
        return make_optimizer(name, groups, options or {})
    fast = _fast(groups)
    if name == "sgd":
        if unfreezes:  # torch's fused SGD wants the momentum of all parameters from the same step on
            fast = {"foreach": True}
        return torch.optim.SGD(groups, momentum=momentum, nesterov=nesterov and momentum > 0.0, **fast)
    make = torch.optim.AdamW if name == "adamw" else torch.optim.Adam
    return make(groups, betas=betas, eps=epsilon, capturable=graph_safe, **fast)


def has_filters(network: nn.Module) -> bool:
    """Whether `network` has trainable convolution filters, which Muon steps."""
    return bool(_sort_parameters(network, muon=True)[0])


def set_momentum(optimizer: torch.optim.Optimizer, momentum: float) -> None:
    """Set the momentum of each group, or its decay of the mean gradient (Adam's first beta)."""
    for group in optimizer.param_groups:
        if "betas" in group:
            group["betas"] = (momentum, *group["betas"][1:])
        elif "momentum" in group:
            group["momentum"] = momentum


def set_learning_rate(optimizer: torch.optim.Optimizer, factor: float) -> None:
    """Set each group's rate to its own `initial_lr` times `factor`, without waiting for the device.

    `factor` is the schedule's factor times the base rate as it stands over the base rate at the start.
    """
    for group in optimizer.param_groups:
        rate = group["initial_lr"] * factor
        if isinstance(group["lr"], Tensor):
            group["lr"].fill_(rate)
        else:
            group["lr"] = rate


def _check(name: str, **values: float) -> None:
    if name not in NAMES:
        optimizer_class(name)
    for key, value in values.items():
        if not value >= 0.0 or value == float("inf"):
            raise UsageError(f"the {key} is {value}; it must be a number from 0 up")
    if values["learning_rate"] == 0.0:
        raise UsageError("the learning rate is 0: nothing would be learned")
    if values["momentum"] >= 1.0:
        raise UsageError(f"the momentum is {values['momentum']}; it must be below 1")


def _sort_parameters(network: nn.Module, *, muon: bool) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
    """Trainable parameters as (filters for Muon, other weights, biases and norms), each once, in order."""
    filters: list[Tensor] = []
    weights: list[Tensor] = []
    light: list[Tensor] = []
    for parameter, in_norm in _parameters(network):
        if in_norm or parameter.ndim <= 1:
            light.append(parameter)
        elif muon and parameter.ndim == 4 and parameter.shape[1] > 1:
            # Depthwise filters [out, 1, height, width] are many small vectors, not one matrix.
            filters.append(parameter)
        else:
            weights.append(parameter)
    return filters, weights, light


def _parameters(network: nn.Module) -> Iterator[tuple[Tensor, bool]]:
    """Each trainable parameter once, and whether it belongs to a norm."""
    seen: set[int] = set()
    for module in network.modules():
        for parameter in module.parameters(recurse=False):
            if parameter.requires_grad and id(parameter) not in seen:
                seen.add(id(parameter))
                yield parameter, isinstance(module, NORMS)


def _multiplied(groups: list[Group], key: str, factors: Mapping[int, float]) -> list[Group]:
    """The groups, each divided by the factor on `key` that its parameters have by their ids (else 1)."""
    divided = []
    for group in groups:
        by_factor: dict[float, list[Tensor]] = {}
        for parameter in group["params"]:
            by_factor.setdefault(factors.get(id(parameter), 1.0), []).append(parameter)
        divided += [{**group, "params": some, key: group[key] * factor} for factor, some in by_factor.items()]
    return divided


def _finish(group: Group, *, graph_safe: bool) -> Group:
    """Add the group's rate as `initial_lr`, with `lr` on the device for `graph_safe`."""
    rate = float(group["lr"])
    device = group["params"][0].device
    return {**group, "initial_lr": rate, "lr": torch.tensor(rate, device=device) if graph_safe else rate}


def _fast(groups: list[Group]) -> dict[str, bool]:
    """One fused kernel over all parameters where torch has one; measured fastest on CPU too."""
    parameters = [p for group in groups for p in group["params"]]
    able = all(p.device.type in ("cpu", "cuda") and p.is_floating_point() for p in parameters)
    return {"fused": True} if able else {"foreach": True}
