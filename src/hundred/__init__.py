"""Hundred: a laboratory for small-image classification.

    import hundred
    run = hundred.train("sprint", data="sample", epochs=3)
    run.result["test_accuracy"], run.history, run.figures
    hundred.test("model.h5", data="sample").metrics.accuracy
    hundred.load("model.h5").predict(images)
    hundred.compare(run, "runs/other").verdict
    hundred.report(run, out="page.html")
    hundred.doctor("history.csv").findings
    hundred.sweep("sprint", {"training.learning_rate": "0.02..0.5:log"}, trials=20).best

This is the one public face: every name in `__all__` is imported when it is first used, so that
`import hundred` costs nothing. The folders beside this file hold the modules behind it and re-export nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from hundred.version import __version__

if TYPE_CHECKING:
    from hundred.data.dataset import Dataset
    from hundred.data.opening.open import open_dataset
    from hundred.errors import HundredError, UsageError
    from hundred.evaluation.compare.histories import compare_histories
    from hundred.evaluation.doctor.diagnosis import doctor
    from hundred.experiment.audit import audit
    from hundred.experiment.compare import compare
    from hundred.experiment.export import export
    from hundred.experiment.find_lr import find_lr
    from hundred.experiment.predict import predict
    from hundred.experiment.report.page import write_report
    from hundred.experiment.test import test
    from hundred.experiment.train import train
    from hundred.interchange.read.load import load
    from hundred.models.registry import register
    from hundred.recipe.load import load_recipe
    from hundred.runs.leaderboard.board import leaderboard
    from hundred.runs.repeats import Repeats
    from hundred.runs.run import Run, list_runs, open_run
    from hundred.study.report import report
    from hundred.study.result import Study, open_study
    from hundred.study.runner import run_study
    from hundred.sweeps.api import run_sweep as sweep
    from hundred.sweeps.result import Sweep, open_sweep

# Each public name with the module that holds it; `module:name` where it has another name there.
_MODULES = {
    "Dataset": "data.dataset",
    "HundredError": "errors",
    "Repeats": "runs.repeats",
    "Run": "runs.run",
    "Study": "study.result",
    "Sweep": "sweeps.result",
    "UsageError": "errors",
    "audit": "experiment.audit",
    "compare": "experiment.compare",
    "compare_histories": "evaluation.compare.histories",
    "doctor": "evaluation.doctor.diagnosis",
    "export": "experiment.export",
    "find_lr": "experiment.find_lr",
    "leaderboard": "runs.leaderboard.board",
    "list_runs": "runs.run",
    "load": "interchange.read.load",
    "load_recipe": "recipe.load",
    "open_dataset": "data.opening.open",
    "open_run": "runs.run",
    "open_study": "study.result",
    "open_sweep": "sweeps.result",
    "predict": "experiment.predict",
    "register": "models.registry",
    "report": "study.report",
    "run_study": "study.runner",
    "sweep": "sweeps.api:run_sweep",
    "test": "experiment.test",
    "train": "experiment.train",
    "write_report": "experiment.report.page",
}

__all__ = [
    "Dataset",
    "HundredError",
    "Repeats",
    "Run",
    "Study",
    "Sweep",
    "UsageError",
    "__version__",
    "audit",
    "compare",
    "compare_histories",
    "doctor",
    "export",
    "find_lr",
    "leaderboard",
    "list_runs",
    "load",
    "load_recipe",
    "open_dataset",
    "open_run",
    "open_study",
    "open_sweep",
    "predict",
    "register",
    "report",
    "run_study",
    "sweep",
    "test",
    "train",
    "write_report",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, inner = _MODULES[name].partition(":")
    return getattr(import_module(f"{__name__}.{module}"), inner or name)


def __dir__() -> list[str]:
    return sorted(__all__)
