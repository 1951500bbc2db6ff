"""Damage made on purpose, the same on every machine: bytes that are wrong, and values that are not what they
should be.
"""

import copy
import math
import random
from collections.abc import Iterator
from typing import Any

HOSTILE_BYTES = (
    b"\x00",
    b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff\xff\xff\xff\xff",
    b"NaN",
    b"1e999",
    b"-1",
    b'"',
    b"[",
    b"[" * 5000,
    b"{" * 5000,
    b"\n",
    b",",
    b"\xc3\x28",  # no UTF-8
    b"../../../etc/passwd",
    b"<script>alert(1)</script>",
    b"\x80\x04cos\nsystem\n(S'touch executed'\ntR.",  # a pickle that would run a command
)
HOSTILE_VALUES: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    10**400,
    1e308,
    -1e308,
    math.inf,
    math.nan,
    "",
    "x",
    "9" * 5000,
    "\x00\x1b[31m",
    "../../../etc/passwd",
    "<script>alert(1)</script>",
    "file:/etc/passwd",
    [],
    {},
    [[[[[]]]]],
    {"": {"": None}},
    [1, "a", None],
    "\ud800",
)


def damaged(content: bytes, cases: int, seed: int) -> Iterator[bytes]:
    """`cases` damaged copies of `content`: bytes changed, lost, doubled, blanked, moved or put in."""
    draws = random.Random(seed)
    for _ in range(cases):
        data = bytearray(content)
        for _ in range(draws.choice((1, 1, 1, 2, 8))):
            _damage(data, draws)
        yield bytes(data)


def _damage(data: bytearray, draws: random.Random) -> None:
    at = draws.randrange(len(data) + 1)
    length = min(draws.choice((1, 2, 4, 16, 64, 1024)), len(data) - at)
    kind = draws.randrange(7)
    if kind == 0 and at < len(data):
        data[at] ^= 1 << draws.randrange(8)
    elif kind == 1:
        del data[at:]
    elif kind == 2:
        del data[at : at + length]
    elif kind == 3:
        data[at:at] = data[at : at + length]
    elif kind == 4:
        data[at : at + length] = bytes(length)
    elif kind == 5:
        data[at : at + length] = draws.randbytes(length)
    else:
        data[at:at] = draws.choice(HOSTILE_BYTES)


def changed(value: Any, cases: int, seed: int) -> Iterator[tuple[str, Any]]:
    """(what was done, copy) for `cases` copies of nested dicts and lists with one value changed or gone."""
    draws = random.Random(seed)
    for _ in range(cases):
        made = copy.deepcopy(value)
        owner, key, where = draws.choice(list(_places(made, "")))
        if draws.random() < 0.15:
            del owner[key]
            yield f"{where} gone", made
        else:
            owner[key] = draws.choice(HOSTILE_VALUES)
            yield f"{where} = {str(owner[key])[:40]!r}", made


def _places(value: Any, where: str) -> Iterator[tuple[Any, Any, str]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in list(pairs):
        yield value, key, f"{where}.{key}"
        yield from _places(inner, f"{where}.{key}")
