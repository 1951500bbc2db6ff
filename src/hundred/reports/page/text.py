"""Values as a page prints them, and as JSON that a browser reads."""

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from markupsafe import Markup

from hundred.reports.figures.pareto import duration

MISSING = "–"


def known(value: Any) -> bool:
    """Whether there is a value: not None, NaN or pandas' NA."""
    if value is None:
        return False
    try:
        return not math.isnan(value)
    except (TypeError, ValueError):
        return isinstance(value, str)


def percent(value: Any, digits: int = 1) -> str:
    """A fraction in percent, such as `57.1%`."""
    return f"{float(value):.{digits}%}" if known(value) else MISSING


def points(value: Any) -> str:
    """A difference of fractions in percentage points with its sign, such as `+2.5` or `−0.4`."""
    return f"{100 * float(value):+.1f}".replace("-", "−") if known(value) else MISSING


def number(value: Any) -> str:
    """A count with its thousands set apart, or another number at three digits."""
    if not known(value):
        return MISSING
    value = float(value)
    return f"{value:,.0f}" if value.is_integer() or abs(value) >= 1000 else f"{value:.3g}"


def decimal(value: Any, digits: int = 3) -> str:
    """A number at a fixed count of digits after the point."""
    return f"{float(value):.{digits}f}" if known(value) else MISSING


def seconds(value: Any) -> str:
    """A time as people say it."""
    return duration(float(value)) if known(value) else MISSING


def file_size(value: Any) -> str:
    """Bytes as people say them, in powers of 1000."""
    if not known(value):
        return MISSING
    size = float(value)
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} GB"


def exact(value: Any) -> str:
    """A number with all its digits, as result.json has it; '' where there is none."""
    return repr(float(value)) if known(value) and not isinstance(value, bool | str) else ""


def to_json(value: Any) -> Markup:
    """`value` as JSON that is safe inside a script element; NaN and infinities become null."""
    text = json.dumps(plain(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 - nothing in it can end the script element


def plain(value: Any) -> Any:
    """`value` as what JSON has words for."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, str | int | bool) else str(value)
