"""Evidence in words: every value and epoch in it is in the file, to the digits shown."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hundred.evaluation.doctor.history import History
from hundred.formatting import percent

NOUNS = {
    "accuracy": "training accuracy",
    "loss": "training loss",
    "val_accuracy": "validation accuracy",
    "val_loss": "validation loss",
    "learning_rate": "the learning rate",
}


@dataclass
class Evidence:
    """Collects the epochs and values that a sentence rests on.

    epochs: as the file counts them. values: by figure, the value at each of those epochs that was quoted.
    """

    history: History
    epochs: list[float] = field(default_factory=list)
    values: dict[str, dict[str, float]] = field(default_factory=dict)

    def noun(self, name: str) -> str:
        """What the figure `name` is called: a score by its own name."""
        score = self.history.scores.get(name)
        if score:
            return f"{'validation' if name.startswith('val_') else 'training'} {score.split('/')[-1]}"
        return NOUNS[name]

    def epoch(self, index: int) -> str:
        """The epoch at an index, such as "epoch 7"; remembered."""
        label = float(self.history.epoch[index])
        if label not in self.epochs:
            self.epochs.append(label)
        return f"{self.history.unit} {label:g}"

    def value(self, name: str, index: int) -> str:
        """The value of a figure at an index as the file has it, or at the nearest epoch before or after that
        has one; remembered. Empty where there is none, or where it is a mean over rows of the file."""
        curve = getattr(self.history, name)
        measured = np.flatnonzero(np.isfinite(curve))
        if not len(measured) or name in self.history.averaged:
            return ""
        at = int(measured[np.argmin(np.abs(measured - index))])
        found = float(curve[at])
        self.values.setdefault(name, {})[f"{self.history.epoch[at]:g}"] = found
        return shown(name, found)

    def at(self, name: str, index: int) -> str:
        """The value and its epoch, such as "1.27 in epoch 7"."""
        value = self.value(name, index)
        return f"{value} in {self.epoch(index)}" if value else f"in {self.epoch(index)}"

    def change(self, name: str, begin: int, end: int) -> str:
        """Such as " from 1.2 to 0.4"; empty where the values are not in the file."""
        first, last = self.value(name, begin), self.value(name, end)
        return f" from {first} to {last}" if first and last else ""

    def ends(self) -> str:
        """The last accuracies in brackets; empty where they are not known."""
        last = len(self.history) - 1
        parts = [
            f"{self.noun(name)} {value}"
            for name in ("accuracy", "val_accuracy")
            if (value := self.value(name, last))
        ]
        return f" ({', '.join(parts)} at the end)" if parts else ""

    def data(self) -> dict[str, Any]:
        """As the JSON has it."""
        return {"epochs": sorted(self.epochs), "values": self.values}


def shown(name: str, value: float) -> str:
    """A value in words: accuracies in percent, others with four digits."""
    return percent(value) if name.endswith("accuracy") else f"{value:.4g}"
