"""Plans of epochs and image sizes: what holds for any of them, with and without a deadline."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hundred.training.epoch_plan import MARGIN, EpochPlan, EpochWatch

# The machine that tests may be busy: a test that is slow is no fault.
unhurried = settings(deadline=None)

WHOLE_EPOCHS = st.integers(1, 60)
EPOCHS = WHOLE_EPOCHS | st.floats(0.01, 60.0)
STEPS = st.integers(1, 90)
RESOLUTIONS = st.sampled_from(
    [(), ((1.0, 32),), ((0.5, 16), (1.0, 32)), ((0.15, 20), (0.5, 24), (1.0, 32)), ((0.3, 32), (1.0, 16))]
)
SECONDS = {0: 0.9, 16: 0.3, 20: 0.4, 24: 0.6, 32: 1.0}


def walked(plan: EpochPlan, first_epoch: int = 1, costs: dict[int, float] = SECONDS) -> float:
    """Seconds of the steps from `first_epoch` on, counted one by one."""
    return sum(costs[size] for epoch in range(first_epoch, plan.last_epoch + 1) for size in plan.sizes(epoch))


def most_of_a_step(plan: EpochPlan) -> float:
    """How far counting by integral may be off: a step at each change of size."""
    return max(SECONDS.values()) * (1 + len(plan.resolutions))


@given(epochs=EPOCHS, steps=STEPS, resolutions=RESOLUTIONS)
@unhurried
def test_progress_rises_evenly_from_nothing_to_one(epochs: float, steps: int, resolutions: tuple) -> None:
    plan = EpochPlan(epochs, steps, resolutions)
    total = plan.total_steps
    assert total == pytest.approx(epochs * steps, abs=1)
    assert plan.progress(0) == 0.0
    assert plan.progress(total) == pytest.approx(1.0)
    assert plan.progress(total // 2) == pytest.approx((total // 2) / total)


@given(epochs=EPOCHS, steps=STEPS, resolutions=RESOLUTIONS)
@unhurried
def test_sizes_take_their_shares_of_all_steps(epochs: float, steps: int, resolutions: tuple) -> None:
    plan = EpochPlan(epochs, steps, resolutions)
    sizes = [size for epoch in range(1, plan.last_epoch + 1) for size in plan.sizes(epoch)]
    assert len(sizes) == plan.total_steps
    begin = 0.0
    for until, size in resolutions or ((1.0, 0),):
        assert abs(sizes.count(size) - (until - begin) * len(sizes)) <= 1
        begin = until
    assert set(sizes) <= set(plan.all_sizes())


@given(
    epochs=EPOCHS,
    steps=STEPS,
    resolutions=RESOLUTIONS,
    cut=st.tuples(st.integers(0, 5400), st.integers(0, 5400)),
)
@unhurried
def test_the_cost_of_a_stretch_is_that_of_its_steps(
    epochs: float, steps: int, resolutions: tuple, cut: tuple[int, int]
) -> None:
    plan = EpochPlan(epochs, steps, resolutions, costs=SECONDS)
    first, last = sorted(min(end, plan.total_steps) for end in cut)
    sizes = [size for epoch in range(1, plan.last_epoch + 1) for size in plan.sizes(epoch)]
    exact = sum(SECONDS[size] for size in sizes[first:last])
    assert plan.cost(first, last) == pytest.approx(exact, abs=most_of_a_step(plan))


@given(
    steps=STEPS,
    resolutions=RESOLUTIONS,
    seconds=st.floats(1.0, 5000.0),
    validation=st.floats(0.0, 20.0),
    every=st.integers(0, 4),
)
@unhurried
def test_a_plan_fits_into_its_time_and_nearly_fills_it(
    steps: int, resolutions: tuple, seconds: float, validation: float, every: int
) -> None:
    plan = EpochPlan(8, steps, resolutions, every)
    warning = plan.fit_into(seconds, SECONDS, validation)
    needed = walked(plan) + validation * validations(plan)
    assert bool(warning) == (plan.epochs < 1)
    slack = most_of_a_step(plan)
    assert needed <= seconds * (1 - MARGIN) + slack or plan.total_steps == 1
    # With a hundredth of an epoch and a validation more it would not fit.
    more = EpochPlan(plan.epochs + 0.01 + 1 / steps, steps, resolutions, every)
    assert walked(more) + validation * validations(more) >= seconds * (1 - MARGIN) - slack


def validations(plan: EpochPlan) -> int:
    return sum(plan.validates(epoch) for epoch in range(1, plan.last_epoch + 1))


@given(epochs=WHOLE_EPOCHS, steps=STEPS, rest=st.floats(0.02, 0.98))
@unhurried
def test_a_fraction_shortens_the_last_epoch_which_is_validated(epochs: int, steps: int, rest: float) -> None:
    plan = EpochPlan(epochs + rest, steps, validate_every=0)
    lengths = [len(plan.sizes(epoch)) for epoch in range(1, plan.last_epoch + 1)]
    assert lengths[:-1] == [steps] * epochs
    assert lengths[-1] == 1 or abs(lengths[-1] - rest * steps) < 0.5 + 1e-9
    assert [plan.validates(epoch + 1) for epoch in range(len(lengths))] == [False] * epochs + [True]


def test_a_cap_on_the_epochs_is_kept() -> None:
    plan = EpochPlan(8, 10)
    assert plan.fit_into(1e6, SECONDS, 0.0, at_most=12) == ""
    assert plan.epochs == 12


def test_too_little_time_for_an_epoch_gives_it_fewer_steps_and_says_so() -> None:
    plan = EpochPlan(8, 100)
    assert "25 of its 100 steps" in plan.fit_into(25 * 0.9 / (1 - MARGIN) + 0.01, SECONDS, 0.0)
    assert (plan.epochs, plan.steps_per_epoch) == (0.25, 100)
    assert plan.progress(25) == 1.0


class Clock:
    """Time that passes only where a test advances it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr("hundred.training.epoch_plan.time.monotonic", lambda: self.now)


