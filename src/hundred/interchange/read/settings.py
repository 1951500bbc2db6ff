"""A layer's settings as a Keras file gives them, read with suspicion: type and range are checked."""

import math
from collections.abc import Iterable
from typing import Any

from hundred.errors import HundredError

#: No layer of an image classifier has a side, a stride or a count of channels near this.
LARGEST = 1 << 20


class NotNative(Exception):
    """A layer that is sound but has no native counterpart; Keras itself can still run the model."""

    def __init__(self, layer: str, class_name: str, reason: str) -> None:
        """`reason` completes the sentence 'layer X (Class) ...'."""
        super().__init__(f"layer {shown(layer)} ({shown(class_name)}) {reason}")
        self.layer, self.class_name, self.reason = layer, class_name, reason


class CustomObject(NotNative):
    """A class or function that is none of Keras' own; `custom` is its name."""

    def __init__(self, layer: str, class_name: str, reason: str, custom: str) -> None:
        super().__init__(layer, class_name, reason)
        self.custom = custom.rpartition(">")[2]  # Keras registers them as Package>Name


def shown(value: object, most: int = 60) -> str:
    """`value` as one printable line of at most `most` characters, whatever a hostile file put there."""
    text = value if isinstance(value, str) else repr(value)
    text = "".join(c if c.isprintable() else "?" for c in text[: most + 1])
    return text if len(text) <= most else text[: most - 3] + "..."


def listed(names: Iterable[str]) -> str:
    """Names as one printable line."""
    return ", ".join(shown(name) for name in names)


def shown_path(path: object) -> str:
    """A path as one printable line, in full."""
    return "".join(c if c.isprintable() else "?" for c in str(path))


class Settings:
    """The `config` of one layer. Every method raises HundredError naming layer, key and value at fault."""

    def __init__(self, values: Any, layer: str, class_name: str) -> None:
        """`layer` is its name in the file."""
        if not isinstance(values, dict):
            raise HundredError(f"layer {shown(layer)} ({shown(class_name)}): its config is no JSON object")
        self.values: dict[str, Any] = values
        self.layer, self.class_name = layer, class_name

    def wrong(self, key: str, allowed: str) -> HundredError:
        """The error for a value that no such layer can have."""
        return HundredError(
            f"layer {shown(self.layer)} ({shown(self.class_name)}): {key} is {shown(self.values.get(key))}, "
            f"allowed is {allowed}"
        )

    def not_native(self, reason: str) -> NotNative:
        """The exception for a sound layer that only Keras can run."""
        return NotNative(self.layer, self.class_name, reason)

    def integer(self, key: str, default: int | None = None, low: int = 1, high: int = LARGEST) -> int:
        """A whole number in low..high."""
        value = self.values.get(key, default)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self.wrong(key, f"a whole number from {low} to {high}")
        return value

    def number(self, key: str, default: float) -> float:
        """A finite number."""
        value = self.values.get(key, default)
        if isinstance(value, dict):  # Keras 2 wrote some scalars as {"type": "ndarray", "value": 0.3}
            value = value.get("value", value.get("config"))
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.wrong(key, "a number")
        try:
            value = float(value)
        except OverflowError:
            value = math.inf
        if not math.isfinite(value):
            raise self.wrong(key, "a finite number")
        return value

    def optional_number(self, key: str) -> float | None:
        """A finite number, or None where it is null or absent."""
        return None if self.values.get(key) is None else self.number(key, 0.0)

    def numbers(self, key: str, most: int = 10_000) -> list[float]:
        """One number or a (nested) list of at most about `most`, flattened."""
        found: list[float] = []
        waiting: list[Any] = [self.values.get(key)]
        while waiting:
            value = waiting.pop()
            if isinstance(value, dict) and "value" in value:
                value = value["value"]
            if isinstance(value, list) and len(found) + len(value) <= most:
                waiting.extend(reversed(value))
            elif isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e30:
                found.append(float(value))
            else:
                raise self.wrong(key, "a number or a list of numbers")
        if not found:
            raise self.wrong(key, "a number or a list of numbers")
        return found

    def flag(self, key: str, default: bool) -> bool:
        """True or false."""
        value = self.values.get(key, default)
        if not isinstance(value, bool | int) or value not in (0, 1):
            raise self.wrong(key, "true or false")
        return bool(value)

    def pair(self, key: str, default: Any = None, low: int = 1) -> tuple[int, int]:
        """(rows, columns) from one whole number or a list of two."""
        value = self.values.get(key, default)
        values = [value, value] if isinstance(value, int) else value
        if (
            not isinstance(values, list | tuple)
            or len(values) != 2
            or any(isinstance(v, bool) or not isinstance(v, int) or not low <= v <= LARGEST for v in values)
        ):
            raise self.wrong(key, f"one or two whole numbers from {low} to {LARGEST}")
        return values[0], values[1]

    def sides(self, key: str) -> tuple[int, int, int, int]:
        """((top, bottom), (left, right)) in any of Keras' short forms, as (left, right, top, bottom)."""
        value = self.values.get(key, 1)
        pairs = [value, value] if isinstance(value, int) else value
        if isinstance(pairs, list | tuple) and len(pairs) == 2:
            pairs = [[side, side] if isinstance(side, int) else side for side in pairs]
            flat = [v for side in pairs if isinstance(side, list | tuple) and len(side) == 2 for v in side]
            if len(flat) == 4 and all(type(v) is int and 0 <= v <= LARGEST for v in flat):
                return flat[2], flat[3], flat[0], flat[1]
        raise self.wrong(key, "[[top, bottom], [left, right]]")

    def text(self, key: str, default: str) -> str:
        """A string."""
        value = self.values.get(key, default)
        if value is None:
            return default
        if not isinstance(value, str):
            raise self.wrong(key, "a string")
        return value

    def choice(self, key: str, default: str, allowed: tuple[str, ...]) -> str:
        """One of the strings in `allowed`."""
        value = self.text(key, default)
        if value not in allowed:
            raise self.wrong(key, " or ".join(allowed))
        return value
