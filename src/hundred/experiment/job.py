"""What one run in the making consists of, handed from step to step."""

from dataclasses import dataclass
from pathlib import Path

import torch

from hundred.data.dataset import Dataset
from hundred.experiment.assemble import Splits
from hundred.recipe import Recipe
from hundred.training.trainer import Trainer


@dataclass(frozen=True)
class Call:
    """How a run is to be made, beside its recipe; see `hundred.experiment.start.train`.

    dataset: already opened, so that repeats open it once. parent_run_id: of the MLflow run around it.
    """

    device: torch.device
    started: float
    data: str | Path | None = None
    name: str | None = None
    runs: Path = Path("runs")
    resume: bool = False
    minutes: float | None = None
    listeners: tuple[object, ...] = ()
    quiet: bool = False
    dataset: Dataset | None = None
    parent_run_id: str | None = None


@dataclass(frozen=True)
class Job:
    """A run with all its parts, ready to train or trained. `path` is its directory."""

    path: Path
    recipe: Recipe
    call: Call
    dataset: Dataset
    splits: Splits
    trainer: Trainer
