"""The options and parts of one run, passed from step to step."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import nn

from hundred.data.dataset import Dataset
from hundred.experiment.build.trainer import Splits
from hundred.experiment.run.interrupt import Interrupt
from hundred.recipe.schema import Recipe
from hundred.runs.labels import Labels
from hundred.runs.run import Run
from hundred.training.epoch_plan import MOST_EPOCHS
from hundred.training.events import EpochEnded
from hundred.training.trainer import Trainer

if TYPE_CHECKING:
    from hundred.runs.trackers.mlflow.listener import MlflowProcess
    from hundred.training.strategies.distributed import DistributedStrategy

Network = nn.Module | Callable[[int], nn.Module]


@dataclass(frozen=True)
class RunOptions:
    """How to train, beside the recipe; see `hundred.experiment.train.train`.

    started: `time.monotonic()` when the command began. deadline: by which it should have ended.
    most_epochs: limit for the epochs planned for a deadline. keep_plan: a deadline may only remove epochs.
    mlflow_process: the child process that sends runs to MLflow, shared by repeats; else one for each run.
    parent_run_id: of the enclosing MLflow run. tracked: False where the caller sends the run to MLflow.
    strategy: of a process started by torchrun.
    rewarm: a resumed run's schedule begins again. keep_state: a finished run can be given more epochs.
    test: False leaves the test images unread, and every test figure null, as in the trials of a sweep.
    stop_when: called after each epoch with its row; a text that is not empty ends the run for that reason.
    labels: tags and note to give the run.
    on_result: called with the run once its result is written, before its pictures are drawn.
    """

    device: torch.device
    started: float
    data: str | Path | Dataset | None = None
    network: Network | None = None
    name: str | None = None
    runs: Path = Path("runs")
    resume: bool = False
    deadline: float | None = None
    most_epochs: float = MOST_EPOCHS
    keep_plan: bool = False
    listeners: tuple[object, ...] = ()
    quiet: bool = False
    figures: bool = True
    keep_checkpoint: bool = False
    mlflow_process: "MlflowProcess | None" = None
    parent_run_id: str | None = None
    strategy: "DistributedStrategy | None" = None
    tracked: bool = True
    test: bool = True
    rewarm: bool = False
    keep_state: bool = True
    stop_when: Callable[[EpochEnded], str] | None = None
    labels: Labels = field(default_factory=Labels)
    on_result: Callable[[Run], None] | None = None


# Seconds of a step by image side, and of predicting an image.
Measured = tuple[dict[int, float], float]


@dataclass(frozen=True)
class RunContext:
    """A run with all its parts, ready to train or trained. `path` is its directory.

    measured: as of `measure_step_time`, where its network has been timed already.
    """

    path: Path
    recipe: Recipe
    options: RunOptions
    dataset: Dataset
    splits: Splits
    trainer: Trainer
    interrupt: Interrupt
    measured: Measured | None = None
