"""One call of a torch layer or function, as the handlers that trace it see it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn

from hundred.interchange.write.graph import Graph


class Unknown(Exception):
    """A layer or function used in a way that no file format here has; completes 'the layer X ...'."""


@dataclass(frozen=True)
class Value:
    """A tensor that depends on the images: its name on the graph and its shape without the batch."""

    name: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class OpCall:
    """Arguments as given, with tensors as `Value` and constants as they are; `shape` is the output's."""

    graph: Graph
    args: Sequence[Any]
    kwargs: dict[str, Any]
    shape: tuple[int, ...]
    hint: str
    layer: Any = None
    trainable: bool = True

    def argument(self, position: int, name: str, default: Any = None) -> Any:
        """An argument by position or name."""
        return self.args[position] if len(self.args) > position else self.kwargs.get(name, default)

    @property
    def value(self) -> Value:
        """The first tensor."""
        first = self.args[0] if self.args else self.kwargs.get("input", self.kwargs.get("x"))
        if not isinstance(first, Value):
            raise Unknown("is used in a way not known here")
        return first

    def image(self) -> Value:
        """The first tensor, which must be a feature map [n, c, h, w]."""
        if len(self.value.shape) != 3:
            raise Unknown(f"works on a tensor of shape {['n', *self.value.shape]}, no feature map")
        return self.value

    def add(self, kind: str, *, shape: Sequence[int] | None = None, **more: Any) -> str:
        """Append an operation on the first tensor, with this call's output shape."""
        return self.graph.add(
            kind, [self.value.name], self.shape if shape is None else shape, hint=self.hint, **more
        )


Handler = Callable[[OpCall], str]


def pair(value: Any) -> tuple[int, int]:
    """(rows, columns) from one number or two."""
    if isinstance(value, int):
        return value, value
    rows, columns = value
    return int(rows), int(columns)


def mode_of(module: nn.Module) -> str:
    """The padding mode of a convolution."""
    return str(getattr(module, "padding_mode", "zeros"))
