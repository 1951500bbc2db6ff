"""Figures as text for people, and any value as JSON's types: the one place for both.

Standard library only: the command line imports it before anything heavy.
"""

import math
from collections.abc import Mapping
from typing import Any

MISSING = "-"


def percent(value: float | None, digits: int = 2) -> str:
    """A fraction in percent, such as `57.10%`; `-` where there is no value."""
    return f"{value:.{digits}%}" if value is not None and is_known(value) else MISSING


def duration(seconds: float | None, digits: int = 0) -> str:
    """Such as ``9 s``, ``4 min 05 s`` or ``2 h 07 min``; ``-`` where there is no value.

    digits: after the point, below 100 s; with any, 60 to 100 s are written in seconds too.
    """
    if seconds is None or not 0 <= seconds < 1e9:
        return MISSING
    if seconds < (100 if digits else 59.5):
        return f"{seconds:.{digits}f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"


def file_size(size: float | None) -> str:
    """Bytes in powers of 1000 at three digits, such as `8.74 MB`."""
    if size is None or not is_known(size):
        return MISSING
    for unit in ("bytes", "kB", "MB"):
        if size < 999.5:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} GB"


def is_known(value: Any) -> bool:
    """Whether there is a value: not None, NaN or pandas' NA."""
    if value is None:
        return False
    try:
        return not math.isnan(value)
    except (TypeError, ValueError):
        return isinstance(value, str)


def plain(value: Any) -> Any:  # noqa: PLR0911 (one return a type reads best)
    """`value` in JSON's types: figures that are not finite become None, NumPy and torch values numbers or
    lists, tuples lists, paths and all else text."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    return str(value)
