"""How a network ends: in a softmax, a sigmoid, probabilities made earlier, or logits.

The end is read from the graph, and where it is more than one last layer, confirmed on images.
"""

from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hundred.interchange.read.layers.images import Combine, FlattenChannelsLast, GraphModule
from hundred.interchange.read.layers.tensors import (
    KerasPermute,
    KerasReshape,
    Logarithm,
    ReduceAxes,
    SequencePool,
)

#: The ends. `scores`: numbers from 0 to 1 that no sigmoid at the very end makes, such as an average of some.
SOFTMAX, SIGMOID, PROBABILITIES, SCORES, LOGITS = "softmax", "sigmoid", "probabilities", "scores", "logits"
#: What leaves a value as it is at test time.
_NOTHING = (nn.Identity, nn.Dropout, nn.Dropout2d, nn.AlphaDropout)
#: What only moves or averages values: a mean of probabilities is one.
_KEEPING = (nn.Flatten, FlattenChannelsLast, KerasReshape, KerasPermute, nn.AdaptiveAvgPool2d, *_NOTHING)


class TwoClasses(nn.Module):
    """The logit of one class, [n, 1], as logits of not it and it, [n, 2]."""

    def forward(self, x: Tensor) -> Tensor:
        """log(1 - p) and log(p) of p = sigmoid(x)."""
        return torch.cat([F.logsigmoid(-x), F.logsigmoid(x)], 1)


def split_end(network: nn.Module) -> tuple[nn.Module, str]:
    """The network without a softmax or sigmoid at its very end, through nested models, and how it ends."""
    body, last = _without_last(network)
    if last is not None:
        return body, SOFTMAX if isinstance(last, nn.Softmax) else SIGMOID
    claim = _claim(network)
    if claim is None and isinstance(_last_layer(network), nn.Linear | nn.Conv2d):
        return network, LOGITS
    return network, claim or "unknown"


def confirmed_end(end: str, outputs: Tensor) -> tuple[str, str]:
    """How a network ends whose graph says `end` and that gives `outputs` [n, classes]; and a note, or ''."""
    values = outputs.detach().float()
    sums = values.sum(1)
    if bool((values >= -1e-6).all()) and torch.allclose(sums, torch.ones_like(sums), atol=1e-3):
        return PROBABILITIES, ""
    inside = bool(((values >= 0) & (values <= 1)).all())
    if end in (SIGMOID, SCORES) and inside:
        return SCORES, ""
    if end in (PROBABILITIES, SIGMOID, SCORES):
        return (
            LOGITS,
            "the layers promise probabilities, but the outputs are none: they are read as logits",
        )
    return LOGITS, ""


def as_logits(end: str, classes: int) -> nn.Module | None:
    """The module that turns what comes before the end into logits, or None where that is logits already."""
    if end == SIGMOID:
        return TwoClasses() if classes == 1 else nn.LogSigmoid()
    return Logarithm() if end in (PROBABILITIES, SCORES) else None


def apply_end(end: str, x: Tensor) -> Tensor:
    """What the file itself gives, from what comes before its end."""
    return x.softmax(1) if end == SOFTMAX else x.sigmoid() if end == SIGMOID else x


def _claim(network: nn.Module) -> str | None:
    """PROBABILITIES or SCORES where the graph makes the output from softmaxes or sigmoids, else None."""
    if isinstance(network, nn.Softmax):
        return PROBABILITIES
    if isinstance(network, nn.Sigmoid):
        return SCORES
    if isinstance(network, nn.Sequential):
        for layer in reversed(list(network)):
            if _keeps(layer):
                continue
            return _claim(layer)
        return None
    if isinstance(network, GraphModule):
        return _claim_of_value(network, network.output, 0)
    return None


def _claim_of_value(network: GraphModule, value: int, depth: int) -> str | None:
    if value == 0 or depth > 50:
        return None
    name, taken = network.steps[value - 1]
    layer = network.get_submodule(name)
    if _keeps(layer) or (isinstance(layer, Combine) and layer.how in ("average", "add", "multiply")):
        claims = {_claim_of_value(network, each, depth + 1) for each in taken}
        return claims.pop() if len(claims) == 1 else None
    return _claim(layer)


def _keeps(layer: nn.Module) -> bool:
    mean = isinstance(layer, ReduceAxes | SequencePool) and layer.how == "mean"
    return isinstance(layer, _KEEPING) or mean


def _last_layer(network: nn.Module) -> nn.Module:
    if isinstance(network, nn.Sequential) and len(network):
        rest = [layer for layer in network if not isinstance(layer, _NOTHING)]
        return _last_layer(rest[-1]) if rest else network
    if isinstance(network, GraphModule) and network.output:
        return _last_layer(network.get_submodule(network.steps[network.output - 1][0]))
    return network


def _without_last(network: nn.Module) -> tuple[nn.Module, nn.Module | None]:
    """The network without a softmax or sigmoid at its end (and what does nothing behind it), and that."""
    if isinstance(network, nn.Sequential):
        children = list(network.named_children())
        while children and isinstance(children[-1][1], _NOTHING):
            children.pop()
        if children and _is_end(children[-1][1]):
            return nn.Sequential(OrderedDict(children[:-1])), children[-1][1]
        if children and isinstance(children[-1][1], nn.Sequential | GraphModule):
            inner, last = _without_last(children[-1][1])
            if last is not None:
                return nn.Sequential(OrderedDict([*children[:-1], (children[-1][0], inner)])), last
    elif isinstance(network, GraphModule) and network.steps and network.output == len(network.steps):
        name, taken = network.steps[-1]
        last_layer = network.get_submodule(name)
        if sum(step == name for step, _ in network.steps) != 1:
            return network, None
        others = {key: layer for key, layer in network.named_children() if key != name}
        if _is_end(last_layer) or isinstance(last_layer, _NOTHING):
            shorter = GraphModule(others, network.steps[:-1], taken[0])
            return (shorter, last_layer) if _is_end(last_layer) else _kept_whole(network, shorter)
        if isinstance(last_layer, nn.Sequential | GraphModule):
            inner, last = _without_last(last_layer)
            if last is not None:
                return GraphModule({**others, name: inner}, network.steps, network.output), last
    return network, None


def _kept_whole(network: nn.Module, shorter: GraphModule) -> tuple[nn.Module, nn.Module | None]:
    """As `_without_last` of `shorter`; the whole network where that has no such end."""
    body, last = _without_last(shorter)
    return (body, last) if last is not None else (network, None)


def _is_end(layer: nn.Module) -> bool:
    return (isinstance(layer, nn.Softmax) and layer.dim == 1) or isinstance(layer, nn.Sigmoid)
