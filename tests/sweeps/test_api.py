"""Whole sweeps in one process, on a very small network."""

import html
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import hundred
from hundred.data.dataset import Dataset
from hundred.errors import HundredError, UsageError
from hundred.experiment.run.lifecycle import train_run
from hundred.formatting import command
from hundred.runs.run import Run
from hundred.sweeps.result import Sweep
from hundred.sweeps.trial import TrialSpec, run_trial
from tests.making.sweeps import SMALL, tiny_plan

VARY = {"training.learning_rate": "0.01..0.5:log", "augment.flip": "none,random"}


def sweep(data: Dataset, runs: Path, **options: Any) -> Sweep:
    given = {"trials": 3, "epochs": 2, "seeds": 2, "name": "s", "figures": False, "quiet": True, **options}
    given["set"] = {**SMALL, **given.get("set", {})}
    return hundred.sweep(
        given.pop("recipe", "sprint"), given.pop("vary", VARY), data=data, runs=runs, **given
    )


@pytest.fixture(scope="module")
def done(few_images: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Sweep:
    """A finished sweep of five trials, with pictures; to be read and not changed."""
    return sweep(few_images, tmp_path_factory.mktemp("done") / "runs", trials=5, seeds=1, figures=True)


def test_trials_read_no_test_image_and_the_winner_does(done: Sweep) -> None:
    for trial in done.trials:
        run = done.run_of(trial)
        assert run.finished
        assert run.result["test_accuracy"] is None
        assert "test_logits" not in run.predictions()
        assert run.result["val_accuracy"] == trial.val_accuracy
        assert run.result["seed"] == 0
    assert done.winner is not None
    assert done.best is not None
    for run in done.winner.runs:
        assert "test_logits" in run.predictions()
        assert (run.path / "report.html").is_file()
        recipe = hundred.load_recipe(run.path).recipe
        assert recipe.training.learning_rate == done.best.parameters["training.learning_rate"]
    assert [run.result["seed"] for run in done.winner.runs] == [1]


def test_its_files_hold_the_same_as_the_object(done: Sweep) -> None:
    summary = json.loads((done.path / "sweep.json").read_text())
    assert summary == done.summary
    assert summary["best"]["parameters"] == done.best.parameters if done.best else False
    assert summary["winner"]["test_accuracy"]["n"] == 1
    assert set(done.figures) == {"parallel", "importance"}
    assert sum(done.importance().values()) == pytest.approx(1.0)
    assert done.table["state"].tolist() == [trial.state for trial in done.trials]
    assert "best trial-" in repr(done)


def test_the_same_call_again_trains_nothing(
    done: Sweep, few_images: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hundred.sweeps.trial.train_run", lambda *_: pytest.fail("trained again"))
    before = done.table
    again = sweep(few_images, done.path.parent, trials=5, seeds=1)
    assert again.table.equals(before)
    resumed = hundred.sweep(done.path, data=few_images, resume=True, quiet=True, figures=False)
    assert resumed.table.equals(before)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": 1}, "seed 0, not 1"),
        ({"search": "random"}, "search tpe, not random"),
        ({"vary": {"augment.cutout": [0, 4]}}, "vary"),
        ({"epochs": 3}, r"training\.epochs 2, not 3"),
        ({"set": {"model.width1": 16}}, r"model\.width1 8, not 16"),
        ({"recipe": "school", "set": {}}, "begun with"),
    ],
)
def test_another_sweep_under_the_same_name_is_refused(
    done: Sweep, few_images: Dataset, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        sweep(few_images, done.path.parent, trials=5, **change)


def test_a_finished_sweep_takes_more_trials(few_images: Dataset, tmp_path: Path) -> None:
    first = sweep(few_images, tmp_path, trials=1, seeds=0).trials
    more = sweep(few_images, tmp_path, trials=2, seeds=0).trials
    assert more[:1] == first
    assert len(more) == 2


def test_interrupted_in_a_trial_it_goes_on_to_the_same_trials(
    done: Sweep, few_images: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []

    def killed(resolved: Any, call: Any) -> Run:
        calls.append(str(call.name))
        if len(calls) == 2:

            class Stop:
                """As kill -9 in the second epoch, but for the process."""

                def on_epoch_ended(self, event: Any) -> None:
                    if event.epoch == 2:
                        raise KeyboardInterrupt

            call = replace(call, listeners=(*call.listeners, Stop()))
        return train_run(resolved, call)

    monkeypatch.setattr("hundred.sweeps.trial.train_run", killed)
    with pytest.raises(KeyboardInterrupt, match="go on with it: hundred sweep"):
        sweep(few_images, tmp_path, trials=5)
    assert (tmp_path / "s" / "trial-0001" / "checkpoint.pt").exists()
    again = hundred.sweep(resume=True, runs=tmp_path, data=few_images, quiet=True, figures=False)
    assert again.table.drop(columns="train_seconds").equals(done.table.drop(columns="train_seconds"))
    # trial 1 twice, and after it the other trials and two seeds, once each
    assert calls == [*(f"trial-000{n}" for n in (0, 1, 1, 2, 3, 4)), "seed-1", "seed-2"]


def test_a_trial_behind_its_limit_ends_early_and_a_resumed_one_stays_so(
    few_images: Dataset, tmp_path: Path
) -> None:
    recipe = {**tiny_plan().recipe, "training": {**tiny_plan().recipe["training"], "epochs": 4}}
    result = run_trial(TrialSpec("t", recipe, {2: 0.99}), few_images, tmp_path)
    assert (result.state, result.epochs, len(result.curve)) == ("pruned", 2, 2)
    assert result.why.startswith("val_accuracy 0.")
    assert run_trial(TrialSpec("t", recipe), few_images, tmp_path) == result


def test_a_trial_that_diverges_is_recorded_and_the_sweep_goes_on(few_images: Dataset, tmp_path: Path) -> None:
    found = sweep(
        few_images, tmp_path, vary={"training.learning_rate": [1e30, 0.1, 0.05]}, seeds=0, search="grid"
    )
    assert found.table["state"].tolist() == ["diverged", "complete", "complete"]
    assert "learning rate" in found.table["why"][0]
    assert found.best is not None
    assert found.best.number > 0


def test_a_sweep_of_which_every_trial_fails_stops_and_says_why(few_images: Dataset, tmp_path: Path) -> None:
    with pytest.raises(HundredError, match=r"first 3 trials failed, the last of: .*width"):
        sweep(few_images, tmp_path, vary={"model.width1": [-1, -2, -3, -4]}, search="grid")


def test_a_recipe_without_validation_images_is_refused(few_images: Dataset, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--set data\.protocol=holdout"):
        sweep(few_images, tmp_path, set={"data.protocol": "full"})
    assert not (tmp_path / "s").exists()


def test_with_minutes_alone_it_goes_on_until_the_time_is_up(few_images: Dataset, tmp_path: Path) -> None:
    found = sweep(few_images, tmp_path, trials=None, minutes=0.02, seeds=0)
    assert len(found.trials) >= 1
    assert found.plan.trials == 0
    count = len(found.trials)
    more = sweep(few_images, tmp_path, trials=count + 1, minutes=1, seeds=0)
    assert len(more.trials) == count + 1


def test_two_commands_cannot_run_one_sweep(done: Sweep, few_images: Dataset) -> None:
    from hundred.runs.directory import lock_run

    with lock_run(done.path), pytest.raises(HundredError, match="being written by another process"):
        sweep(few_images, done.path.parent, trials=5)


def test_its_page_is_self_contained_and_shows_trials_best_and_winner(done: Sweep) -> None:
    page = (done.path / "report.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert page.count("<svg") == 3  # parallel, importance, curves
    assert done.best is not None
    assert f"--set training.learning_rate={done.best.parameters['training.learning_rate']:g}" in page
    assert page.count('<tr class="best">') == 1
    assert "Of the drawn sample set" in page
    assert "95 % interval" not in page  # of one seed there is none
    assert done.write_page().read_text(encoding="utf-8") == page
    assert hundred.report(done) == hundred.report(done.path) == done.path / "report.html"
    assert html.escape(command("sweep", done.path.resolve(), "--resume")) in page


def test_a_page_can_be_had_of_a_sweep_that_has_only_begun(tmp_path: Path) -> None:
    from hundred.sweeps.plan import write_plan

    write_plan(tmp_path, tiny_plan())
    assert "No trial is complete yet" in Sweep(tmp_path).write_page().read_text(encoding="utf-8")
