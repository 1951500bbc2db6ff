"""One training of a sweep, from plain values to a result: the same function on every executor."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from hundred.data.dataset import Dataset
from hundred.errors import HundredError
from hundred.experiment.run.context import RunOptions
from hundred.experiment.run.lifecycle import train_run
from hundred.recipe.load import Resolved, validate
from hundred.runs.directory import is_written
from hundred.runs.history import read_rows
from hundred.runs.layout import HISTORY
from hundred.runs.run import Run
from hundred.sweeps.search.pruner import PRUNED, PruningCallback
from hundred.training.device import choose_device


@dataclass(frozen=True)
class TrialSpec:
    """What is to be trained.

    name: of the run directory, relative to the sweep's. recipe: plain values. limits: as of a `Trial`.
    test: read the test set at the end. figures: draw the run's pictures. cpus: threads, 0 for torch's number.
    """

    name: str
    recipe: dict[str, Any]
    limits: dict[int, float] = field(default_factory=dict)
    test: bool = False
    figures: bool = False
    cpus: int = 0
    device: str = "auto"


@dataclass(frozen=True)
class TrialResult:
    """How a trial ended; see `hundred.sweeps.journal.Trial` for the fields of the same names."""

    name: str
    state: str
    val_accuracy: float | None = None
    epochs: int = 0
    curve: tuple[float | None, ...] = ()
    train_seconds: float | None = None
    why: str = ""


def run_trial(
    spec: TrialSpec, dataset: Dataset, folder: Path, listeners: Sequence[object] = ()
) -> TrialResult:
    """Train `spec` in `folder`/<its name>, or resume what is there, and return how it ended.

    A fault of the trial itself is a result. Raises HundredError where the disk refuses or another process
    writes the run: that is no fault of the trial, and its result is not known.
    """
    path = folder / spec.name
    if is_written(path) and path.is_dir():
        raise HundredError(f"the run {path} is being written by another process: wait until it has ended")
    if spec.cpus:
        torch.set_num_threads(spec.cpus)
    options = RunOptions(
        device=choose_device(spec.device),
        started=time.monotonic(),
        data=dataset,
        name=path.name,
        runs=path.parent,
        resume=path.is_dir(),
        listeners=tuple(listeners),
        quiet=True,
        figures=spec.figures,
        tracked=False,
        keep_state=False,
        test=spec.test,
        stop_when=PruningCallback(spec.limits, _best_so_far(path)),
    )
    try:
        train_run(Resolved(validate(spec.recipe), {}), options)
    except Exception as error:
        return _failed(spec, Run(path), error)
    return _result(spec, Run(path))


def _result(spec: TrialSpec, run: Run) -> TrialResult:
    result = run.result
    detail = str(result.get("stopped_detail") or "")
    state = "pruned" if detail.startswith(PRUNED) else "complete"
    if result.get("stopped") == "not-finite":
        state = "diverged"
    rows = read_rows(run.path / HISTORY) if (run.path / HISTORY).exists() else []
    return TrialResult(
        spec.name,
        state,
        result.get("val_accuracy"),
        len(rows),
        tuple(row.get("val_accuracy") for row in rows),
        result.get("train_seconds"),
        "" if state == "complete" else detail.removeprefix(f"{PRUNED}: "),
    )


def _failed(spec: TrialSpec, run: Run, error: Exception) -> TrialResult:
    if isinstance(error, HundredError):
        if isinstance(error.__cause__, OSError):
            raise error
        if run.finished:
            return _result(spec, run)
        return TrialResult(spec.name, "failed", why=str(error).splitlines()[0])
    # What one setting of a network leads to inside torch ends that trial, not the sweep.
    return TrialResult(spec.name, "failed", why=f"{type(error).__name__}: {str(error).splitlines()[0][:200]}")


def _best_so_far(path: Path) -> float:
    """The best validation accuracy of a trial that was interrupted and is to be resumed."""
    rows = read_rows(path / HISTORY) if (path / HISTORY).exists() else []
    return max(
        (row["val_accuracy"] for row in rows if row.get("val_accuracy") is not None), default=float("-inf")
    )
