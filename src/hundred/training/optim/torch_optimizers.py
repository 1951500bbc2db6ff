"""Every optimizer of torch.optim by name, and a user's own as `package:Class`, with their own options."""

import inspect
from collections.abc import Mapping
from typing import Any

import torch

from hundred.errors import UsageError, nearest
from hundred.training.importing import import_object

# LBFGS needs the loss several times a step; SparseAdam takes sparse gradients only.
_UNFIT = ("LBFGS", "SparseAdam")


def torch_names() -> dict[str, str]:
    """Class names of torch.optim by their lower-case names."""
    return {
        name.lower(): name
        for name, kind in vars(torch.optim).items()
        if inspect.isclass(kind)
        and issubclass(kind, torch.optim.Optimizer)
        and name not in (*_UNFIT, "Optimizer", "Muon")
    }


def optimizer_class(name: str) -> type[torch.optim.Optimizer]:
    """The class called `name`. Raises UsageError where there is none."""
    if ":" in name:
        kind = import_object(name, "optimizer")
        if not (inspect.isclass(kind) and issubclass(kind, torch.optim.Optimizer)):
            raise UsageError(f"training.optimizer = {name!r} is no subclass of torch.optim.Optimizer")
        return kind
    known = {**torch_names(), "muon": "muon"}
    if name.lower() not in known:
        raise UsageError(
            f"there is no optimizer {name!r}{nearest(name.lower(), known)}: known are "
            f"{', '.join(sorted(known))}, "
            "and your own as 'package:Class'"
        )
    found: type[torch.optim.Optimizer] = getattr(torch.optim, known[name.lower()])
    return found


def make_optimizer(
    name: str, groups: list[dict[str, Any]], options: Mapping[str, Any]
) -> torch.optim.Optimizer:
    """The optimizer `name` over `groups` with its own `options`.

    Raises UsageError for options that it does not take, or a weight decay where it has none.
    """
    kind = optimizer_class(name)
    known = [key for key in inspect.signature(kind).parameters if key not in ("params", "lr", "weight_decay")]
    unknown = next((key for key in options if key not in known), None)
    if unknown is not None:
        raise UsageError(
            f"training.optimizer_options has {unknown!r}, which {name} does not take"
            f"{nearest(unknown, known)}: it takes {', '.join(known)}"
        )
    if "weight_decay" not in inspect.signature(kind).parameters:
        if any(group["weight_decay"] for group in groups):
            raise UsageError(f"{name} has no weight decay: set training.weight_decay=0")
        groups = [{key: value for key, value in group.items() if key != "weight_decay"} for group in groups]
    plain: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in options.items()
    }
    try:
        return kind(groups, **plain)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{name} does not take its options: {error}") from error
