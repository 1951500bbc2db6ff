"""What the revisited study changed together, apart: `python -m benchmarks.separation --data PATH`.

The recipes `school` and `school-revisited` have one network and differ in callbacks, flips and shear. Here
each of these is changed alone, on top of `school`, and compared with it on the validation split (no test
image is read), over
several seeds: how much of the difference belongs to which?

    --share 0.1     of the training images, 50 validation images a class in any case; 1 for all (days on a
    CPU) --seeds 3       of each arm
    --today 40      what so many minutes are worth with other means: one-cycle, Muon, label smoothing, sprint
    --only A,B      some of the arms

Runs are in `--runs` (runs/separation), one folder of repeats an arm: the same command goes on after an
interruption. It ends with a table on standard output and separation.csv beside the runs.
"""

import argparse
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

import hundred
from hundred.evaluation.intervals import summarize, t_quantile
from hundred.runs.repeats import Repeats, is_repeats

PATIENT: dict[str, Any] = {
    "training.epochs": 100,
    "callbacks.reduce_on_plateau.patience": 8,
    "callbacks.reduce_on_plateau.factor": 0.5,
    "callbacks.early_stopping.patience": 20,
}
FLIPS: dict[str, Any] = {"augment.horizontal_flip": True, "augment.vertical_flip": True}
NO_SHEAR: dict[str, Any] = {"augment.shear": 0.0}
BASE = "school"
ARMS: dict[str, dict[str, Any]] = {
    BASE: {},
    "callbacks": PATIENT,
    "flips": FLIPS,
    "horizontal-flip": {"augment.horizontal_flip": True},
    "vertical-flip": {"augment.vertical_flip": True},
    "no-shear": NO_SHEAR,
    "flips-no-shear": {**FLIPS, **NO_SHEAR},
    "all": {**PATIENT, **FLIPS, **NO_SHEAR},  # school-revisited
}
# Of the same network, with the flip that later recipes use, and the recipe made for a short time.
TODAY: dict[str, tuple[str, dict[str, Any]]] = {
    "today-school": ("school", {}),
    "today-one-cycle": ("school", {"training.schedule.name": "one-cycle", "augment.horizontal_flip": True}),
    "today-label-smoothing": ("school", {"training.label_smoothing": 0.1, "augment.horizontal_flip": True}),
    "today-muon": (
        "school",
        {"training.optimizer": "muon", "training.learning_rate": 0.05, "augment.horizontal_flip": True},
    ),
    "today-sprint": ("sprint", {}),
}
PER_CLASS, VALIDATION_PER_CLASS = 500, 50


def arms_of(today: bool) -> dict[str, tuple[str, dict[str, Any]]]:
    """Recipe and overrides of each arm, by name."""
    return TODAY if today else {name: (BASE, overrides) for name, overrides in ARMS.items()}


def train_arm(
    name: str, recipe: str, overrides: dict[str, Any], given: argparse.Namespace, share: float
) -> Repeats:
    """The repeats of one arm: trained, resumed, or as they are."""
    runs = Path(given.runs)
    if is_repeats(runs / name):
        return Repeats(runs / name)
    part = VALIDATION_PER_CLASS + round(share * (PER_CLASS - VALIDATION_PER_CLASS))
    settings = {
        "tracking.mlflow": False,
        "data.train_per_class": 0 if share >= 1 else part,
        "data.validation_per_class": VALIDATION_PER_CLASS,
        **overrides,
    }
    found = hundred.train(
        recipe,
        data=given.data,
        set=settings,
        repeat=given.seeds,
        minutes=given.today * given.seeds if given.today else None,
        name=name,
        runs=runs,
        resume=(runs / name).is_dir(),
        test=False,
        figures=False,
    )
    assert isinstance(found, Repeats)
    return found


def row(
    name: str, accuracies: Sequence[float], base: Sequence[float], epochs: Sequence[int]
) -> dict[str, Any]:
    """Mean validation accuracy with its 95 % interval, and the difference from `base` with Welch's."""
    summary = summarize(accuracies, bounds=(0.0, 1.0))
    difference, reach = welch(accuracies, base)
    return {
        "arm": name,
        "seeds": len(accuracies),
        "val_accuracy": summary.mean,
        "low": summary.low,
        "high": summary.high,
        "difference": difference,
        "difference_low": difference - reach,
        "difference_high": difference + reach,
        "epochs": sum(epochs) / len(epochs),
    }


def welch(first: Sequence[float], second: Sequence[float], confidence: float = 0.95) -> tuple[float, float]:
    """The difference of two means, and how far its interval reaches (Welch 1947); NaN with one value each."""
    one, two = pd.Series(first, dtype="float64"), pd.Series(second, dtype="float64")
    difference = float(one.mean() - two.mean())
    if first is second:
        return difference, 0.0
    if len(one) < 2 or len(two) < 2:
        return difference, math.nan
    parts = [float(each.var()) / len(each) for each in (one, two)]
    if not sum(parts):
        return difference, 0.0
    squares = sum(part**2 / (len(each) - 1) for part, each in zip(parts, (one, two), strict=True))
    return difference, t_quantile(confidence, sum(parts) ** 2 / squares) * math.sqrt(sum(parts))


def main(arguments: Sequence[str] | None = None) -> None:
    """Train the arms and print their table."""
    plain = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=plain)
    parser.add_argument("--data", help="as for hundred train")
    parser.add_argument("--share", type=float, default=0.1, help="of the training images")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--today", type=float, default=0.0, metavar="MINUTES")
    parser.add_argument("--only", default="")
    parser.add_argument("--runs", default="runs/separation")
    given = parser.parse_args(arguments)
    arms = arms_of(bool(given.today))
    only = [name for name in given.only.split(",") if name] or list(arms)
    unknown = sorted(set(only) - set(arms))
    if unknown:
        parser.error(f"--only {unknown[0]}: there are {', '.join(arms)}")
    share = 1.0 if given.today else given.share
    base, rows = list[float](), list[dict[str, Any]]()
    for name in arms:
        if name in only:
            runs = train_arm(name, *arms[name], given, share).runs
            accuracies = [float(run.result["val_accuracy"]) for run in runs]
            base = base or accuracies  # of the first arm
            rows.append(row(name, accuracies, base, [int(run.result["epochs"]) for run in runs]))
            table = pd.DataFrame(rows)
            table.to_csv(Path(given.runs) / "separation.csv", index=False)
    print(table.to_string(index=False, float_format=lambda value: f"{value:.4f}"))


if __name__ == "__main__":
    main()
