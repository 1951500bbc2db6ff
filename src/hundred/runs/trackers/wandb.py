"""Optional listener: a run on Weights & Biases (extra `wandb`). Where it goes is set by wandb's own
environment variables, such as WANDB_MODE=offline or WANDB_PROJECT."""

import importlib
import json
import math
import os
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hundred.errors import HundredError, MissingExtra
from hundred.files import write_json
from hundred.reading import read_bytes
from hundred.runs.history import COLUMNS
from hundred.runs.labels import read_labels
from hundred.runs.trackers import content

if TYPE_CHECKING:
    from hundred.training.events import EpochEnded, RunStarted

_STATE = "wandb.json"


class WeightsAndBiases:
    """Listener: logs each epoch, and the figures of result.json at the end, to Weights & Biases.

    Trouble with the service is one call of `warn` and ends this listener, never the training.
    """

    def __init__(
        self,
        run: Path | str,
        *,
        project: str | None = None,
        warn: Callable[[str], None] | None = None,
        module: Any = None,
    ) -> None:
        """`run` is the run directory; `project` defaults to WANDB_PROJECT, else `hundred`. `module` replaces
        the wandb package in tests. Raises MissingExtra where wandb is not installed."""
        self.run = Path(run)
        self.project = project or os.environ.get("WANDB_PROJECT") or "hundred"
        self.warn = warn or (lambda _: None)
        self.module = module or _wandb()
        self.there: Any = None

    def on_run_started(self, event: "RunStarted") -> None:
        """Open the run there; a resumed run goes on in the same one."""
        self._try(self._open)

    def on_epoch_ended(self, event: "EpochEnded") -> None:
        """Log the epoch's figures."""
        figures = {name: getattr(event, name) for name in COLUMNS[1:]}
        measured = {
            name: value for name, value in figures.items() if value is not None and math.isfinite(value)
        }
        if self.there is not None:
            self._try(lambda: self.there.log(measured, step=event.epoch))

    def close(self) -> None:
        """Send the final figures and end the run there; may be called twice."""
        if self.there is not None:
            self._try(self._finish)
            self.there = None

    def _open(self) -> None:
        labels = read_labels(self.run)
        self.there = self.module.init(
            project=self.project,
            id=self._id(),
            name=self.run.resolve().name,
            dir=str(self.run),
            resume="allow",
            config=content.parameters(self.run),
            tags=list(labels.tags) or None,
            notes=labels.note or None,
        )

    def _finish(self) -> None:
        figures = content.final_metrics(self.run)
        self.there.summary.update(figures)
        self.there.finish(exit_code=0 if figures else 1)

    def _id(self) -> str:
        """The run's id there, kept in the run directory so that a resume finds it."""
        path = self.run / _STATE
        try:
            known = json.loads(read_bytes(path))["id"]
        except (OSError, HundredError, ValueError, KeyError, TypeError):
            known = uuid.uuid4().hex
            write_json(path, {"id": known})
        return str(known)

    def _try(self, call: Callable[[], Any]) -> None:
        try:
            call()
        except Exception as error:  # the service and its package have errors of many kinds
            self.there = None
            first = (str(error).strip().splitlines() or [type(error).__name__])[0]
            self.warn(f"Weights & Biases took no more of the run: {first[:200]}")


def _wandb() -> Any:
    try:
        return importlib.import_module("wandb")
    except ImportError:
        raise MissingExtra("wandb", "wandb", "logging to Weights & Biases") from None
