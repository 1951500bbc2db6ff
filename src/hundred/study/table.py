"""A study's table: a row for each system, what it reached against what was published, and at what cost."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from hundred.evaluation.intervals import summarize, wilson_interval
from hundred.recipe.load import load_recipe
from hundred.runs.layout import RECIPE
from hundred.runs.run import Run
from hundred.study.plan import changed_values
from hundred.study.systems import CIFAR100, System, system_of


def study_table(runs: Mapping[str, list[Run]]) -> pd.DataFrame:
    """One row for each system of `runs`, which are finished runs by the recipe's name. Accuracies are
    fractions.

    test_accuracy is the mean over seeds with its 95 % interval low to high (`interval`: over `runs`, or for
    one run over test `images`). best_val_accuracy is the mean of the best epoch's validation accuracy: what
    the study published, where the test images validate. measured is the one of the two that is compared with
    published_low to published_high; difference is 0 within them, and None where the data are not CIFAR-100.
    cut_short: some run used up fewer epochs than the recipe has, or diverged. changed: what else differs from
    the recipe. total_seconds: of all sittings. energy_joules: of the processor, None where it was not
    measured.
    """
    return pd.DataFrame([_row(system_of(name), system_runs) for name, system_runs in runs.items()])


def ran_to_its_end(run: Run) -> bool:
    """Whether a finished run of a system trained all epochs of that recipe, or stopped by itself before."""
    result = run.result
    whole = load_recipe(str(result["recipe"])).recipe.training.epochs
    if result.get("stopped") == "early-stopping":
        return True
    return result.get("stopped") != "not-finite" and float(result["epochs"]) >= whole


def _row(system: System, runs: list[Run]) -> dict[str, Any]:
    results = [run.result for run in runs]
    first = results[0]
    recipe = load_recipe(runs[0].path / RECIPE).recipe
    best = [value for run in runs if (value := best_val_accuracy(run)) is not None]
    spread = _spread(runs, results)
    measured = _mean(best) if first["protocol"] == "test-as-validation" and best else spread["test_accuracy"]
    changed = changed_values(recipe, system.recipe)
    changed.pop("training.epochs", None)
    return {
        "recipe": system.recipe,
        "runs": len(runs),
        "seeds": " ".join(str(result["seed"]) for result in results),
        "data": first["data"],
        "protocol": first["protocol"],
        **spread,
        "best_val_accuracy": _mean(best),
        "measured": measured,
        "published_low": system.low,
        "published_high": system.high,
        "difference": _difference(measured, system) if first["data"] == CIFAR100 else None,
        "test_top5_accuracy": _mean_of(results, "test_top5_accuracy"),
        "test_coarse_accuracy": _mean_of(results, "test_coarse_accuracy"),
        "calibration_error": _mean_of(results, "calibration_error"),
        "epochs": _mean_of(results, "epochs"),
        "recipe_epochs": load_recipe(system.recipe).recipe.training.epochs,
        "cut_short": not all(ran_to_its_end(run) for run in runs),
        "changed": " ".join(f"{key}={value}" for key, value in changed.items()),
        "parameters": first["parameters"],
        "model_bytes": first.get("model_bytes"),
        "train_seconds": _mean_of(results, "train_seconds"),
        "total_seconds": _mean_of(results, "total_seconds"),
        "energy_joules": _mean_of(results, "energy_joules"),
        "images_per_second": _mean_of(results, "images_per_second"),
        "device": first["device"],
    }  # fmt: skip


def _spread(runs: list[Run], results: list[dict[str, Any]]) -> dict[str, Any]:
    summary = summarize([float(result["test_accuracy"]) for result in results], bounds=(0.0, 1.0))
    low, high, over = summary.low, summary.high, "runs"
    if low is None or high is None:
        images = len(runs[0].predictions()["test_labels"])
        low, high = wilson_interval(round(summary.mean * images), images)
        over = "images"
    return {
        "test_accuracy": summary.mean,
        "sd": summary.sd,
        "low": max(0.0, low),
        "high": min(1.0, high),
        "interval": over,
    }


def best_val_accuracy(run: Run) -> float | None:
    """The best validation accuracy of all epochs; None where nothing was validated."""
    values = run.history["val_accuracy"].dropna()
    return float(values.max()) if len(values) else None


def _difference(measured: float | None, system: System) -> float | None:
    """How far `measured` is above (+) or below (-) what was published; 0 within it."""
    if measured is None or system.low is None or system.high is None:
        return None
    return max(measured - system.high, 0.0) + min(measured - system.low, 0.0)


def _mean_of(results: list[dict[str, Any]], key: str) -> float | None:
    return _mean([float(result[key]) for result in results if result.get(key) is not None])


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None
