"""Which values a trial tries: a function of the sweep's seed, the trial's number, and earlier outcomes.

No state is kept between proposals: each builds Optuna's study anew from the known trials. So a resumed sweep
proposes the same values as an undisturbed one, and so does one on a cluster.
"""

import functools
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from hundred.sweeps.journal import UNDER_WAY, Trial
from hundred.sweeps.plan import SweepPlan
from hundred.sweeps.search.space import MOST_POINTS, Choice, Parameter, Space, Value, count_points, grid_point

if TYPE_CHECKING:
    import optuna

TRIES = 20  # to find values that no trial has had, where a space has few of them


def propose(
    plan: SweepPlan, number: int, known: Sequence[Trial], pending: Sequence[Trial]
) -> dict[str, Any] | None:
    """The parameters of trial `number`; None where every point of the space has been tried.

    known: the trials whose results may be used, by number. pending: those between them and `number`.
    """
    space = plan.space
    size = count_points(space)
    if size is not None and number >= size:
        return None
    if plan.search == "grid":
        return grid_point(space, number)
    few = size if size is not None and size <= MOST_POINTS else 0
    if plan.search == "random":
        if few:
            return grid_point(space, _shuffled(few, plan.seed)[number])
        return _ask(plan, space, _seed(plan.seed, number, 0), (), ())
    before = [trial.parameters for trial in (*known, *pending)]
    for attempt in range(TRIES):
        found = _ask(plan, space, _seed(plan.seed, number, attempt), known, pending)
        if found not in before:
            return found
    left = (grid_point(space, place) for place in _shuffled(few, plan.seed))
    return next((point for point in left if point not in before), found)


def study_of(
    space: Space, known: Sequence[Trial], pending: Sequence[Trial] = (), sampler: Any = None
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
    # The results of pending trials must not be used, even where there are some.
    for trial in (*known, *(Trial(each.number, each.parameters) for each in pending)):
        if trial.state not in states:
            continue
        curve = {epoch: reached for epoch, reached in enumerate(trial.curve, 1) if reached is not None}
        study.add_trial(
            optuna.trial.create_trial(
                state=states[trial.state],
                value={"complete": trial.val_accuracy, "diverged": 0.0}.get(trial.state),
                params=encode(space, trial.parameters),
                distributions=distributions,
                intermediate_values=curve,
            )
        )
    return study


def distribution(parameter: Parameter) -> "optuna.distributions.BaseDistribution":
    """A parameter as an Optuna distribution; a choice is one over the indices of its values."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(parameter, Choice):
        return CategoricalDistribution(range(len(parameter.values)))
    if parameter.whole:
        return IntDistribution(int(parameter.low), int(parameter.high), log=parameter.log)
    return FloatDistribution(parameter.low, parameter.high, log=parameter.log)


def encode(space: Space, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as Optuna stores them: the index of a choice's value."""
    return {
        parameter.key: parameter.values.index(parameters[parameter.key])
        if isinstance(parameter, Choice)
        else parameters[parameter.key]
        for parameter in space
    }


def _ask(
    plan: SweepPlan, space: Space, seed: int, known: Sequence[Trial], pending: Sequence[Trial]
) -> dict[str, Value]:
    import optuna

    if plan.search == "random":
        study = study_of(space, (), (), optuna.samplers.RandomSampler(seed=seed))
    else:
        sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=plan.startup)
        study = study_of(space, known, pending, sampler)
    drawn = study.ask({parameter.key: distribution(parameter) for parameter in space}).params
    return {
        parameter.key: parameter.values[drawn[parameter.key]]
        if isinstance(parameter, Choice)
        else parameter.rounded(drawn[parameter.key])
        for parameter in space
    }


@functools.lru_cache(maxsize=1)
def _shuffled(size: int, seed: int) -> list[int]:
    """The numbers of all points of a grid, in an order decided by the sweep's seed."""
    order = list(range(size))
    random.Random(seed).shuffle(order)  # noqa: S311 (a search, no secret)
    return order


def _seed(seed: int, number: int, attempt: int) -> int:
    """A seed for each proposal, decided by the sweep's."""
    return int(np.random.SeedSequence([seed, number, attempt]).generate_state(1)[0])


@contextmanager
def _quiet_optuna() -> Iterator[None]:
    """Inside, Optuna logs no creation of a study; its verbosity is restored afterwards."""
    import optuna

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)
