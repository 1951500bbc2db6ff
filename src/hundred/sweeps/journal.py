"""trials.jsonl: a line for each trial when it is proposed and another when it has ended, never rewritten.

From it a sweep is resumed: which trials have ended, how, and which were under way. A process that is killed
loses at most the line that it was writing.
"""

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from hundred.errors import HundredError
from hundred.formatting import json_safe
from hundred.reading import read_bytes
from hundred.runs.os_errors import append_line, os_errors_as_hundred_errors

JOURNAL = "trials.jsonl"
UNDER_WAY = "under-way"
STATES = (UNDER_WAY, "complete", "pruned", "diverged", "failed")


@dataclass(frozen=True)
class Trial:
    """One setting, trained once.

    parameters: by key of the recipe. limits: by epoch, the validation accuracy below which the trial ends.
    state: one of STATES. val_accuracy: of the kept weights, a fraction. epochs: trained.
    curve: validation accuracy after each epoch, None where it was not measured. train_seconds: as a run's.
    why: a pruned, diverged or failed trial ended.
    """

    number: int
    parameters: dict[str, Any]
    limits: dict[int, float] = field(default_factory=dict)
    state: str = UNDER_WAY
    val_accuracy: float | None = None
    epochs: int = 0
    curve: tuple[float | None, ...] = ()
    train_seconds: float | None = None
    why: str = ""

    @property
    def ended(self) -> bool:
        """Whether it is over, in any way."""
        return self.state != UNDER_WAY

    @property
    def name(self) -> str:
        """The name of its run directory."""
        return f"trial-{self.number:04d}"

    @property
    def winner_folder(self) -> str:
        """The name of the folder where it is trained with other seeds. It names the trial, since a resumed
        sweep may find another best one."""
        return f"winner-{self.name}"


class Journal:
    """The trials of a sweep by number, as trials.jsonl in its folder has them."""

    def __init__(self, folder: Path) -> None:
        """Read the file, if there is one. Raises HundredError where a line is damaged."""
        self.path = folder / JOURNAL
        self.trials: dict[int, Trial] = {}
        for number, line in enumerate(self._lines(), start=1):
            try:
                self._apply(json.loads(line))
            except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
                raise HundredError(
                    f"{self.path} is damaged in line {number}: remove that line to try its trial again"
                ) from None

    @property
    def under_way(self) -> list[Trial]:
        """Trials that were proposed and have not ended, by number."""
        return [trial for _, trial in sorted(self.trials.items()) if not trial.ended]

    @property
    def ended(self) -> list[Trial]:
        """Trials that are over, by number."""
        return [trial for _, trial in sorted(self.trials.items()) if trial.ended]

    @property
    def next_number(self) -> int:
        """The number of the trial that is proposed next."""
        return max(self.trials, default=-1) + 1

    def propose(self, trial: Trial) -> None:
        """Write a trial before it begins."""
        self._write(
            {"trial": trial.number, "parameters": trial.parameters, "limits": list(trial.limits.items())}
        )
        self.trials[trial.number] = trial

    def end(self, trial: Trial) -> None:
        """Write how a trial has ended, after its run directory is complete."""
        result = asdict(trial)
        for known in ("number", "parameters", "limits"):
            del result[known]
        self._write({"trial": trial.number, **result})
        self.trials[trial.number] = trial

    def cut_torn_line(self) -> None:
        """Remove the half line that a killed process left, before appending."""
        with os_errors_as_hundred_errors(self.path):
            if self.path.exists():
                data = read_bytes(self.path)
                whole = data.rfind(b"\n") + 1
                if whole < len(data):
                    with self.path.open("rb+") as file:
                        file.truncate(whole)

    def _lines(self) -> list[bytes]:
        if not self.path.exists():
            return []
        with os_errors_as_hundred_errors(self.path, "cannot read"):
            # After the last newline is nothing, or a torn line.
            return read_bytes(self.path).split(b"\n")[:-1]

    def _apply(self, line: dict[str, Any]) -> None:
        number = line.pop("trial")
        if not isinstance(number, int) or isinstance(number, bool):
            raise ValueError(number)
        if "state" not in line:
            limits = {int(epoch): float(limit) for epoch, limit in line["limits"]}
            self.trials[number] = Trial(number, dict(line["parameters"]), limits)
            return
        if line["state"] not in STATES:
            raise ValueError(line["state"])
        line["curve"] = tuple(line["curve"])
        self.trials[number] = replace(self.trials[number], **line)

    def _write(self, line: dict[str, Any]) -> None:
        append_line(self.path, json.dumps(json_safe(line), ensure_ascii=False), sync=True)
