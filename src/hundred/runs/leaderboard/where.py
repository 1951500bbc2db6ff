"""Conditions on runs for `hundred runs --where`: `test_accuracy>0.6 and (recipe=sprint or tags=best)`."""

import operator
import re
from collections.abc import Callable
from typing import Any

from hundred.errors import UsageError

Condition = Callable[[Callable[[str], Any]], bool]

_TOKEN = re.compile(r"""\s*(<=|>=|!=|==|=|<|>|~|\(|\)|"[^"]*"|'[^']*'|[^\s()<>=!~"']+)""")
_ORDERED = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_OPERATORS = ("=", "==", "!=", "~", *_ORDERED)
_MOST_NESTED = 100
_FORM = "write it as COLUMN=VALUE (or != < <= > >= ~), joined by and, or, not"


def parse_where(text: str) -> tuple[Condition, set[str]]:
    """The condition that `text` states, and the columns it reads.

    `=` of a column that is a list (tags) asks whether it holds the value; `~` whether a text contains it. A
    value may be a number, a percentage (`60%`), true, false, none (not measured) or a text.

    Raises UsageError in one line where `text` is no condition.
    """
    parser = _Parser(text)
    condition = parser.either()
    if parser.rest:
        raise UsageError(f"--where {text!r}: {parser.rest[0]!r} is unexpected; {_FORM}")
    return condition, parser.columns


class _Parser:
    """Recursive descent over the tokens: `or` of `and` of `not` of comparisons."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.columns: set[str] = set()
        self.rest: list[str] = []
        position = 0
        while position < len(text.rstrip()):
            token = _TOKEN.match(text, position)
            if token is None:
                raise UsageError(f"--where {text!r}: cannot read {text[position:].strip()!r}; {_FORM}")
            self.rest.append(token[1])
            position = token.end()
        if sum(token.lower() in ("(", "not") for token in self.rest) > _MOST_NESTED:
            raise UsageError(f"--where {text[:60]!r}...: it has more than {_MOST_NESTED} ( and not")

    def either(self) -> Condition:
        parts = [self.both()]
        while self._take("or"):
            parts.append(self.both())
        return lambda get: any(part(get) for part in parts)

    def both(self) -> Condition:
        parts = [self.inverted()]
        while self._take("and"):
            parts.append(self.inverted())
        return lambda get: all(part(get) for part in parts)

    def inverted(self) -> Condition:
        if self._take("not"):
            inner = self.inverted()
            return lambda get: not inner(get)
        if self._take("("):
            inner = self.either()
            if not self._take(")"):
                raise UsageError(f"--where {self.text!r}: a ) is missing")
            return inner
        return self._comparison()

    def _comparison(self) -> Condition:
        if len(self.rest) < 3 or self.rest[1] not in _OPERATORS:
            near = " ".join(self.rest[:3])
            raise UsageError(f"--where {self.text!r}: {near!r} is no comparison; {_FORM}")
        column, sign, literal = self.rest[:3]
        del self.rest[:3]
        self.columns.add(column)
        wanted = _value(literal)
        if sign in _ORDERED and not isinstance(wanted, float | str):
            raise UsageError(f"--where {self.text!r}: {sign} takes a number or a date, not {literal}")
        return lambda get: _compare(get(column), sign, wanted)

    def _take(self, token: str) -> bool:
        if self.rest and self.rest[0].lower() == token:
            del self.rest[0]
            return True
        return False


def _value(literal: str) -> Any:
    if literal[0] in "\"'":
        return literal[1:-1]
    named = {"true": True, "false": False, "none": None}
    if literal.lower() in named:
        return named[literal.lower()]
    try:
        return float(literal.removesuffix("%")) / (100.0 if literal.endswith("%") else 1.0)
    except ValueError:
        return literal


def _compare(found: Any, sign: str, wanted: Any) -> bool:
    """Whether `found` compares so with `wanted`; what was not measured is unequal to every value."""
    if sign == "!=":
        return not _compare(found, "=", wanted)
    if sign == "~":
        return isinstance(found, str | list) and str(wanted).lower() in str(found).lower()
    if sign in ("=", "=="):
        return str(wanted) in map(str, found) if isinstance(found, list) else bool(found == wanted)
    comparable = isinstance(found, str) if isinstance(wanted, str) else _is_number(found)
    return comparable and bool(_ORDERED[sign](found, wanted))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
