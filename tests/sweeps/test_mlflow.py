"""A sweep in MLflow: its trials and the winner's runs are nested in one run."""

from pathlib import Path
from typing import Any

import pytest

import hundred
from hundred.data.dataset import Dataset
from hundred.runs.trackers.mlflow.store import local_uri, open_store
from tests.making.sweeps import SMALL


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of MLflow's own
def test_trials_and_winner_are_nested_in_one_run(few_images: Dataset, tmp_path: Path) -> None:
    options: dict[str, Any] = {"epochs": 1, "trials": 2, "seeds": 1, "figures": False, "quiet": True}
    found = hundred.sweep(
        "sprint",
        {"training.learning_rate": "0.01..0.5:log"},
        data=few_images,
        set={**SMALL, "tracking.mlflow": True},
        runs=tmp_path,
        name="s",
        **options,
    )
    client = open_store(local_uri(tmp_path))
    experiment = client.get_experiment_by_name("hundred")
    assert experiment is not None
    runs = {run.info.run_name: run for run in client.search_runs([experiment.experiment_id])}
    assert set(runs) == {"s", "trial-0000", "trial-0001", "seed-1"}
    parent = runs["s"].info.run_id
    for name, run in runs.items():
        assert run.data.tags.get("mlflow.parentRunId") == (None if name == "s" else parent)
        assert run.info.status == "FINISHED"
    assert found.best is not None
    assert runs["s"].data.metrics["best_val_accuracy"] == found.best.val_accuracy
    assert runs["s"].data.params["vary.training.learning_rate"] == "0.01..0.5:log"
    assert "test_accuracy" in runs["seed-1"].data.metrics
    assert "test_accuracy" not in runs["trial-0000"].data.metrics
