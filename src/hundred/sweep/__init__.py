"""Many runs: searches over a recipe's values, and repeats, one after another or on a Ray cluster.

`hundred.sweep(...)` calls `run_sweep`: this package is called as the function is. Names are imported when
first used, so that `import hundred.sweep` is quick.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hundred.sweep.outcome import Sweep, open_sweep
    from hundred.sweep.repeats import repeat_on_ray
    from hundred.sweep.start import run_sweep

_HOME = {
    "Sweep": "outcome",
    "open_sweep": "outcome",
    "repeat_on_ray": "repeats",
    "run_sweep": "start",
}

__all__ = ["Sweep", "open_sweep", "repeat_on_ray", "run_sweep"]


class _Callable(ModuleType):
    """A module that is called as `run_sweep`, since a person expects a verb behind `hundred.sweep`."""

    def __call__(self, *args: Any, **kwargs: Any) -> "Sweep":
        from hundred.sweep.start import run_sweep

        return run_sweep(*args, **kwargs)


sys.modules[__name__].__class__ = _Callable


def __getattr__(name: str) -> Any:
    if name == "sweep":  # as `hundred.sweep` is looked up
        return sys.modules[__name__]
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
