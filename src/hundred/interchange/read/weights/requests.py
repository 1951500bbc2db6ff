"""What the layers ask of a file: each weight by its place, name and shape, before any of it is read.

Conversion runs in two steps. First every layer states its requests and is built on torch's meta device, which
takes no memory; then a weight source finds each array, compares shapes, and only then reads.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


class Readable(Protocol):
    """An array whose shape is known before its values are read."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    def read(self) -> Array: ...


@dataclass
class Request:
    """The weights of one layer, in Keras' order.

    path: names from the outermost model's layer down to this layer.
    names: of each weight, such as `kernel`; shapes: as Keras has them.
    trainable: for each weight, whether Keras counts it as such (it orders nested models' weights in `.h5`).
    give: takes the arrays, in the order of `names`, and puts them into the native layer.
    parts: for each weight, the layer inside this one that it belongs to; () where there are none.
    lora: the factor of a low-rank update of the kernel that a file may hold beside it; 0 for none.
    """

    path: tuple[str, ...]
    names: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    trainable: tuple[bool, ...]
    give: Callable[[list[Array]], None]
    parts: tuple[str, ...] = ()
    lora: float = 0.0
    found: list["Readable"] = field(default_factory=list)


class WeightSource(Protocol):
    """A place that holds weights: `.h5` of Keras 2 and 3, or the weights file in a `.keras` archive."""

    def locate(self, requests: list[Request]) -> None:
        """Fill `found` of every request. Raises HundredError for a missing weight."""