def simulate(plan: EpochPlan, clock: Clock, slower: float, beside: float, slow_from: int = 1) -> list[str]:
    """Run the plan on a machine that needs `slower` times as long as measured; its warnings."""
    warnings, epoch = [], 0
    while epoch < plan.last_epoch:
        epoch += 1
        factor = slower if epoch >= slow_from else 1.0
        seconds = factor * sum(SECONDS[size] for size in plan.sizes(epoch))
        clock.now += seconds + beside
        plan.note(epoch, seconds, beside, plan.sizes(epoch))
        warnings.append(plan.replan(epoch))
    return [warning for warning in warnings if warning]


@given(
    slower=st.floats(0.3, 4.0),
    minutes=st.floats(2.0, 30.0),
    resolutions=RESOLUTIONS,
    beside=st.floats(0.0, 5.0),
)
@unhurried
def test_a_slower_machine_still_ends_in_time_to_within_an_epoch(
    slower: float, minutes: float, resolutions: tuple, beside: float
) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        clock = Clock(monkeypatch)
        plan = EpochPlan(8, 20, resolutions, deadline=clock.now + minutes * 60)
        plan.fit_into(minutes * 60, SECONDS, beside)
        simulate(plan, clock, slower, beside)
        # Replanning leaves out epochs, it cannot shorten the one under way; the trainer does that.
        assert plan.deadline is not None
        assert clock.now <= plan.deadline + slower * 20 + beside


def test_a_plan_made_in_a_busy_moment_grows_into_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    plan = EpochPlan(8, 20, deadline=clock.now + 600)
    plan.fit_into(600, SECONDS, 1.0)
    planned = plan.epochs
    warnings = simulate(plan, clock, slower=0.5, beside=1.0)
    assert all(warning.startswith("the machine is faster than measured") for warning in warnings)
    assert warnings[0].endswith(f"epochs instead of {planned:g}")
    assert plan.epochs > 1.7 * planned
    assert clock.now <= (plan.deadline or 0.0)
    assert plan.progress(plan.total_steps) == pytest.approx(1.0)


def test_a_plan_does_not_grow_past_the_epochs_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    plan = EpochPlan(8, 20, deadline=clock.now + 600)
    plan.fit_into(600, SECONDS, 1.0, at_most=3)
    assert simulate(plan, clock, slower=0.5, beside=1.0) == []
    assert plan.epochs == 3


