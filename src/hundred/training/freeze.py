"""Layers that do not train: no gradients, and batch norms in evaluation mode."""

from collections.abc import Iterable
from fnmatch import fnmatchcase

from torch import nn

from hundred.errors import UsageError, nearest

BACKBONE = "backbone"


class FrozenLayers:
    """Layers of `network` that are frozen until `unfreeze_at`, a fraction of the run; 0 is for good.

    patterns: of module names, such as `conv1` or `layer[12]*`; a module takes all inside it along. `backbone`
    is all but the last layer with weights. Parameters that were frozen before stay so.

    Raises UsageError for a pattern that fits no module, or where nothing is left to train.
    """

    def __init__(self, network: nn.Module, patterns: Iterable[str], unfreeze_at: float = 0.0) -> None:
        self.unfreeze_at = unfreeze_at
        self.modules = _matching(network, list(patterns))
        self.parameters = list(
            {
                id(parameter): parameter
                for module in self.modules
                for parameter in module.parameters()
                if parameter.requires_grad
            }.values()
        )
        frozen = {id(parameter) for parameter in self.parameters}
        if not any(p.requires_grad and id(p) not in frozen for p in network.parameters()):
            raise UsageError("training.freeze leaves nothing to train: freeze fewer layers")

    def frozen_at(self, progress: float) -> bool:
        """Whether the layers are frozen when the fraction `progress` of the run is done."""
        return not self.unfreeze_at or progress < self.unfreeze_at

    def apply(self, progress: float) -> None:
        """Freeze or unfreeze; to be called after each `network.train()`."""
        frozen = self.frozen_at(progress)
        for parameter in self.parameters:
            parameter.requires_grad_(not frozen)
        if frozen:
            for module in self.modules:
                module.eval()


def head_name(network: nn.Module) -> str:
    """The name of the last layer with a weight matrix: the classifier.

    Raises UsageError where the network has none.
    """
    names = [
        name
        for name, module in network.named_modules()
        if isinstance(module, nn.Linear | nn.Conv2d | nn.LazyLinear)
    ]
    if not names:
        raise UsageError("the network has no dense layer or convolution that could be its head")
    return names[-1]


def _matching(network: nn.Module, patterns: list[str]) -> list[nn.Module]:
    named = {name: module for name, module in network.named_modules() if name}
    found: dict[str, nn.Module] = {}
    for pattern in patterns:
        if pattern == BACKBONE and BACKBONE not in named:
            head = head_name(network)
            # Modules beside the path to the head; leaves, so that a container of the head is not one of them.
            leaves = {name: each for name, each in named.items() if not any(each.children())}
            found |= {name: each for name, each in leaves.items() if name != head}
            continue
        matching = {name: each for name, each in named.items() if fnmatchcase(name, pattern)}
        if not matching:
            raise UsageError(
                f"training.freeze = {pattern!r} fits no layer{nearest(pattern, named)}: the layers are "
                f"{', '.join(list(named)[:12])}{' ...' if len(named) > 12 else ''}"
            )
        found |= matching
    return list(found.values())
