"""Proposals depend on the seed, the number and the known trials, on nothing else."""

from typing import Any

import pytest

from hundred.errors import UsageError
from hundred.sweeps.journal import Trial
from hundred.sweeps.plan import SweepPlan
from hundred.sweeps.search.sampler import propose, study_of
from tests.making.sweeps import ended, score, tiny_plan


def trials(plan: SweepPlan, count: int) -> list[Trial]:
    """What one worker would make, each knowing all before it."""
    found: list[Trial] = []
    for number in range(count):
        parameters = propose(plan, number, found, [])
        assert parameters is not None
        found.append(ended(number, score(parameters), parameters=parameters))
    return found


@pytest.mark.parametrize("search", ["random", "tpe"])
def test_the_same_seed_proposes_the_same_and_another_seed_something_else(search: str) -> None:
    plan = tiny_plan(search=search, trials=12)
    first, again = trials(plan, 12), trials(plan, 12)
    assert first == again
    other = trials(tiny_plan(search=search, trials=12, seed=1), 12)
    assert first[0].parameters != other[0].parameters
    assert len({str(trial.parameters) for trial in first}) == 12


def test_random_search_does_not_look_at_outcomes() -> None:
    plan = tiny_plan(search="random", trials=12)
    assert propose(plan, 7, [], []) == propose(plan, 7, [ended(n, n / 10) for n in range(7)], [])


def test_tpe_looks_at_outcomes_but_not_at_those_of_trials_under_way() -> None:
    plan = tiny_plan(search="tpe", trials=20)
    known = trials(plan, 12)
    asked = propose(plan, 15, known[:10], known[10:])
    worse = [ended(trial.number, 0.0, parameters=trial.parameters) for trial in known[10:]]
    assert propose(plan, 15, known[:10], worse) == asked
    turned = [
        ended(trial.number, 1 - trial.val_accuracy, parameters=trial.parameters) for trial in known[:10]
    ]
    assert propose(plan, 15, turned, known[10:]) != asked


def test_tpe_comes_nearer_to_the_top_than_random_search() -> None:
    tpe, chance = (
        trials(tiny_plan(search="tpe", trials=60), 60),
        trials(tiny_plan(search="random", trials=60), 60),
    )

    def late(found: list[Trial]) -> float:
        return sum(trial.val_accuracy or 0.0 for trial in found[30:]) / 30

    assert late(tpe) > late(chance) + 0.05


@pytest.mark.parametrize("search", ["random", "tpe", "grid"])
def test_a_space_of_few_points_is_tried_without_a_point_twice(search: str) -> None:
    vary = {"augment.cutout": [0, 4, 8], "augment.flip": ["none", "random"]}
    plan = tiny_plan(vary, search=search, trials=50)
    assert plan.trials == 6
    found: list[Trial] = []
    for number in range(6):
        parameters: dict[str, Any] | None = propose(plan, number, found, [])
        assert parameters is not None
        found.append(ended(number, 0.1 * number, parameters=parameters))
    assert len({str(trial.parameters) for trial in found}) == 6
    assert propose(plan, 6, found, []) is None


def test_a_grid_of_real_numbers_asks_how_many() -> None:
    with pytest.raises(UsageError, match=r"add their number, as in 0\.001\.\.1:5"):
        tiny_plan(search="grid")
    plan = tiny_plan({"training.learning_rate": "0.001..1:log:4", "augment.cutout": [0, 4]}, search="grid")
    assert plan.trials == 8


def test_a_diverged_trial_counts_as_accuracy_zero_and_a_failed_one_not_at_all() -> None:
    plan = tiny_plan()
    study = study_of(plan.space, [ended(0, 0.4), ended(1, 0.3, "diverged"), ended(2, 0.0, "failed")])
    assert [trial.value for trial in study.trials] == [0.4, 0.0]
