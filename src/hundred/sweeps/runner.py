"""Runs a sweep: proposes trials, has them trained, writes how they ended."""

import math
import time
from dataclasses import dataclass, replace

from hundred.errors import HundredError
from hundred.formatting import command
from hundred.recipe.load import load_recipe
from hundred.sweeps.context import SECONDS_TO_WAIT, SweepContext
from hundred.sweeps.journal import Journal, Trial
from hundred.sweeps.plan import SUMMARY, SweepPlan
from hundred.sweeps.result import Sweep, best_of
from hundred.sweeps.retrain import retrain
from hundred.sweeps.search.pruner import pruning_limits
from hundred.sweeps.search.sampler import propose
from hundred.sweeps.trial import TrialResult

FAILURES = 3  # when so many trials fail before any succeeds, their settings are not the cause
SECONDS_BETWEEN_TABLES = 10.0


@dataclass
class Budget:
    """The time of the whole call. began: `time.monotonic()`. minutes: None for no limit."""

    began: float
    minutes: float | None
    longest: float = 0.0

    def record(self, seconds: float) -> None:
        """Take note of how long a trial took."""
        self.longest = max(self.longest, seconds)

    def allows(self, rounds: float) -> bool:
        """Whether there is time for so many trainings one after another, as long as the longest so far."""
        if self.minutes is None:
            return True
        return time.monotonic() + rounds * self.longest <= self.began + self.minutes * 60


class SweepRunner:
    """Runs one sweep to its end; what its journal has already is not trained again."""

    def __init__(self, plan: SweepPlan, context: SweepContext, budget: Budget) -> None:
        """Reads the journal. Raises HundredError where it is damaged."""
        self.plan, self.context, self.budget = plan, context, budget
        self.folder, self.progress = context.folder, context.progress
        self.journal = Journal(context.folder)
        self.journal.cut_torn_line()
        # Counted here, since looking at all trials after each would take longer the longer a sweep is.
        self.ended = len(self.journal.ended)
        self.failed = sum(trial.state == "failed" for trial in self.journal.ended)
        self.running: dict[str, tuple[Trial, float]] = {}
        self.table_written = time.monotonic()

    def run(self, *, figures: bool) -> Sweep:
        """Search, retrain the best, and write the results.

        Raises HundredError where no trial completed, and KeyboardInterrupt after an interruption.
        """
        begin, sweep = time.monotonic(), Sweep(self.folder)
        known = self.journal.ended
        self.progress.start(known)
        self.context.parent.send(self.folder / trial.name for trial in known)
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
            retrain(self.context, self.plan, best, figures=figures)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                f"everything so far is in {self.folder}\n"
                f"go on with it: {command('sweep', self.folder, '--resume')}"
            ) from None
        finally:
            sweep.write_table()
        sweep.write(time.monotonic() - begin, figures=figures)
        files = [sweep.csv, self.folder / SUMMARY, *sweep.figures.values()]
        self.context.parent.finish(sweep.metrics(), files)
        return sweep

    def _search(self) -> None:
        for trial in self.journal.under_way:
            self._submit(trial)
        while True:
            self._propose()
            if not self.running:
                return
            for result in self.context.executor.wait(SECONDS_TO_WAIT):
                self._end(result)

    def _propose(self) -> None:
        """Begin as many trials as there are free workers, and as may begin by what is known."""
        while len(self.running) < self.context.executor.workers:
            trial = self._next()
            if trial is None:
                return
            self.journal.propose(trial)
            self._submit(trial)

    def _next(self) -> Trial | None:
        """The trial to begin now; None where there are no more, or its predecessors have not ended yet."""
        plan, trials, number = self.plan, self.journal.trials, self.journal.next_number
        rounds = 1 + plan.seeds / self.context.executor.workers
        if (plan.trials and number >= plan.trials) or (number and not self.budget.allows(rounds)):
            return None
        known, pending = list[Trial](), list[Trial]()
        if plan.waits:
            horizon = max(0, number - plan.ahead + 1)
            known = [trials[each] for each in range(horizon)]
            pending = [trials[each] for each in range(horizon, number)]
            if not all(trial.ended for trial in known):
                return None
        parameters = propose(plan, number, known, pending)
        if parameters is None:
            return None
        epochs = load_recipe(plan.recipe, parameters).recipe.training.epochs
        return Trial(number, parameters, pruning_limits(plan.prune, math.ceil(epochs), known))

    def _submit(self, trial: Trial) -> None:
        recipe = load_recipe(self.plan.recipe, trial.parameters).recipe.as_dict()
        self.running[trial.name] = (trial, time.monotonic())
        self.context.executor.submit(self.context.spec(trial.name, recipe, limits=trial.limits))

    def _end(self, result: TrialResult) -> None:
        trial, begin = self.running.pop(result.name)
        ended = replace(
            trial,
            state=result.state,
            val_accuracy=result.val_accuracy,
            epochs=result.epochs,
            curve=result.curve,
            train_seconds=result.train_seconds,
            why=result.why,
        )
        self.journal.end(ended)
        self.budget.record(time.monotonic() - begin)
        self.context.parent.send([self.folder / trial.name])
        self.progress.trial(ended, self.ended)
        self.ended += 1
        self.failed += ended.state == "failed"
        if self.ended == self.failed >= FAILURES:
            raise HundredError(f"the first {self.failed} trials failed, the last of: {ended.why}")
        if time.monotonic() - self.table_written > SECONDS_BETWEEN_TABLES:
            Sweep(self.folder).write_table()
            self.table_written = time.monotonic()
