"""One recipe with several seeds: a folder of runs, and what they say together."""

import json
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from hundred.errors import HundredError
from hundred.evaluation.intervals import summarize
from hundred.experiment.job import Call
from hundred.experiment.once import train_once
from hundred.experiment.opening import open_data
from hundred.files import write_json
from hundred.recipe import Resolved
from hundred.runs.directory import create_run_directory
from hundred.runs.faults import told_in_one_line
from hundred.runs.run import Run

REPEATS = "repeats.json"
FIGURES = (
    "test_accuracy",
    "val_accuracy",
    "test_top5_accuracy",
    "test_coarse_accuracy",
    "test_loss",
    "train_seconds",
)


@dataclass(frozen=True)
class Repeats:
    """Runs of one recipe that differ by seed, in `path`, one folder each."""

    path: Path

    @cached_property
    def summary(self) -> dict[str, Any]:
        """repeats.json: `seeds`, `runs`, and for each figure its mean, sd, low and high (95 %), and n."""
        content: dict[str, Any] = json.loads((self.path / REPEATS).read_text(encoding="utf-8"))
        return content

    @property
    def runs(self) -> list[Run]:
        """The runs, by seed."""
        return [Run(self.path / name) for name in self.summary["runs"]]

    def __repr__(self) -> str:
        accuracy = self.summary["test_accuracy"]
        spread = "" if accuracy["low"] is None else f" [{accuracy['low']:.2%}, {accuracy['high']:.2%}]"
        seeds = f"{accuracy['n']} seeds, test accuracy {accuracy['mean']:.2%}{spread}"
        return f"Repeats({str(self.path)!r}: {seeds})"


def is_repeats(path: Path) -> bool:
    """Whether `path` is a folder of repeats."""
    return (path / REPEATS).is_file()


def train_repeats(resolved: Resolved, call: Call, repeat: int) -> Repeats:
    """Train `repeat` seeds from the recipe's own upwards; with `call.resume`, only those not finished yet."""
    first = resolved.recipe.seed
    seeds = list(range(first, first + repeat))
    prefix = f"{resolved.recipe.name}-x{repeat}"
    call = replace(call, dataset=open_data(call.data))
    # Only the folder that holds the runs is claimed here; each run claims its own within it.
    if call.resume and call.name is not None and (call.runs / call.name).is_dir():
        folder = call.runs / call.name
    else:
        folder = create_run_directory(call.runs, call.name, prefix=prefix)
    runs = []
    for seed in seeds:
        recipe = resolved.recipe.model_copy(update={"seed": seed})
        name = f"seed-{seed}"
        resume = call.resume and (folder / name).is_dir()
        own = replace(call, runs=folder, name=name, resume=resume)
        runs.append(train_once(replace(resolved, recipe=recipe), own))
    _write_summary(folder, seeds, runs)
    return Repeats(folder)


def _write_summary(folder: Path, seeds: list[int], runs: list[Run]) -> None:
    results = [run.result for run in runs]
    content: dict[str, Any] = {
        "name": folder.name,
        "recipe": results[0]["recipe"],
        "data": results[0]["data"],
        "protocol": results[0]["protocol"],
        "device": results[0]["device"],
        "seeds": seeds,
        "runs": [run.path.name for run in runs],
    }
    for figure in FIGURES:
        values = [result[figure] for result in results if result.get(figure) is not None]
        try:
            content[figure] = vars(summarize(values)) if values else None
        except HundredError:
            content[figure] = None
    with told_in_one_line(folder / REPEATS):
        write_json(folder / REPEATS, content)
