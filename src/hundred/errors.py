"""Errors for users: what is wrong, with the value at fault, and what to do."""

import difflib
from collections.abc import Iterable


class HundredError(Exception):
    """The work failed. The command line prints its text, without a traceback, and exits with 1.

    The text is one or two lines: what is wrong with the value at fault, then the way out.
    """

    exit_code = 1


class UsageError(HundredError):
    """Wrong use (a bad option, recipe or name). The command line exits with 2."""

    exit_code = 2


class MissingExtra(HundredError):
    """An optional package is needed and absent."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        """`package` is what failed to import, `extra` the name in `pip install 'hundred[extra]'`."""
        super().__init__(f"{purpose} needs {package}, which is not installed: pip install 'hundred[{extra}]'")


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint such as ``; did you mean 'school'?`` for a mistyped `name`, or '' where nothing is near."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else ""
