"""What one run in the making consists of, handed from step to step."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import nn

from hundred.data.dataset import Dataset
from hundred.experiment.build.trainer import Splits
from hundred.experiment.run.interrupt import Interrupt
from hundred.recipe.schema import Recipe
from hundred.training.epoch_plan import MOST_EPOCHS
from hundred.training.events import EpochEnded
from hundred.training.trainer import Trainer

if TYPE_CHECKING:
    from hundred.runs.trackers.mlflow.listener import MlflowProcess
    from hundred.training.strategies.distributed import DistributedStrategy

Network = nn.Module | Callable[[int], nn.Module]


@dataclass(frozen=True)
class RunOptions:
    """How a run is to be made, beside its recipe; see `hundred.experiment.train.train`.

    started: `time.monotonic()` when the command began. deadline: the same clock, when it is to have ended.
    most_epochs: that a deadline leaves room for. keep_plan: a deadline may only take epochs away.
    mirror: the child process that sends runs to MLflow, shared by repeats; each run has its own otherwise.
    parent_run_id: of the MLflow run around it. tracked: False where somebody else sends the run to MLflow.
    test: False leaves the test images unread, and every test figure null, as in the trials of a sweep.
    stop_when: called after each epoch with its event; a text that it returns ends the run, as the reason.
    """

    device: torch.device
    started: float
    data: str | Path | Dataset | None = None
    network: Network | None = None
    name: str | None = None
    runs: Path = Path("runs")
    resume: bool = False
    deadline: float | None = None
    most_epochs: int = MOST_EPOCHS
    keep_plan: bool = False
    listeners: tuple[object, ...] = ()
    quiet: bool = False
    figures: bool = True
    keep_checkpoint: bool = False
    mirror: "MlflowProcess | None" = None
    parent_run_id: str | None = None
    team: "DistributedStrategy | None" = None
    tracked: bool = True
    test: bool = True
    stop_when: Callable[[EpochEnded], str] | None = None


@dataclass(frozen=True)
class RunContext:
    """A run with all its parts, ready to train or trained. `path` is its directory."""

    path: Path
    recipe: Recipe
    call: RunOptions
    dataset: Dataset
    splits: Splits
    trainer: Trainer
    interrupt: Interrupt
