"""The published study again: its systems trained, measured against what was published, and its lessons.

Names are imported when first used, so that `import hundred.study` is quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hundred.study.conduct import run_study
    from hundred.study.outcome import Study, open_study
    from hundred.study.systems import SYSTEMS, System

_HOME = {
    "SYSTEMS": "systems",
    "Study": "outcome",
    "System": "systems",
    "open_study": "outcome",
    "run_study": "conduct",
}

__all__ = ["SYSTEMS", "Study", "System", "open_study", "run_study"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
