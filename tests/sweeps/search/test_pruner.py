"""Limits are those of Optuna's median pruner and of successive halving, computed beforehand."""

import random

import numpy as np
import optuna
import pytest

from hundred.sweeps.journal import Trial
from hundred.sweeps.search.pruner import PruningCallback, pruning_limits, rungs
from hundred.training.events import EpochEnded
from tests.making.sweeps import ended

EPOCHS = 6


def curves(count: int, seed: int) -> list[Trial]:
    draws = random.Random(seed)
    found = []
    for number in range(count):
        state = draws.choice(["complete", "complete", "complete", "pruned"])
        length = EPOCHS if state == "complete" else draws.randrange(1, EPOCHS)
        found.append(ended(number, 0.5, state, curve=tuple(draws.random() for _ in range(length))))
    return found


def row(epoch: int, accuracy: float | None) -> EpochEnded:
    return EpochEnded(epoch, 0.5, 1.0, accuracy, 1.0, 0.1, 1.0, 100.0)


@pytest.mark.parametrize("seed", range(8))
def test_the_median_cuts_what_optunas_median_pruner_cuts(seed: int) -> None:
    known = curves(9, seed)
    given = pruning_limits("median", EPOCHS, known)
    study = optuna.create_study(
        direction="maximize", pruner=optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=0)
    )
    states = {"complete": optuna.trial.TrialState.COMPLETE, "pruned": optuna.trial.TrialState.PRUNED}
    for trial in known:
        study.add_trial(
            optuna.trial.create_trial(
                state=states[trial.state],
                value=0.5,
                intermediate_values={e: v for e, v in enumerate(trial.curve, 1) if v is not None},
            )
        )
    theirs, ours = study.ask(), PruningCallback(given)
    for epoch, reached in enumerate(np.random.default_rng(seed).uniform(0, 1, EPOCHS - 1), start=1):
        theirs.report(float(reached), epoch)
        assert theirs.should_prune() == bool(ours(row(epoch, float(reached)))), (epoch, given)


def test_no_limit_before_five_trials_are_complete_nor_after_the_last_epoch() -> None:
    complete = [ended(number, curve=(0.1, 0.2, 0.3)) for number in range(5)]
    assert pruning_limits("median", 3, complete[:4]) == {}
    assert pruning_limits("median", 3, [*complete[:4], ended(4, state="failed")]) == {}
    assert pruning_limits("median", 3, complete) == {1: 0.1, 2: 0.2}
    assert pruning_limits("none", 3, complete) == {}


def test_halving_lets_the_best_third_go_on_at_each_rung() -> None:
    assert rungs(27) == [1, 3, 9]
    assert rungs(8) == [2]
    assert rungs(2) == []
    known = [ended(n, state="pruned", curve=(0.1 * n,)) for n in range(7)]
    given = pruning_limits("halving", 9, known)
    assert list(given) == [1]
    assert sum(0.1 * n >= given[1] for n in range(7)) == 3
    assert pruning_limits("halving", 9, known[:2]) == {}


def test_a_trial_is_compared_by_the_best_it_has_had_also_before_an_interruption() -> None:
    callback = PruningCallback({2: 0.5, 3: 0.5})
    assert callback(row(1, 0.6)) == ""
    assert callback(row(2, 0.1)) == ""
    assert callback(row(3, None)) == ""
    assert PruningCallback({2: 0.5}, best=0.6)(row(2, 0.1)) == ""
    assert PruningCallback({2: 0.5}, best=0.4)(row(2, 0.1)).startswith(
        "pruned: val_accuracy 0.4000 after epoch 2 is below 0.5000"
    )
