"""What a sweep varies: keys of the recipe, each with a range or a list of values, as written in `--vary`."""

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hundred.errors import UsageError
from hundred.recipe.keys import annotation_of
from hundred.recipe.load import leaves, load_recipe, parse_value

DIGITS = 4  # of a drawn number: a learning rate of 0.01234567 trains no differently from 0.01235
MOST_POINTS = 1_000_000
# Varied, these would make trials incomparable, or do not belong to the experiment.
_FIXED = ("seed", "name", "summary", "extends", "tracking", "data")
_ALLOWED = ("data.scaling",)
_FORM = "write it as KEY=LOW..HIGH, KEY=LOW..HIGH:log, or KEY=A,B,C"

Vary = Mapping[str, Any] | Iterable[str]
Value = int | float | str | bool | list[Any]


@dataclass(frozen=True)
class Range:
    """Numbers from low to high, both included. log: uniform in the logarithm. whole: integers."""

    key: str
    low: float
    high: float
    log: bool
    whole: bool

    def rounded(self, value: float) -> float | int:
        """A drawn value as it goes into the recipe: a whole number, or DIGITS digits inside the range."""
        if self.whole:
            return round(value)
        return min(max(float(f"{value:.{DIGITS}g}"), self.low), self.high)

    def extremes(self) -> list[Value]:
        """The values that the recipe must allow for all to be allowed."""
        return [int(self.low), int(self.high)] if self.whole else [self.low, self.high]


@dataclass(frozen=True)
class Choice:
    """One of some values, in the order given."""

    key: str
    values: tuple[Value, ...]

    def extremes(self) -> list[Value]:
        """The values that the recipe must allow: each."""
        return list(self.values)


Parameter = Range | Choice
Space = tuple[Parameter, ...]


def parse_space(vary: Mapping[str, Any], recipe: Mapping[str, Any]) -> Space:
    """The parameters that `vary` describes, each checked against the recipe (its values as plain ones).

    Raises UsageError for a key or value that the recipe does not take, or that trials must share.
    """
    if not vary:
        raise UsageError(
            "a sweep needs something to vary, such as --vary training.learning_rate=1e-3..1e-1:log"
        )
    space = tuple(_parameter(key, given) for key, given in vary.items())
    known = leaves(load_recipe(recipe).recipe)
    for parameter in space:
        key = parameter.key
        if key.split(".")[0] in _FIXED and key not in _ALLOWED:
            raise UsageError(f"--vary {key}: all trials must share it, or they could not be compared")
        for value in parameter.extremes():
            found = leaves(load_recipe(recipe, {key: value}).recipe)
            if key not in known and key not in found:
                raise UsageError(f"--vary {key}: that is a table; vary one of its keys")
    return space


def parse_vary(vary: Vary) -> dict[str, Any]:
    """`KEY=VALUES` texts as a mapping; a mapping as a plain one. Raises UsageError for a text without `=`."""
    if isinstance(vary, Mapping):
        # As it will be read back from the sweep's file, so that the same call compares as the same.
        return {str(key): json.loads(json.dumps(value, default=list)) for key, value in vary.items()}
    found: dict[str, Any] = {}
    for text in vary:
        key, sign, value = text.partition("=")
        if not sign or not key.strip() or not value.strip():
            raise UsageError(f"--vary {text!r}: {_FORM}")
        if key.strip() in found:
            raise UsageError(f"--vary {key.strip()} is given twice: list all its values in one")
        found[key.strip()] = value.strip()
    return found


def count_points(space: Space) -> int | None:
    """How many different trials there are, None where a range is continuous."""
    count = 1
    for parameter in space:
        if isinstance(parameter, Choice):
            count *= len(parameter.values)
        elif parameter.whole:
            count *= int(parameter.high) - int(parameter.low) + 1
        else:
            return None
    return count


def grid_point(space: Space, number: int) -> dict[str, Value]:
    """The point of the grid with this number, the last key changing quickest."""
    found: dict[str, Value] = {}
    for parameter in reversed(space):
        values = grid_values(parameter)
        number, place = divmod(number, len(values))
        found[parameter.key] = values[place]
    return {parameter.key: found[parameter.key] for parameter in space}


def grid_values(parameter: Parameter) -> Sequence[Value]:
    """All values of a parameter. Raises UsageError for a continuous range."""
    if isinstance(parameter, Choice):
        return parameter.values
    if not parameter.whole:
        raise UsageError(
            f"--vary {parameter.key}: a grid needs to know how many values of a range: "
            f"add their number, as in {parameter.low:g}..{parameter.high:g}:5, or list them"
        )
    return range(int(parameter.low), int(parameter.high) + 1)


def _parameter(key: str, given: Any) -> Parameter:
    if _is_list(given):
        return _choice(key, list(given))
    text = str(given)
    if ".." in text and not text.startswith(("[", '"', "'")):
        return _range(key, text)
    return _choice(key, [parse_value(key, part) for part in _split(text)])


def _choice(key: str, values: list[Any]) -> Choice:
    kept = [value for place, value in enumerate(values) if value not in values[:place]]
    if not kept:
        raise UsageError(f"--vary {key}: there is nothing to choose from; {_FORM}")
    return Choice(key, tuple(kept))


def _range(key: str, text: str) -> Parameter:
    """`LOW..HIGH` followed by `:log` and `:COUNT` in any order; a count makes so many evenly spaced
    values."""
    ends, *options = text.split(":")
    low_text, _, high_text = ends.partition("..")
    try:
        low, high = float(low_text), float(high_text)
    except ValueError:
        raise UsageError(f"--vary {key}={text}: {ends!r} is no range of numbers; {_FORM}") from None
    log, count = False, 0
    for option in options:
        if option == "log":
            log = True
        elif option.isdecimal() and int(option) >= 2:
            count = int(option)
        else:
            raise UsageError(
                f"--vary {key}={text}: {option!r} is neither `log` nor a number of values from 2"
            )
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise UsageError(f"--vary {key}={text}: a range goes from a number up to a larger one")
    if log and low <= 0:
        raise UsageError(f"--vary {key}={text}: a logarithmic range begins above 0")
    # An option of a network has no declared type: it is whole where both ends are written so.
    declared = annotation_of(key)
    whole = declared is int or (declared is None and all(map(_is_whole, (low_text, high_text))))
    if whole and not (low.is_integer() and high.is_integer()):
        raise UsageError(f"--vary {key}={text}: {key} takes whole numbers")
    found = Range(key, low, high, log, whole)
    return found if not count else _choice(key, [found.rounded(value) for value in _spaced(found, count)])


def _spaced(given: Range, count: int) -> list[float]:
    shares = [place / (count - 1) for place in range(count)]
    if given.log:
        return [given.low * (given.high / given.low) ** share for share in shares]
    return [given.low + (given.high - given.low) * share for share in shares]


def _split(text: str) -> list[str]:
    """Parts between commas, but not inside brackets or quotes."""
    parts = re.findall(r"(?:\[[^\]]*\]|\"[^\"]*\"|'[^']*'|[^,])+", text)
    return [part.strip() for part in parts if part.strip()]


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _is_whole(text: str) -> bool:
    return re.fullmatch(r"\s*[+-]?\d+\s*", text) is not None
