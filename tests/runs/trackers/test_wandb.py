"""The Weights & Biases listener logs a run once, resumes it by its id, and never ends a training."""

import sys
from pathlib import Path
from typing import Any

import pytest

from hundred.errors import MissingExtra
from hundred.runs.trackers.wandb import WeightsAndBiases
from hundred.training.events import notify
from tests.making.training_events import epoch_ended, finished_run, started, training


class Service:
    """A fake of the wandb package and the run it opens."""

    def __init__(self, broken: bool = False) -> None:
        self.broken = broken
        self.opened: list[dict[str, Any]] = []
        self.logged: list[tuple[int, dict[str, float]]] = []
        self.summary: dict[str, float] = {}
        self.exit_codes: list[int] = []

    def init(self, **options: Any) -> "Service":
        self.opened.append(options)
        return self

    def log(self, figures: dict[str, float], step: int) -> None:
        if self.broken:
            raise ConnectionError("no route to host\nmore")
        self.logged.append((step, figures))

    def finish(self, exit_code: int) -> None:
        self.exit_codes.append(exit_code)


def test_a_run_is_logged_with_its_recipe_epochs_and_figures(tmp_path: Path) -> None:
    service = Service()
    listener = WeightsAndBiases(finished_run(tmp_path), module=service)
    for event in training():
        notify([listener], event)
    listener.close()
    listener.close()
    assert service.opened[0]["name"] == "school-1"
    assert service.opened[0]["config"]["training.batch_size"] == "64"
    assert [step for step, _ in service.logged] == [1, 2, 3]
    assert service.logged[0][1]["val_loss"] == epoch_ended(1).val_loss
    assert service.summary["test_accuracy"] == 0.571
    assert service.exit_codes == [0]


def test_a_resumed_run_goes_on_under_the_same_id(tmp_path: Path) -> None:
    run, service = finished_run(tmp_path), Service()
    for _ in range(2):
        notify([WeightsAndBiases(run, module=service)], started())
    first, second = service.opened
    assert first["id"] == second["id"]
    assert second["resume"] == "allow"


def test_trouble_is_one_warning_and_training_goes_on(tmp_path: Path) -> None:
    warnings: list[str] = []
    listener = WeightsAndBiases(finished_run(tmp_path), module=Service(broken=True), warn=warnings.append)
    for event in training():
        notify([listener], event)
    listener.close()
    assert warnings == ["Weights & Biases took no more of the run: no route to host"]


def test_where_wandb_is_absent_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(MissingExtra, match=r"pip install 'hundred\[wandb\]'"):
        WeightsAndBiases(tmp_path)
