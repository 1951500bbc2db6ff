"""One experiment from recipe to finished run directory, once or with several seeds; tests of saved models.

This room joins all the others; the command line and notebooks call it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hundred.experiment.repeat import Repeats
    from hundred.experiment.retest import TestResult, test
    from hundred.experiment.start import train

_HOME = {"Repeats": "repeat", "TestResult": "retest", "test": "retest", "train": "start"}

__all__ = ["Repeats", "TestResult", "test", "train"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
