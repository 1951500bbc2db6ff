"""The classifier at the end of a network, and another one in its place for other classes."""

from torch import nn

from hundred.errors import UsageError
from hundred.models.initialize import glorot_uniform


def find_head(network: nn.Module, classes: int) -> str | None:
    """The name of the last dense layer of `network`, if it gives `classes` numbers; else None."""
    dense = [name for name, module in network.named_modules() if isinstance(module, nn.Linear)]
    if not dense:
        return None
    head = network.get_submodule(dense[-1])
    return dense[-1] if isinstance(head, nn.Linear) and head.out_features == classes else None


def replace_head(network: nn.Module, before: int, classes: int) -> str:
    """Put a new dense layer for `classes` classes in place of the last one, for `before`; returns its name.

    Its weights are drawn by torch's generator (Glorot uniform, zero biases). It trains, even if the former
    one was frozen.

    Raises UsageError where the network does not end in a dense layer for `before` classes.
    """
    name = find_head(network, before)
    if name is None:
        raise UsageError(
            f"the network has {before} classes, the data {classes}, and it ends in no dense layer that "
            "could be replaced: give it one for these classes"
        )
    parent_name, _, own = name.rpartition(".")
    parent = network.get_submodule(parent_name)
    former = parent.get_submodule(own)
    assert isinstance(former, nn.Linear)  # noqa: S101 - by `find_head`
    head = nn.Linear(former.in_features, classes, bias=former.bias is not None, device=former.weight.device)
    glorot_uniform(head)
    setattr(parent, own, head)
    return name
