"""Run directories: claiming, writing and reading them; the listeners that record and show a training."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hundred.runs.directory import create_run_directory, lock_run
    from hundred.runs.environment import write_environment
    from hundred.runs.eventlog import EventLog, cut_events, read_events
    from hundred.runs.history import HistoryCsv, cut_history, read_history
    from hundred.runs.progress import progress_listener
    from hundred.runs.result import Result
    from hundred.runs.run import Run, list_runs, open_run

_WHERE = {
    "EventLog": "eventlog",
    "HistoryCsv": "history",
    "Result": "result",
    "Run": "run",
    "create_run_directory": "directory",
    "cut_events": "eventlog",
    "cut_history": "history",
    "list_runs": "run",
    "lock_run": "directory",
    "open_run": "run",
    "progress_listener": "progress",
    "read_events": "eventlog",
    "read_history": "history",
    "write_environment": "environment",
}

__all__ = [
    "EventLog",
    "HistoryCsv",
    "Result",
    "Run",
    "create_run_directory",
    "cut_events",
    "cut_history",
    "list_runs",
    "lock_run",
    "open_run",
    "progress_listener",
    "read_events",
    "read_history",
    "write_environment",
]


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for, so that `import hundred.runs` costs nothing."""
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
