"""The doctor beside a training: it reports a finding once it is clear, and acts on it where the recipe
allows.

It is a callback rather than a listener, so that what it did is part of a checkpoint and a resumed run ends as
the undisturbed one would.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from hundred.evaluation.doctor.diagnosis import diagnose
from hundred.evaluation.doctor.findings import Finding
from hundred.evaluation.doctor.history import CURVES, Context
from hundred.evaluation.doctor.readers.build import history_of
from hundred.training import events
from hundred.training.control import Control
from hundred.training.events import EpochEnded, Event, LearningRateCut

ACTS = ("cut-learning-rate", "stop")
# What a lower learning rate can still help, and what only ending the run can.
_CUT_FOR = ("plateau", "learning-rate-too-high")
_STOP_FOR = ("overfitting", "diverged")
# Findings that are only of a run that has ended.
_NOT_YET = ("healthy", "late-cut", "stopped-early")


class LiveDoctor:
    """Looks at the epochs so far after each epoch, and reports a finding the first time that two epochs in a
    row show it with at least `confidence`.

    act: what it may do, of ACTS: cut the learning rate by `factor` for a plateau or too high a rate, stop for
    overfitting or divergence; each once for each such finding. Not before a tenth of the planned epochs.
    """

    def __init__(
        self,
        context: Context,
        *,
        act: Sequence[str] = (),
        confidence: float = 0.7,
        factor: float = 0.2,
    ) -> None:
        """`context` says what is known of the run (see `hundred.evaluation.doctor.history.Context`)."""
        self.context = replace(context, framework="hundred")
        self.act = tuple(act)
        self.confidence = confidence
        self.factor = factor
        self._rows: list[list[float | None]] = []
        self._seen: list[str] = []
        self._reported: list[str] = []

    def after_epoch(self, row: EpochEnded, control: Control) -> Iterable[Event]:
        """Add the epoch; report what has become clear, and act on it."""
        self._rows.append([float(row.epoch), *(getattr(row, name) for name in CURVES)])
        if len(self._rows) < max(4, 0.1 * (self.context.epochs or 0)):
            return []
        columns = {name: [row[place] for row in self._rows] for place, name in enumerate(("epoch", *CURVES))}
        sure = [
            finding
            for finding in diagnose(history_of(columns, self.context)).findings
            if finding.confidence >= self.confidence and finding.name not in _NOT_YET
        ]
        reported: list[Event] = []
        for finding in sure:
            if finding.name in self._seen and finding.name not in self._reported:
                self._reported.append(finding.name)
                reported.append(_event(finding, row.epoch))
                reported.extend(self._act_on(finding, row.epoch, control))
        self._seen = [finding.name for finding in sure]
        return reported

    def _act_on(self, finding: Finding, epoch: int, control: Control) -> list[Event]:
        why = f"the doctor: {finding.name} since epoch {finding.since_epoch:g}"
        if finding.name in _STOP_FOR and "stop" in self.act:
            control.stop("callback", why)
        if finding.name in _CUT_FOR and "cut-learning-rate" in self.act and not control.stopped:
            old = control.learning_rate
            control.learning_rate = old * self.factor
            return [LearningRateCut(epoch, old, control.learning_rate, why)]
        return []

    def at_end(self, control: Control) -> Iterable[Event]:
        """Nothing is left to do."""
        return []

    def state_dict(self) -> dict[str, Any]:
        """The epochs so far, and what was seen and reported."""
        rows = [list(row) for row in self._rows]
        return {"rows": rows, "seen": list(self._seen), "reported": list(self._reported)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from `state_dict()`."""
        self._rows = [list(row) for row in state["rows"]]
        self._seen = list(state["seen"])
        self._reported = list(state["reported"] if "reported" in state else state["told"])  # as it was called


def _event(finding: Finding, epoch: int) -> events.Finding:
    return events.Finding(
        epoch, finding.name, round(finding.confidence, 3), finding.sentence, list(finding.advice)
    )
