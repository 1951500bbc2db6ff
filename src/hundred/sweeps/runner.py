"""The conductor of a sweep: proposes trials, has them trained, notes what came of them."""

import time
from dataclasses import dataclass, replace

from hundred.errors import HundredError
from hundred.recipe.load import load_recipe
from hundred.sweeps.context import SECONDS_TO_WAIT, SweepContext
from hundred.sweeps.journal import Journal, Trial
from hundred.sweeps.plan import SweepPlan
from hundred.sweeps.request import SUMMARY
from hundred.sweeps.result import Sweep, best_of
from hundred.sweeps.retrain import retrain
from hundred.sweeps.search.pruner import limits
from hundred.sweeps.search.sampler import propose
from hundred.sweeps.trial import TrialResult

FAILURES = 3  # trials that fail before any succeeds: then it is not their settings
SECONDS_BETWEEN_TABLES = 10.0


@dataclass
class Budget:
    """The time of the whole call. began: `time.monotonic()`. minutes: None is no end."""

    began: float
    minutes: float | None
    longest: float = 0.0

    def note(self, seconds: float) -> None:
        """A trial took so long."""
        self.longest = max(self.longest, seconds)

    def allows(self, rounds: float) -> bool:
        """Whether there is time for so many trainings one after another, as long as the longest so far."""
        if self.minutes is None:
            return True
        return time.monotonic() + rounds * self.longest <= self.began + self.minutes * 60


class SweepRunner:
    """Conducts one sweep to its end; what its journal has already is not trained again."""

    def __init__(self, plan: SweepPlan, crew: SweepContext, budget: Budget) -> None:
        """The journal is read here. Raises HundredError where it is damaged."""
        self.plan, self.crew, self.budget = plan, crew, budget
        self.folder, self.teller = crew.folder, crew.teller
        self.journal = Journal(crew.folder)
        self.journal.cut_torn_line()
        # Counted, since looking at all trials after each would cost the more the longer a sweep is.
        self.ended = len(self.journal.ended)
        self.failed = sum(trial.state == "failed" for trial in self.journal.ended)
        self.begun: dict[str, tuple[Trial, float]] = {}
        self.table_written = time.monotonic()

    def conduct(self, *, figures: bool) -> Sweep:
        """Search, retrain the best, and write what came out.

        Raises HundredError where no trial came to its end, and KeyboardInterrupt after an interruption.
        """
        begin, sweep = time.monotonic(), Sweep(self.folder)
        known = self.journal.ended
        self.teller.start(known)
        self.crew.tracker.send(self.folder / trial.name for trial in known)
        if self.journal.under_way or self.journal.next_number != self.plan.trials:
            (self.folder / SUMMARY).unlink(missing_ok=True)
        try:
            self._search()
            best = best_of(self.journal.ended)
            if best is None:
                raise HundredError(
                    f"none of {len(self.journal.ended)} trials came to its end, so there is no best one: "
                    f"see {sweep.csv}"
                )
            retrain(self.crew, self.plan, best, figures=figures)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                f"everything so far is in {self.folder}\ngo on with it: hundred sweep {self.folder} --resume"
            ) from None
        finally:
            sweep.write_table()
        sweep.write(time.monotonic() - begin, figures=figures)
        files = [sweep.csv, self.folder / SUMMARY, *sweep.figures.values()]
        self.crew.tracker.finish(sweep.metrics(), files)
        return sweep

    def _search(self) -> None:
        for trial in self.journal.under_way:
            self._submit(trial)
        while True:
            self._propose()
            if not self.begun:
                return
            for outcome in self.crew.pool.wait(SECONDS_TO_WAIT):
                self._note(outcome)

    def _propose(self) -> None:
        """Begin as many trials as there is room for, and as may begin by what is known."""
        while len(self.begun) < self.crew.pool.workers:
            trial = self._next()
            if trial is None:
                return
            self.journal.propose(trial)
            self._submit(trial)

    def _next(self) -> Trial | None:
        """The trial to begin now, or None where there is none, or none yet."""
        plan, trials, number = self.plan, self.journal.trials, self.journal.next_number
        rounds = 1 + plan.seeds / self.crew.pool.workers
        if (plan.trials and number >= plan.trials) or (number and not self.budget.allows(rounds)):
            return None
        told, under_way = list[Trial](), list[Trial]()
        if plan.waits:
            horizon = max(0, number - plan.ahead + 1)
            told = [trials[each] for each in range(horizon)]
            under_way = [trials[each] for each in range(horizon, number)]
            if not all(trial.ended for trial in told):
                return None
        parameters = propose(plan, number, told, under_way)
        if parameters is None:
            return None
        epochs = load_recipe(plan.recipe, parameters).recipe.training.epochs
        return Trial(number, parameters, limits(plan.prune, epochs, told))

    def _submit(self, trial: Trial) -> None:
        recipe = load_recipe(self.plan.recipe, trial.parameters).recipe.as_dict()
        self.begun[trial.name] = (trial, time.monotonic())
        self.crew.pool.submit(self.crew.task(trial.name, recipe, limits=trial.limits))

    def _note(self, outcome: TrialResult) -> None:
        trial, begin = self.begun.pop(outcome.name)
        ended = replace(
            trial,
            state=outcome.state,
            val_accuracy=outcome.val_accuracy,
            epochs=outcome.epochs,
            curve=outcome.curve,
            train_seconds=outcome.train_seconds,
            why=outcome.why,
        )
        self.journal.settle(ended)
        self.budget.note(time.monotonic() - begin)
        self.crew.tracker.send([self.folder / trial.name])
        self.teller.trial(ended, self.ended)
        self.ended += 1
        self.failed += ended.state == "failed"
        if self.ended == self.failed >= FAILURES:
            raise HundredError(f"the first {self.failed} trials failed, the last of: {ended.why}")
        if time.monotonic() - self.table_written > SECONDS_BETWEEN_TABLES:
            Sweep(self.folder).write_table()
            self.table_written = time.monotonic()
