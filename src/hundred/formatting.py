"""Values as text for people, and as JSON for programs: one form on pages, figures and terminals.

Everything takes what tables hold: numbers of Python and NumPy, and None, NaN or pandas' NA where nothing was
measured, which prints as `MISSING` and becomes null in JSON. Standard library only: the command line imports
this before anything heavy.
"""

import math
import shlex
from collections.abc import Mapping
from typing import Any

MISSING = "–"

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_LONGEST_SECONDS = 1e9  # 30 years: an estimate beyond it is none


def is_known(value: Any) -> bool:
    """Whether there is a value: not None, NaN or pandas' NA."""
    if value is None:
        return False
    try:
        return not math.isnan(value)
    except (TypeError, ValueError):
        return isinstance(value, str)


def percent(value: Any, digits: int = 2) -> str:
    """A fraction in percent, such as `57.12%`."""
    return f"{float(value):.{digits}%}" if is_known(value) else MISSING


def points(value: Any, digits: int = 1) -> str:
    """A difference of fractions in percentage points with its sign, such as `+2.5` or `−0.4`."""
    return f"{100 * float(value):+.{digits}f}".replace("-", "−") if is_known(value) else MISSING


def number(value: Any) -> str:
    """A count with its thousands set apart, or another number at three digits."""
    if not is_known(value):
        return MISSING
    value = float(value)
    return f"{value:,.0f}" if value.is_integer() or abs(value) >= 1000 else f"{value:.3g}"


def decimal(value: Any, digits: int = 3) -> str:
    """A number with a fixed count of digits after the point."""
    return f"{float(value):.{digits}f}" if is_known(value) else MISSING


def readable(name: str) -> str:
    """A class or superclass name for people: `aquarium_fish` becomes `aquarium fish`."""
    return name.replace("_", " ")


def plural(count: float, one: str, many: str = "") -> str:
    """A count with its noun: `1 class`, `100 classes`, `1,775 images`."""
    many = many or one + ("es" if one.endswith(("s", "x", "sh")) else "s")
    return f"{count:,} {one if count == 1 else many}"


def duration(seconds: Any) -> str:
    """Such as `0.25 s`, `9.3 s`, `45 s`, `4 min 05 s`, `2 h 07 min`, `2 h` or `3 d 04 h`."""
    if not is_known(seconds) or not 0 <= seconds < _LONGEST_SECONDS:
        return MISSING
    seconds = float(seconds)
    if seconds < 9.95:
        return f"{seconds:.2g} s"
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return _in_two_units(whole, _MINUTE, "min", "s")
    minutes = round(seconds / _MINUTE)
    if minutes < _DAY // _MINUTE:
        return _in_two_units(minutes, 60, "h", "min")
    return _in_two_units(round(seconds / _HOUR), 24, "d", "h")


def eta(seconds: Any) -> str:
    """An estimate of the seconds left, which deserves no fractions: a `duration` of whole seconds."""
    return duration(round(seconds) if is_known(seconds) and abs(seconds) < _LONGEST_SECONDS else None)


def _in_two_units(value: int, base: int, large: str, small: str) -> str:
    whole, rest = divmod(value, base)
    return f"{whole} {large} {rest:02d} {small}" if rest else f"{whole} {large}"


def file_size(size: Any) -> str:
    """Bytes in powers of 1000 at three digits, such as `512 bytes`, `12.5 kB` or `8.74 MB`."""
    if not is_known(size):
        return MISSING
    size = float(size)
    for unit in ("bytes", "kB", "MB"):
        if size < 999.5:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:,.3g} GB" if size < 999.5 else f"{size:,.0f} GB"


def csv_safe(value: Any) -> Any:
    """`value` for a cell of a CSV file: a text that a spreadsheet would run as a formula gets a `'` before
    it."""
    formula = (
        isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") and not _is_number(value)
    )
    return f"'{value}" if formula else value


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def command(*words: Any) -> str:
    """A command line of Hundred that works as pasted into a shell: words with spaces are quoted."""
    return shlex.join(["hundred", *map(str, words)])


def json_safe(value: Any) -> Any:  # noqa: PLR0911 (one return for each type reads best)
    """`value` in JSON's types: what is missing or not finite becomes None, NumPy's and torch's values numbers
    or lists, tuples lists, paths and everything else text."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, Mapping):
        return {str(key): json_safe(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [json_safe(item) for item in value]
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if hasattr(value, "tolist"):
        return json_safe(value.tolist())
    return None if type(value).__name__ in ("NAType", "NaTType") else str(value)


def shortened(value: Any) -> str:
    """A setting within a sentence: at most 60 characters, `unset` for None."""
    if value is None:
        return "unset"
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."
