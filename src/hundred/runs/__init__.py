"""Run directories: claiming, writing and reading them; the listeners that record and show a training."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hundred.runs.directory import create_run_directory, lock_run
    from hundred.runs.environment import write_environment
    from hundred.runs.eventlog import EventLog, cut_events, read_events
    from hundred.runs.history import HistoryCsv, cut_history, read_history
    from hundred.runs.live_mirror import LiveMirror, MirrorProcess
    from hundred.runs.mlflow_mirror import SendReport, finish_parent, send, start_parent
    from hundred.runs.progress import progress_listener
    from hundred.runs.result import Result
    from hundred.runs.run import Run, list_runs, open_run
    from hundred.runs.tensorboard import TensorBoard
    from hundred.runs.ui import launch_ui, ui_command
    from hundred.runs.wandb import WeightsAndBiases

_WHERE = {
    "EventLog": "eventlog",
    "HistoryCsv": "history",
    "LiveMirror": "live_mirror",
    "MirrorProcess": "live_mirror",
    "Result": "result",
    "Run": "run",
    "SendReport": "mlflow_mirror",
    "TensorBoard": "tensorboard",
    "WeightsAndBiases": "wandb",
    "create_run_directory": "directory",
    "cut_events": "eventlog",
    "cut_history": "history",
    "finish_parent": "mlflow_mirror",
    "launch_ui": "ui",
    "list_runs": "run",
    "lock_run": "directory",
    "open_run": "run",
    "progress_listener": "progress",
    "read_events": "eventlog",
    "read_history": "history",
    "send": "mlflow_mirror",
    "start_parent": "mlflow_mirror",
    "ui_command": "ui",
    "write_environment": "environment",
}

__all__ = [
    "EventLog",
    "HistoryCsv",
    "LiveMirror",
    "MirrorProcess",
    "Result",
    "Run",
    "SendReport",
    "TensorBoard",
    "WeightsAndBiases",
    "create_run_directory",
    "cut_events",
    "cut_history",
    "finish_parent",
    "launch_ui",
    "list_runs",
    "lock_run",
    "open_run",
    "progress_listener",
    "read_events",
    "read_history",
    "send",
    "start_parent",
    "ui_command",
    "write_environment",
]


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for, so that `import hundred.runs` costs nothing."""
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
