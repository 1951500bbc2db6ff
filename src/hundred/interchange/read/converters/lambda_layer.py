"""Lambda layers of plain arithmetic, such as `lambda x: x / 127.5 - 1`, as a Rescale.

Only where the user lets the code in the file run: the function is called once, with a record of the tensor in
place of it. A function that does more than arithmetic with constants is left to Keras.
"""

import base64
import marshal
import types
from typing import Any

import numpy as np
import torch

from hundred.interchange.read.converters.conversion import Conversion, Converted
from hundred.interchange.read.converters.norm import spread
from hundred.interchange.read.layers.images import Rescale


class _Record:
    """x * scale + offset, each float64 [] or [channels]."""

    __array_ufunc__ = None  # NumPy constants leave the operation to the methods below

    def __init__(self, scale: Any = 1.0, offset: Any = 0.0) -> None:
        self.scale, self.offset = np.asarray(scale, np.float64), np.asarray(offset, np.float64)

    def __mul__(self, other: Any) -> "_Record":
        return _Record(self.scale * _number(other), self.offset * _number(other))

    def __add__(self, other: Any) -> "_Record":
        return _Record(self.scale, self.offset + _number(other))

    def __truediv__(self, other: Any) -> "_Record":
        return _Record(self.scale / _number(other), self.offset / _number(other))

    def __sub__(self, other: Any) -> "_Record":
        return _Record(self.scale, self.offset - _number(other))

    def __rsub__(self, other: Any) -> "_Record":
        return _Record(-self.scale, _number(other) - self.offset)

    def __neg__(self) -> "_Record":
        return _Record(-self.scale, -self.offset)

    __rmul__, __radd__ = __mul__, __add__


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float | list | tuple | np.ndarray | np.number):
        raise TypeError(type(value).__name__)
    array = np.asarray(value, np.float64)
    if array.ndim > 1:
        raise TypeError("constants of more than one axis")
    return array


def lambda_layer(c: Conversion) -> Converted:
    """Run the function on a record of its input. NotNative where it is not allowed, or is no arithmetic."""
    if not c.allow_lambda:
        raise c.settings.not_native("holds code")
    try:
        found = _function(c.settings.values.get("function"))(_Record(), **_arguments(c))
        if not isinstance(found, _Record):
            raise TypeError("no arithmetic")
        scale, offset = found.scale, found.offset
    except Exception:  # whatever the code does on a record instead of a tensor
        raise c.settings.not_native("holds code that is more than arithmetic with constants") from None
    if scale.size > 1 or offset.size > 1:
        c.needs_channels_last()
    values = (spread(c, array.reshape(-1).tolist(), "function") for array in (scale, offset))
    return Converted([("", Rescale(*(torch.as_tensor(value) for value in values)))], c.shape)


def _arguments(c: Conversion) -> dict[str, Any]:
    given = c.settings.values.get("arguments")
    return dict(given) if isinstance(given, dict) else {}


def _function(stored: Any) -> types.FunctionType:
    """The function as Keras 2 ([code, defaults, closure]) or Keras 3 ({"config": {"code": ...}}) has it."""
    if isinstance(stored, dict):
        inner = stored["config"]
        stored = [inner["code"], inner.get("defaults"), inner.get("closure")]
    code, defaults, closure = stored
    if closure:
        raise TypeError("a closure")
    compiled = marshal.loads(base64.b64decode(code))  # noqa: S302 - the user allowed the code in the file
    plain = tuple(defaults) if isinstance(defaults, list) else defaults
    return types.FunctionType(compiled, {"np": np}, argdefs=plain)
