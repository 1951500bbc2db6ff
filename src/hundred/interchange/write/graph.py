"""A network as plain operations, between torch and the file formats.

Tensors of rank 4 (with the batch) are feature maps, channels first; all others are in the order of Keras.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

#: The operations, and what `settings` (s) and `weights` (w) each has. Sides are (left, right, top, bottom).
KINDS = {
    "conv": "s: stride, sides, dilation, groups, trainable; w: weight [out, in/groups, rows, columns], bias?",
    "conv_transpose": "s: stride, trainable; w: weight [in, out, rows, columns], bias?",
    "linear": "s: trainable; w: weight [out, in], bias?; over the last axis",
    "norm": "s: epsilon, momentum (Keras'), trainable; w: scale?, shift?, mean, variance",
    "layer_norm": "s: epsilon, over (channels or all), trainable; w: scale?, shift?",
    "group_norm": "s: epsilon, groups, trainable; w: scale?, shift?",
    "activation": "s: name, alpha (a slope or the largest value)",
    "prelu": "s: trainable; w: slope [channels, rows or 1, columns or 1]",
    "softmax": "s: axis? (of the tensor as it is; 1, the channels or features, where it is not set)",
    "log": "of probabilities; only at the very end, where a softmax undoes it",
    "dropout": "s: rate, whole_channels, per_image?",
    "pool": "s: how (max or mean), kernel, stride, sides, count_padding",
    "global_pool": "s: how, keepdims",
    "pad": "s: sides",
    "crop": "s: sides",
    "upsample": "s: size, mode (nearest or bilinear)",
    "flatten": "s: order (channels-first or channels-last)",
    "reshape": "s: target, as Keras has it",
    "permute": "s: dims, as Keras has them",
    "combine": "s: how (add, subtract, multiply, average, maximum, minimum)",
    "concatenate": "s: dim (1 is the channels)",
    "rescale": "w: scale, offset, each [] or one for each channel; x * scale + offset",
    "pool_sequence": "s: how (max or mean), size, stride, sides (before, after)",
    "reduce": "s: how (mean, sum, max, min), axes of Keras, keepdims",
    "slice": "s: parts, for each axis of Keras (start, stop, step) or one index",
    "pad_axes": "s: pads, (before, after) for each axis of Keras",
    "unit_norm": "s: axis of Keras, epsilon",
    "matmul": "s: transpose_a, transpose_b; two tensors [steps, features]",
    "affine": "s: trainable; w: scale? [last axis], shift? (the whole shape, as Keras orders it)",
    "standardize": "w: mean, std, each [] or one for each channel; (x - mean) / std",
}


@dataclass
class Operation:
    """One operation. `shape` is that of its output, channels first, without the batch."""

    name: str
    kind: str
    inputs: list[str]
    shape: tuple[int, ...]
    settings: dict[str, Any] = field(default_factory=dict)
    weights: dict[str, Array] = field(default_factory=dict)


@dataclass
class Graph:
    """Operations in an order that can be run. `input` and `output` are names; `shape` is the input's."""

    shape: tuple[int, ...]
    operations: list[Operation] = field(default_factory=list)
    input: str = "image"
    output: str = "image"

    def __post_init__(self) -> None:
        self._shapes = {self.input: self.shape}
        self._names = {self.input}

    def add(
        self,
        kind: str,
        inputs: Sequence[str],
        shape: Sequence[int] | None = None,
        *,
        hint: str = "",
        weights: Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> str:
        """Append an operation; give its name. `shape` is the first input's where it is not said."""
        if kind not in KINDS:
            raise ValueError(kind)
        name = base = hint or kind
        number = 1
        while name in self._names:
            name, number = f"{base}_{number}", number + 1
        self._names.add(name)
        output = tuple(shape) if shape is not None else self._shapes[inputs[0]]
        self._shapes[name] = output
        arrays = {key: as_array(value) for key, value in (weights or {}).items() if value is not None}
        self.operations.append(Operation(name, kind, list(inputs), output, settings, arrays))
        self.output = name
        return name

    def shape_of(self, name: str) -> tuple[int, ...]:
        """The shape of a value, channels first, without the batch."""
        return self._shapes[name]

    def users(self, name: str) -> list[Operation]:
        """The operations that take the value `name`."""
        return [operation for operation in self.operations if name in operation.inputs]


def keras_order(shape: Sequence[int]) -> tuple[int, ...]:
    """A shape without the batch in the order of Keras: a map's channels last."""
    return (*shape[1:], shape[0]) if len(shape) == 3 else tuple(shape)


def stored_order(shape: Sequence[int]) -> tuple[int, ...]:
    """The opposite of `keras_order`."""
    return (shape[2], *shape[:2]) if len(shape) == 3 else tuple(shape)


def written_name(name: str) -> str:
    """The name in a file of the layer or value `name` of a network. Keras wants a letter first."""
    plain = re.sub(r"[^0-9A-Za-z_]+", "_", name)
    return plain if plain[:1].isalpha() else f"layer_{plain}"


def as_array(value: Any) -> Array:
    """A tensor of any float type, or a number, as float32."""
    if hasattr(value, "detach"):
        value = value.detach().float().cpu().numpy()
    return np.array(value, dtype=np.float32)
