"""What a converter works with: one Keras layer, the shapes it is called on, a place to ask for weights."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from hundred.interchange.requests import Array, Request
from hundred.interchange.settings import Settings

#: A shape as Keras has it, without the batch: (rows, columns, channels) or (features,).
Shape = tuple[int, ...]
#: The native layers of one Keras layer, in order; the first may take several tensors. '' is the layer itself.
Modules = list[tuple[str, nn.Module]]


@dataclass(frozen=True)
class Converted:
    """Native layers and the shape that they give."""

    modules: Modules
    shape: Shape


@dataclass
class Conversion:
    """One Keras layer about to be converted.

    shapes: of the tensors it is called on. path: names from the outermost model down to it.
    version and backend: Keras' major version, since some activations changed, and what it ran on, since
    poolings differ. constants: other arguments of the call.
    """

    settings: Settings
    shapes: Sequence[Shape]
    path: tuple[str, ...]
    version: int
    trainable: bool
    backend: str = "tensorflow"
    constants: Sequence[Any] = ()
    requests: list[Request] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def shape(self) -> Shape:
        """The shape of the one tensor it is called on."""
        if len(self.shapes) != 1:
            raise self.settings.not_native(f"is called on {len(self.shapes)} tensors")
        return self.shapes[0]

    def image_shape(self) -> tuple[int, int, int]:
        """(rows, columns, channels) of the one tensor, or NotNative where it is no feature map."""
        if len(self.shape) != 3:
            raise self.settings.not_native(f"works on a tensor of shape {list(self.shape)}, no feature map")
        return self.shape[0], self.shape[1], self.shape[2]

    def ask(self, weights: Sequence[tuple[str, Shape, bool]], give: Callable[[list[Array]], None]) -> None:
        """Request `weights` as (name, Keras' shape, trainable), in Keras' order; `give` gets their values."""
        if weights:
            names, shapes, trainable = zip(*weights, strict=True)
            flags = tuple(flag and self.trainable for flag in trainable)
            self.requests.append(Request(self.path, names, shapes, flags, give))


def tensor(array: Array) -> Tensor:
    """`array` as a tensor of its own memory."""
    return torch.from_numpy(np.ascontiguousarray(array))


def parameter(array: Array) -> nn.Parameter:
    """`array` as a trainable parameter."""
    return nn.Parameter(tensor(array))
