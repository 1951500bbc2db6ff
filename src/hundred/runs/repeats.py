"""A folder of runs of one recipe that differ by seed, and their summary."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from hundred.runs.layout import REPEATS
from hundred.runs.result import read_object
from hundred.runs.run import Run


@dataclass(frozen=True)
class Repeats:
    """Runs of one recipe that differ by seed, in `path`, one folder each."""

    path: Path

    @cached_property
    def summary(self) -> dict[str, Any]:
        """repeats.json: `seeds`, `runs`, and for each figure its mean, sd, low and high (95 %), and n."""
        return read_object(self.path / REPEATS)

    @property
    def runs(self) -> list[Run]:
        """The runs, by seed."""
        return [Run(self.path / name) for name in self.summary["runs"]]

    def metrics(self) -> dict[str, float]:
        """Mean and standard deviation of each figure: `test_accuracy`, `test_accuracy_sd`, and so on."""
        found = {}
        for name, figure in self.summary.items():
            if isinstance(figure, dict):
                found[name] = figure["mean"]
                if figure["sd"] is not None:
                    found[f"{name}_sd"] = figure["sd"]
        return found

    def __repr__(self) -> str:
        accuracy, of = self.summary["test_accuracy"], "test accuracy"
        if accuracy is None:
            accuracy, of = self.summary["val_accuracy"], "validation accuracy"
        if accuracy is None:
            return f"Repeats({str(self.path)!r}: {len(self.summary['seeds'])} seeds)"
        spread = "" if accuracy["low"] is None else f" [{accuracy['low']:.2%}, {accuracy['high']:.2%}]"
        seeds = f"{accuracy['n']} seeds, {of} {accuracy['mean']:.2%}{spread}"
        return f"Repeats({str(self.path)!r}: {seeds})"


def is_repeats(path: Path) -> bool:
    """Whether `path` is a folder of repeats."""
    return (path / REPEATS).is_file()
