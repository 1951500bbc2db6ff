"""Which values a trial tries: a function of the sweep's seed, the trial's number, and earlier outcomes.

Nothing is kept between proposals: each builds Optuna's study anew from what was told. So a sweep that was
killed proposes what it would have, and so does one on a cluster.
"""

import functools
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from hundred.sweeps.journal import UNDER_WAY, Trial
from hundred.sweeps.plan import SweepPlan
from hundred.sweeps.search.space import MOST_POINTS, Choice, Parameter, Space, Value, grid_point, points

if TYPE_CHECKING:
    import optuna

TRIES = 20  # to find values that no trial has had, where a space has few of them


def propose(
    plan: SweepPlan, number: int, told: Sequence[Trial], under_way: Sequence[Trial]
) -> dict[str, Any] | None:
    """The parameters of trial `number`; None where every point of the space has been tried.

    told: the trials whose outcome may be known, by number. under_way: those between them and `number`.
    """
    space = plan.space
    size = points(space)
    if size is not None and number >= size:
        return None
    if plan.search == "grid":
        return grid_point(space, number)
    few = size if size is not None and size <= MOST_POINTS else 0
    if plan.search == "random":
        if few:
            return grid_point(space, _shuffled(few, plan.seed)[number])
        return _ask(plan, space, _seed(plan.seed, number, 0), (), ())
    before = [trial.parameters for trial in (*told, *under_way)]
    for attempt in range(TRIES):
        found = _ask(plan, space, _seed(plan.seed, number, attempt), told, under_way)
        if found not in before:
            return found
    left = (grid_point(space, place) for place in _shuffled(few, plan.seed))
    return next((point for point in left if point not in before), found)


def study_of(
    space: Space, told: Sequence[Trial], under_way: Sequence[Trial] = (), sampler: Any = None
) -> "optuna.Study":
    """An Optuna study with these trials. A diverged one counts as 0; a failed one, that says nothing of its
    parameters, not at all."""
    import optuna
    from optuna.trial import TrialState

    with _quiet_optuna():
        study = optuna.create_study(direction="maximize", sampler=sampler)
    distributions = {parameter.key: distribution(parameter) for parameter in space}
    states = {
        "complete": TrialState.COMPLETE,
        "diverged": TrialState.COMPLETE,
        "pruned": TrialState.PRUNED,
        UNDER_WAY: TrialState.RUNNING,
    }
    # Of trials under way the outcome is not to be known, even where it is.
    for trial in (*told, *(Trial(each.number, each.parameters) for each in under_way)):
        if trial.state not in states:
            continue
        curve = {epoch: reached for epoch, reached in enumerate(trial.curve, 1) if reached is not None}
        study.add_trial(
            optuna.trial.create_trial(
                state=states[trial.state],
                value={"complete": trial.val_accuracy, "diverged": 0.0}.get(trial.state),
                params=encoded(space, trial.parameters),
                distributions=distributions,
                intermediate_values=curve,
            )
        )
    return study


def distribution(parameter: Parameter) -> "optuna.distributions.BaseDistribution":
    """Optuna's word for a parameter; of a choice it knows the places only, whatever the values are."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(parameter, Choice):
        return CategoricalDistribution(range(len(parameter.values)))
    if parameter.whole:
        return IntDistribution(int(parameter.low), int(parameter.high), log=parameter.log)
    return FloatDistribution(parameter.low, parameter.high, log=parameter.log)


def encoded(space: Space, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as Optuna has them: the place of a choice's value."""
    return {
        parameter.key: parameter.values.index(parameters[parameter.key])
        if isinstance(parameter, Choice)
        else parameters[parameter.key]
        for parameter in space
    }


def _ask(
    plan: SweepPlan, space: Space, seed: int, told: Sequence[Trial], under_way: Sequence[Trial]
) -> dict[str, Value]:
    import optuna

    if plan.search == "random":
        study = study_of(space, (), (), optuna.samplers.RandomSampler(seed=seed))
    else:
        sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=plan.startup)
        study = study_of(space, told, under_way, sampler)
    asked = study.ask({parameter.key: distribution(parameter) for parameter in space}).params
    return {
        parameter.key: parameter.values[asked[parameter.key]]
        if isinstance(parameter, Choice)
        else parameter.rounded(asked[parameter.key])
        for parameter in space
    }


@functools.lru_cache(maxsize=1)
def _shuffled(size: int, seed: int) -> list[int]:
    """The numbers of all points of a grid, in an order of the sweep's own."""
    order = list(range(size))
    random.Random(seed).shuffle(order)  # noqa: S311 (a search, no secret)
    return order


def _seed(seed: int, number: int, attempt: int) -> int:
    """A seed of its own for each proposal, all decided by the sweep's."""
    return int(np.random.SeedSequence([seed, number, attempt]).generate_state(1)[0])


@contextmanager
def _quiet_optuna() -> Iterator[None]:
    """Inside, Optuna tells of no study that was made; a person's own setting stays."""
    import optuna

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)
