"""Schedules against torch.optim.lr_scheduler, and the properties that make one."""

import math
import warnings
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hundred.errors import UsageError
from hundred.training.optim.schedules import NAMES, Schedule

STEPS = 200


def torch_rates(make: Any, steps: int = STEPS) -> list[float]:
    """The rates that a scheduler of torch gives for base rate 1 at the steps 0, 1, ..."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = make(optimizer)
    rates = []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # the last step is one too many for one-cycle
            scheduler.step()
    return rates


def our_rates(schedule: Schedule, steps: int = STEPS) -> list[float]:
    return [schedule.factor(step / steps) for step in range(steps)]


@pytest.mark.parametrize("final", [0.0, 0.07])
def test_cosine_is_that_of_torch(final: float) -> None:
    make = lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, T_max=STEPS, eta_min=final)  # noqa: E731
    assert our_rates(Schedule("cosine", final=final)) == pytest.approx(torch_rates(make), abs=1e-12)


@pytest.mark.parametrize("final", [0.0, 0.1])
def test_linear_with_warmup_is_two_ramps_of_torch(final: float) -> None:
    def make(optimizer: torch.optim.Optimizer) -> Any:
        up = torch.optim.lr_scheduler.LinearLR(optimizer, 0.2, 1.0, total_iters=50)
        down = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, final, total_iters=150)
        return torch.optim.lr_scheduler.SequentialLR(optimizer, [up, down], milestones=[50])

    ours = our_rates(Schedule("linear", warmup=0.25, final=final, start=0.2))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # SequentialLR calls its parts in a deprecated way
        assert ours == pytest.approx(torch_rates(make), abs=1e-9)


@pytest.mark.parametrize("gamma", [0.2, 0.1])
def test_steps_are_those_of_torch(gamma: float) -> None:
    make = lambda o: torch.optim.lr_scheduler.MultiStepLR(o, [60, 120, 160], gamma=gamma)  # noqa: E731
    ours = our_rates(Schedule("step", milestones=(0.3, 0.6, 0.8), gamma=gamma))
    assert ours == pytest.approx(torch_rates(make))


@pytest.mark.parametrize("rise", [0.3, 0.45])
def test_one_cycle_is_that_of_torch(rise: float) -> None:
    """torch puts the peak on step rise * n - 1 and the end on step n - 1; we on fractions of all steps."""
    make = lambda o: torch.optim.lr_scheduler.OneCycleLR(  # noqa: E731
        o, max_lr=1.0, total_steps=STEPS, pct_start=rise, cycle_momentum=False
    )
    peak = rise * STEPS - 1
    ours = Schedule("one-cycle", warmup=rise, final=1 / 25 / 1e4)
    for step, rate in enumerate(torch_rates(make)[:STEPS]):
        done = rise * step / peak if step <= peak else rise + (1 - rise) * (step - peak) / (STEPS - 1 - peak)
        assert ours.factor(done) == pytest.approx(rate, abs=1e-12)
    if rise == 0.3:
        assert Schedule("one-cycle", final=1 / 25 / 1e4).factor(0.1) == ours.factor(0.1)


schedules = st.builds(
    Schedule,
    name=st.sampled_from([name for name in NAMES if name not in ("step", "exponential")]),
    warmup=st.floats(0, 0.95),
    final=st.floats(0, 1),
    start=st.floats(0, 1),
) | st.builds(
    Schedule,
    name=st.just("step"),
    warmup=st.floats(0, 0.95),
    final=st.floats(0, 1),
    milestones=st.sets(st.floats(0.01, 0.99), min_size=1, max_size=4).map(lambda s: tuple(sorted(s))),
    gamma=st.floats(0, 1),
)


@given(schedule=schedules, first=st.floats(0, 1), second=st.floats(0, 1))
def test_a_factor_lies_between_0_and_1_and_rises_only_during_warmup(
    schedule: Schedule, first: float, second: float
) -> None:
    early, late = sorted((first, second))
    assert 0.0 <= schedule.factor(early) <= 1.0
    warmup = schedule.warmup or (0.3 if schedule.name == "one-cycle" else 0.0)
    if early >= warmup:
        assert schedule.factor(early) >= schedule.factor(late) - 1e-12
    elif late < warmup:
        assert schedule.factor(early) <= schedule.factor(late) + 1e-12


@given(schedule=schedules)
def test_the_end_is_the_final_factor_and_stays(schedule: Schedule) -> None:
    end = schedule.factor(1.0)
    if schedule.name not in ("constant", "step"):
        assert math.isclose(end, schedule.final, abs_tol=1e-12)
    assert schedule.factor(1.5) == end
    assert schedule.factor(-0.1) == schedule.factor(0.0)


@given(steps=st.integers(2, 100_000), tenths=st.integers(1, 9))
def test_a_milestone_is_met_exactly_whatever_the_number_of_steps(steps: int, tenths: int) -> None:
    """A fraction of steps that equals the milestone must not miss it by a rounding error."""
    steps *= 10
    schedule = Schedule("step", milestones=(tenths / 10,), gamma=0.5)
    assert schedule.factor(steps * tenths // 10 / steps) == 0.5
    assert schedule.factor((steps * tenths // 10 - 1) / steps) == 1.0


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"name": "cosin"}, "did you mean 'cosine'"),
        ({"name": "linear", "warmup": 1.0}, "warmup is 1.0"),
        ({"name": "linear", "final": -0.1}, "final"),
        ({"name": "step"}, "needs milestones"),
        ({"name": "step", "milestones": (0.5, 0.4)}, "increasing"),
        ({"name": "step", "milestones": (60, 120)}, "fractions"),
        ({"name": "cosine", "milestones": (0.5,)}, "belong to the schedule 'step'"),
        ({"name": "cosine", "warmup": math.nan}, "warmup is nan"),
    ],
)
def test_what_makes_no_schedule_is_refused(options: dict[str, Any], text: str) -> None:
    with pytest.raises(UsageError, match=text):
        Schedule(**options)


@pytest.mark.parametrize(
    ("schedule", "make"),
    [
        (
            Schedule("polynomial", power=0.9),
            lambda o: torch.optim.lr_scheduler.PolynomialLR(o, 60, power=0.9),
        ),
        (
            Schedule("exponential", final=0.01),
            lambda o: torch.optim.lr_scheduler.ExponentialLR(o, 0.01 ** (1 / 60)),
        ),
        (
            Schedule("cosine", restarts=2, final=0.1),
            lambda o: torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(o, 20, eta_min=0.1),
        ),
        (
            Schedule("cosine", restarts=1, cycle_growth=2.0),
            lambda o: torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(o, 20, T_mult=2),
        ),
    ],
)
def test_rates_are_those_of_torch(schedule: Schedule, make: Any) -> None:
    found = [schedule.factor(step / 60) for step in range(60)]
    assert found == pytest.approx(torch_rates(make, 60), abs=1e-9)


def test_the_momentum_of_a_cycle_is_that_of_torchs_one_cycle() -> None:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0, momentum=0.9)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1.0, total_steps=101)
    expected = []
    for _ in range(101):
        expected.append(optimizer.param_groups[0]["momentum"])
        optimizer.step()
        scheduler.step() if len(expected) < 101 else None
    # Torch's rise ends at step 29.3 of 100, ours at 30 % of training.
    rise = (0.3 * 101 - 1) / 100
    schedule = Schedule("one-cycle", warmup=rise, cycle_momentum=True)
    assert [schedule.momentum(step / 100) for step in range(101)] == pytest.approx(expected, abs=1e-9)
    assert Schedule("cosine").momentum(0.5) is None


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"name": "exponential"}, "set it above"),
        ({"name": "linear", "restarts": 2}, "belong to the schedule 'cosine'"),
        ({"name": "cosine", "cycle_momentum": True}, "belongs to the schedule 'one-cycle'"),
    ],
)
def test_values_that_do_not_go_with_a_schedule_are_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Schedule(**values)