def test_a_machine_as_fast_as_measured_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    plan = EpochPlan(8, 20, ((0.5, 16), (1.0, 32)), deadline=clock.now + 480)
    plan.fit_into(480, SECONDS, 2.0)
    planned = plan.epochs
    assert simulate(plan, clock, 1.0, 2.0) == []
    assert plan.epochs == planned
    assert plan.anchor == (0, 0.0)


def test_after_a_cut_the_schedule_runs_from_where_it_was_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    plan = EpochPlan(10, 10, deadline=clock.now + 60)
    before = plan.progress(10)
    clock.now += 15.0
    plan.note(1, 15.0, 0.0, plan.sizes(1))
    assert "3.9 epochs instead of 10" in plan.replan(1)  # 45 s are left, less the margin, at 15 s an epoch
    steps = [plan.progress(step) for step in range(10, 40)]
    assert steps[0] == before == 0.1
    assert steps[-1] == pytest.approx(1.0)
    assert steps == sorted(steps)


@given(speed=st.floats(0.5, 2.0), minutes=st.floats(1.0, 30.0), resolutions=RESOLUTIONS, steps=STEPS)
@unhurried
def test_a_machine_of_any_even_speed_uses_nine_tenths_of_the_time(
    speed: float, minutes: float, resolutions: tuple, steps: int
) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        clock = Clock(monkeypatch)
        begin = clock.now
        plan = EpochPlan(8, steps, resolutions, deadline=begin + minutes * 60)
        plan.fit_into(minutes * 60, {size: each / speed for size, each in SECONDS.items()}, 1.0)
        simulate(plan, clock, 1 / speed, 1.0)
        assert 0.9 * minutes * 60 - most_of_a_step(plan) / speed <= clock.now - begin
        assert clock.now - begin <= minutes * 60 + most_of_a_step(plan) / speed


def simulate_steps(plan: EpochPlan, clock: Clock, slower: float) -> None:
    """Run a short plan step by step on a machine that needs `slower` times as long as measured."""
    monkeypatch = pytest.MonkeyPatch()
    monkeypatch.setattr("hundred.training.epoch_plan.time.perf_counter", lambda: clock.now)
    epoch, done = 0, 0
    with monkeypatch.context():
        while epoch < plan.last_epoch:
            epoch += 1
            sizes = plan.sizes(epoch)
            watch, begin = EpochWatch(plan, epoch, sizes), clock.now
            for step, size in enumerate(sizes, start=1):
                clock.now += slower * SECONDS[size]
                watch.after(step)
                done += 1
            plan.note(epoch, clock.now - begin, 0.0, sizes)
            clock.now += 1.0  # the validation
            plan.replan(epoch)
    monkeypatch.undo()
    assert done == plan.total_steps


@given(slower=st.floats(0.5, 2.5), seconds=st.floats(40.0, 100.0), resolutions=RESOLUTIONS)
@unhurried
def test_a_run_of_one_epoch_or_two_follows_the_speed_that_its_steps_show(
    slower: float, seconds: float, resolutions: tuple
) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        clock = Clock(monkeypatch)
        begin = clock.now
        plan = EpochPlan(8, 80, resolutions, deadline=begin + seconds)
        plan.fit_into(seconds, SECONDS, 1.0)
        simulate_steps(plan, clock, slower)
        assert 0.85 * seconds <= clock.now - begin <= seconds + 1.0 + 3 * slower * max(SECONDS.values())
        assert plan.progress(plan.total_steps) == pytest.approx(1.0, abs=0.05)


def test_seconds_left_follow_what_was_seen() -> None:
    plan = EpochPlan(2, 10, ((0.5, 16), (1.0, 32)))
    assert plan.seconds_left(1, 5, 3.0) == pytest.approx(3.0 + 10 * 0.6 * 4)
    assert plan.seconds_left(2, 10, 9.0) == 0.0


@given(epochs=EPOCHS, steps=STEPS, resolutions=RESOLUTIONS)
@unhurried
def test_a_plan_survives_being_saved(epochs: float, steps: int, resolutions: tuple) -> None:
    plan = EpochPlan(epochs, steps, resolutions, costs=SECONDS, anchor=(steps, 0.3))
    plan.note(plan.last_epoch, 3.0, 1.0, plan.sizes(plan.last_epoch))
    other = EpochPlan(1, 1, resolutions)
    other.load_state_dict(plan.state_dict())
    assert other == plan
