"""What tests of whole runs share: a part of the sample set, drawn once, and a run that takes a second."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import hundred
from hundred.data.dataset import Dataset
from hundred.data.sample.draw import draw_sample
from hundred.data.subset import subset_per_class
from hundred.runs.run import Run
from hundred.training.trainer import Trainer
from tests.making.recipes import SMALL

TRAIN_PER_CLASS, TEST_PER_CLASS = 4, 2


@pytest.fixture(scope="session")
def whole_sample() -> Dataset:
    return draw_sample()


@pytest.fixture(scope="session")
def small_data(whole_sample: Dataset) -> Dataset:
    """400 training and 200 test images of the sample set."""
    return subset_per_class(whole_sample, TRAIN_PER_CLASS, TEST_PER_CLASS)


Train = Callable[..., Any]


@pytest.fixture
def train(small_data: Dataset, tmp_path: Path) -> Train:
    """`hundred.train` in a folder of its own, without pictures, on few images, as small as SMALL."""

    def run(recipe: Any = "sprint", *, set: dict[str, Any] | None = None, **options: Any) -> Any:
        given = {"data": small_data, "runs": tmp_path / "runs", "figures": False, "quiet": True, **options}
        return hundred.train(recipe, set={**SMALL, **(set or {})}, **given)

    return run


class Clock:
    """Time that passes only with training steps (`step_seconds` each, or `head_seconds` on cached features)
    and with what a test adds to `now`."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.step_seconds = 0.02
        self.head_seconds = 0.001

    def monotonic(self) -> float:
        return self.now

    perf_counter = monotonic


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of everything that plans and measures training, whatever the speed of the machine."""
    clock, step = Clock(), Trainer.step

    def timed_step(self: Trainer, *batch: Any) -> Any:
        on_features = len(batch) > 2 and batch[2] is not None
        clock.now += clock.head_seconds if on_features else clock.step_seconds
        return step(self, *batch)

    monkeypatch.setattr(Trainer, "step", timed_step)
    for module in (
        "training.trainer",
        "training.epoch_plan",
        "training.profiling",
        "experiment.dry_run",
        "experiment.train",
        "experiment.repeats",
        "experiment.run.build",
        "experiment.run.scale_up",
        "experiment.run.time_budget",
    ):
        monkeypatch.setattr(f"hundred.{module}.time", clock)
    return clock


def rows(run: Run) -> list[list[float]]:
    """history.csv without the columns of times; NaN as -1, so that rows can be compared."""
    return run.history.drop(columns=["seconds", "images_per_second"]).fillna(-1.0).to_numpy().tolist()


def file_weights(path: Path) -> dict[str, bytes]:
    """Every array in an H5 file, by its name."""
    import h5py

    found: dict[str, bytes] = {}
    with h5py.File(path, "r") as file:
        file.visititems(
            lambda name, item: (
                found.update({name: item[()].tobytes()}) if isinstance(item, h5py.Dataset) else None
            )
        )
    return found
