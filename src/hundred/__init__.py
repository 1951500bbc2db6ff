"""Hundred: a laboratory for CIFAR-100.

    import hundred
    run = hundred.train("sprint", data="sample", epochs=3)
    run.result["test_accuracy"], run.history, run.figures
    hundred.test("model.h5", data="sample").metrics.accuracy
    hundred.load("model.h5").predict(images)
    hundred.compare(run, "runs/other").verdict
    hundred.doctor("history.csv").findings
    hundred.sweep("sprint", {"training.learning_rate": "0.02..0.5:log"}, trials=20).best

Names are imported when first used, so `import hundred` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hundred.data import open_dataset
    from hundred.errors import HundredError, UsageError
    from hundred.evaluation.doctor import doctor
    from hundred.experiment import (
        Repeats,
        audit,
        compare,
        export,
        find_lr,
        predict,
        test,
        train,
        write_report,
    )
    from hundred.interchange import load
    from hundred.recipe import load_recipe
    from hundred.runs.run import Run, list_runs, open_run

__version__ = "0.1.0"

_HOME = {
    "HundredError": "errors",
    "Repeats": "experiment",
    "Run": "runs.run",
    "UsageError": "errors",
    "audit": "experiment",
    "compare": "experiment",
    "doctor": "evaluation.doctor",
    "export": "experiment",
    "find_lr": "experiment",
    "list_runs": "runs.run",
    "load": "interchange",
    "load_recipe": "recipe",
    "open_dataset": "data",
    "open_run": "runs.run",
    "predict": "experiment",
    "sweep": "sweep",
    "test": "experiment",
    "train": "experiment",
    "write_report": "experiment",
}

__all__ = [
    "HundredError",
    "Repeats",
    "Run",
    "UsageError",
    "__version__",
    "audit",
    "compare",
    "doctor",
    "export",
    "find_lr",
    "list_runs",
    "load",
    "load_recipe",
    "open_dataset",
    "open_run",
    "predict",
    "sweep",
    "test",
    "train",
    "write_report",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
