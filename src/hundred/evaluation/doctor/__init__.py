"""The doctor: what a training history says about the training, how sure that is, and what to try next."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hundred.evaluation.doctor.diagnosis import Diagnosis, diagnose, doctor
    from hundred.evaluation.doctor.findings import NAMES, Finding
    from hundred.evaluation.doctor.history import Context, History
    from hundred.evaluation.doctor.live import LiveDoctor
    from hundred.evaluation.doctor.sources import read_anything

_HOME = {
    "NAMES": "findings",
    "Context": "history",
    "Diagnosis": "diagnosis",
    "Finding": "findings",
    "History": "history",
    "LiveDoctor": "live",
    "diagnose": "diagnosis",
    "doctor": "diagnosis",
    "read_anything": "sources",
}

__all__ = [
    "NAMES",
    "Context",
    "Diagnosis",
    "Finding",
    "History",
    "LiveDoctor",
    "diagnose",
    "doctor",
    "read_anything",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
