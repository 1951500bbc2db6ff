"""A run that would take days says so, once, when the estimate has settled."""

from hundred.experiment.run.long_run import LONG_SECONDS, LongRunWarning
from hundred.training.events import StepsDone


def test_it_warns_once_and_only_of_days() -> None:
    now, warnings = 0.0, list[str]()
    listener = LongRunWarning(warnings.append, clock=lambda: now)

    def step(seconds_left: float) -> None:
        listener.on_steps_done(StepsDone(1, 1, 10, None, None, 0.1, 1.0, seconds_left))

    step(9 * LONG_SECONDS)
    assert warnings == []  # the first steps are slow
    now = 100.0
    step(LONG_SECONDS / 2)
    assert warnings == []
    step(3.25 * LONG_SECONDS)
    step(3.25 * LONG_SECONDS)
    (warning,) = warnings
    assert "3 d 06 h" in warning
    assert "--background" in warning
