"""The same trials and the same best, however many workers, in whatever order they end, wherever it stops."""

import json
from pathlib import Path

import pandas as pd
import pytest

from hundred.sweeps.journal import Journal
from hundred.sweeps.result import Sweep, best_of
from hundred.sweeps.runner import Budget
from tests.making.sweeps import MadeUpExecutor, ended, run_made_up, tiny_plan


@pytest.mark.parametrize(("search", "prune"), [("tpe", "median"), ("tpe", "halving"), ("random", "median")])
def test_up_to_four_workers_make_the_trials_of_one(tmp_path: Path, search: str, prune: str) -> None:
    plan = tiny_plan(search=search, prune=prune, trials=20)
    alone = run_made_up(tmp_path / "alone", plan, MadeUpExecutor())
    assert len(alone) == 20
    assert any(trial.state == "pruned" for trial in alone)
    for seed in range(2):
        assert run_made_up(tmp_path / str(seed), plan, MadeUpExecutor(4, seed)) == alone


def test_more_workers_make_the_trials_of_one_that_waits_as_long(tmp_path: Path) -> None:
    plan = tiny_plan(trials=18, workers=8)
    assert plan.ahead == 8
    alone = run_made_up(tmp_path / "alone", plan, MadeUpExecutor())
    assert run_made_up(tmp_path / "eight", plan, MadeUpExecutor(8, 1)) == alone


def test_random_search_without_pruning_waits_for_nothing(tmp_path: Path) -> None:
    plan = tiny_plan(search="random", prune="none", trials=16)
    alone = run_made_up(tmp_path / "alone", plan, MadeUpExecutor())
    assert run_made_up(tmp_path / "sixteen", plan, MadeUpExecutor(16, 1)) == alone


@pytest.mark.parametrize("workers", [1, 3])
def test_stopped_after_every_trial_none_is_lost_and_none_is_doubled(tmp_path: Path, workers: int) -> None:
    plan = tiny_plan(trials=10)
    undisturbed = run_made_up(tmp_path / "undisturbed", plan, MadeUpExecutor(workers))
    counted: list[str] = []
    for attempt in range(40):
        executor = MadeUpExecutor(workers, attempt, stop_after=1)
        try:
            trials = run_made_up(tmp_path / "stopped", plan, executor)
            break
        except KeyboardInterrupt as stop:
            message = str(stop)
        finally:
            counted += executor.trained
    assert message.endswith(f"hundred sweep {tmp_path / 'stopped'} --resume")
    assert trials == undisturbed
    assert sorted(counted) == [trial.name for trial in undisturbed]


def test_the_best_is_the_earliest_of_the_best_complete_trials(tmp_path: Path) -> None:
    trials = run_made_up(tmp_path, tiny_plan(trials=24), MadeUpExecutor())
    best = best_of(trials)
    assert best is not None
    complete = [trial for trial in trials if trial.state == "complete"]
    assert best.val_accuracy == max(trial.val_accuracy or 0 for trial in complete)
    sweep = Sweep(tmp_path)
    assert sweep.best == best
    assert sweep.winner is None
    assert sweep.table["val_accuracy"].max() >= best.val_accuracy
    assert list(sweep.table.columns[5:]) == [*sweep.plan.vary, "why"]
    assert sweep.csv.read_text().count("\n") == 25
    assert sum(json.loads((tmp_path / "sweep.json").read_text())["trials"].values()) == 24


def test_a_table_has_no_cell_that_a_spreadsheet_runs_and_numbers_stay_numbers(tmp_path: Path) -> None:
    run_made_up(tmp_path, tiny_plan(trials=3), MadeUpExecutor())
    sweep = Sweep(tmp_path)
    failed = ended(3, why="=HYPERLINK(1)", state="failed", parameters=dict(sweep.trials[0].parameters))
    journal = Journal(tmp_path)
    journal.propose(failed)
    journal.end(failed)
    Sweep(tmp_path).write_table()
    saved = pd.read_csv(sweep.csv)
    assert saved["why"].iloc[3] == "'=HYPERLINK(1)"
    table = Sweep(tmp_path).table
    assert saved["training.learning_rate"].tolist() == table["training.learning_rate"].tolist()


def test_the_time_left_decides_whether_another_trial_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    budget = Budget(began=0.0, minutes=3)
    budget.record(20.0)
    assert budget.allows(4)
    assert not budget.allows(4.5)
    assert Budget(0.0, None).allows(1e9)
