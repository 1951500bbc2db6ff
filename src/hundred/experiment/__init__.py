"""One experiment from recipe to finished run directory, once or with several seeds; tests of saved models.

This room joins all the others; the command line and notebooks call it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hundred.experiment.auditing import Audit, audit
    from hundred.experiment.comparing import compare
    from hundred.experiment.exporting import export
    from hundred.experiment.finding_rate import FoundRate, find_lr
    from hundred.experiment.predicting import predict
    from hundred.experiment.repeated import Repeats
    from hundred.experiment.reporting import write_report, write_run_report
    from hundred.experiment.retest import TestResult, test
    from hundred.experiment.start import train

_HOME = {
    "Audit": "auditing",
    "FoundRate": "finding_rate",
    "Repeats": "repeated",
    "TestResult": "retest",
    "audit": "auditing",
    "compare": "comparing",
    "export": "exporting",
    "find_lr": "finding_rate",
    "predict": "predicting",
    "test": "retest",
    "train": "start",
    "write_report": "reporting",
    "write_run_report": "reporting",
}

__all__ = [
    "Audit",
    "FoundRate",
    "Repeats",
    "TestResult",
    "audit",
    "compare",
    "export",
    "find_lr",
    "predict",
    "test",
    "train",
    "write_report",
    "write_run_report",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
