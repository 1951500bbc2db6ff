"""Networks for small images by name, what is in them and what they cost. PyTorch loads on first use."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hundred.models.registry import build, names, options, register
    from hundred.models.summary import (
        LayerRow,
        count_flops,
        count_parameters,
        summarize,
        trainable_parameters,
    )

_HOME = {
    "build": "registry",
    "names": "registry",
    "options": "registry",
    "register": "registry",
    "LayerRow": "summary",
    "count_flops": "summary",
    "count_parameters": "summary",
    "summarize": "summary",
    "trainable_parameters": "summary",
}

__all__ = [
    "LayerRow",
    "build",
    "count_flops",
    "count_parameters",
    "names",
    "options",
    "register",
    "summarize",
    "trainable_parameters",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"hundred.models.{_HOME[name]}"), name)
    raise AttributeError(f"module 'hundred.models' has no attribute {name!r}")
