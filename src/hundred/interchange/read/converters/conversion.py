"""What a converter works with: one Keras layer, the shapes it is called on, a place to ask for weights."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from hundred.interchange.read.settings import Settings
from hundred.interchange.read.weights.requests import Array, Request

#: A shape without the batch: (rows, columns, channels), whichever the file puts first, of a tensor
#: [n, c, h, w]; of every other rank in the order of the tensor, as (features,) or (steps, features).
Shape = tuple[int, ...]
#: Marks the place of a tensor among the arguments of a call.
TENSOR = object()
#: The native layers of one Keras layer, in order; the first may take several tensors. '' is the layer itself.
Modules = list[tuple[str, nn.Module]]


@dataclass(frozen=True)
class Converted:
    """Native layers and the shape that they give; `parts` instead, where the layer has several outputs."""

    modules: Modules
    shape: Shape
    parts: "tuple[Converted, ...]" = ()


@dataclass
class Conversion:
    """One Keras layer about to be converted.

    shapes: of the tensors it is called on. path: names from the outermost model down to it.
    version and backend: Keras' major version, since some activations changed, and what it ran on, since
    poolings differ. channels_first: whether the model's layers work so.
    arguments: of the call, in order, with TENSOR for each tensor; keywords: constants among them by name.
    inference: whether the layer works as at test time in training too. allow_lambda: whether code in the file
    may run.
    """

    settings: Settings
    shapes: Sequence[Shape]
    path: tuple[str, ...]
    version: int
    trainable: bool
    backend: str = "tensorflow"
    channels_first: bool = False
    arguments: Sequence[Any] = ()
    keywords: Mapping[str, Any] = field(default_factory=dict)
    inference: bool = False
    allow_lambda: bool = False
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

    def needs_own_format(self) -> None:
        """Refuse a layer that takes its channels from another axis than the rest of the model."""
        first = self.settings.text("data_format", "channels_last") == "channels_first"
        if first != self.channels_first:
            raise self.settings.not_native("puts the channels on another axis than other layers do")

    def needs_channels_last(self) -> None:
        """Refuse a layer whose axes are only known here in models that work channels-last."""
        if self.channels_first and len(self.shape) > 1:
            raise self.settings.not_native("works along other axes in a model that works channels-first")

    def place(self, axis: int) -> int:
        """Keras' `axis` of the first tensor (from 1, or negative) as an index into its shape as used here.

        Raises ValueError where the tensor has no such axis.
        """
        rank = len(self.shapes[0])
        if type(axis) is not int or not -rank <= axis <= rank or axis == 0:
            raise ValueError(axis)
        place = axis % (rank + 1) - 1
        return (place + 2) % 3 if self.channels_first and rank == 3 else place

    def ask(
        self,
        weights: Sequence[tuple[str, Shape, bool]],
        give: Callable[[list[Array]], None],
        parts: Sequence[str] = (),
    ) -> None:
        """Request `weights` as (name, Keras' shape, trainable), in Keras' order; `give` gets their values.

        parts: the layer inside this one that each weight belongs to, where there are such.
        """
        if weights:
            names, shapes, trainable = zip(*weights, strict=True)
            flags = tuple(flag and self.trainable for flag in trainable)
            self.requests.append(Request(self.path, names, shapes, flags, give, tuple(parts), self._lora()))

    def _lora(self) -> float:
        """The factor of the layer's low-rank update, 0 where it has none."""
        rank = self.settings.values.get("lora_rank")
        if type(rank) is not int or rank < 1:
            return 0.0
        return self.settings.number("lora_alpha", float(rank)) / rank


def tensor(array: Array) -> Tensor:
    """`array` as a tensor of its own memory."""
    return torch.from_numpy(np.ascontiguousarray(array))


def parameter(array: Array) -> nn.Parameter:
    """`array` as a trainable parameter."""
    return nn.Parameter(tensor(array))
