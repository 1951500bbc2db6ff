"""The listeners of a run: its files, the display, the trackers, and the user's own."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from types import TracebackType

from hundred.experiment.run.context import RunContext
from hundred.experiment.run.long_run import LongRunWarning
from hundred.experiment.run.model_file import ModelOnDisk
from hundred.runs.directory import check_in_place
from hundred.runs.events import EventLog
from hundred.runs.history import HistoryCsv
from hundred.runs.layout import EVENTS, HISTORY
from hundred.runs.progress.display import progress_listener
from hundred.runs.sittings import SittingLog
from hundred.training.control import Control
from hundred.training.events import EpochEnded, Event, Stopped, Warned, notify


class RunListeners:
    """All listeners of one run, opened and closed together; the files come first, so others can read them."""

    def __init__(self, context: RunContext) -> None:
        """Callbacks that are listeners as well receive events too."""
        self.path = context.path
        self.all: list[object] = [HistoryCsv(context.path / HISTORY), EventLog(context.path / EVENTS)]
        self.sittings = SittingLog(context.path, context.options.started)
        self.all.append(self.sittings)
        self.all.append(progress_listener(quiet=context.options.quiet))
        if context.options.deadline is None:
            self.all.append(LongRunWarning(self.warn))
        self.all.append(ModelOnDisk(context, self.warn))
        self.all.extend(_trackers(context, self.warn))
        if context.options.stop_when is not None:
            self.all.append(_StopWhen(context.trainer.control, context.options.stop_when))
        self.all.extend(context.trainer.callbacks)
        self.all.extend(context.options.listeners)

    def __enter__(self) -> "RunListeners":
        """Nothing to open: listeners open what they need at their first event."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close each that can be closed, even where another fails to."""
        # Last to first: a tracker may still warn while it closes, and the display must be there to show it.
        for listener in reversed(self.all):
            close = getattr(listener, "close", None)
            if close is not None:
                with suppress(Exception):
                    close()

    def dispatch(self, events: Iterator[Event]) -> Stopped:
        """Send all events to all listeners; return the last, which says why training stopped."""
        stopped = Stopped(0, "interrupted")
        for event in events:
            check_in_place(self.path)
            notify(self.all, event)
            if isinstance(event, Stopped):
                stopped = event
        return stopped

    def warn(self, message: str) -> None:
        """Send a warning to all listeners."""
        notify(self.all, Warned(message))


class _StopWhen:
    """Listener: ends the run after an epoch for which `stop_when` returns a reason."""

    def __init__(self, control: Control, stop_when: Callable[[EpochEnded], str]) -> None:
        self.control, self.stop_when = control, stop_when

    def on_epoch_ended(self, event: EpochEnded) -> None:
        """Called before callbacks act and the state is saved, so that a resumed run ends there as well."""
        reason = self.stop_when(event)
        if reason:
            self.control.stop(reason)


def _trackers(context: RunContext, warn: Callable[[str], None]) -> Iterator[object]:
    path, recipe = context.path, context.recipe
    if recipe.tracking.mlflow and context.options.tracked:
        from hundred.runs.trackers.mlflow.listener import MlflowListener

        yield MlflowListener(
            path,
            experiment=recipe.tracking.experiment,
            parent_run_id=context.options.parent_run_id,
            warn=warn,
            process=context.options.mlflow_process,
        )
    if recipe.callbacks.tensorboard:
        from hundred.runs.trackers.tensorboard import TensorBoard

        yield TensorBoard(path / "tensorboard")
    if recipe.callbacks.wandb:
        from hundred.runs.trackers.wandb import WeightsAndBiases

        yield WeightsAndBiases(path, project=recipe.tracking.experiment, warn=warn)
