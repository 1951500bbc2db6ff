"""Settings searched instead of guessed: `python -m benchmarks.search_rows --target 0.64 --data PATH`.

A sweep of `sprint` at about a quarter of the row's operations (half the widths, the same epochs), on the
validation split alone; then some of its trials, from the best to the worst, at the row's full widths: the
rank correlation says whether the cheap sweep orders them as the whole does.

Each trial takes about a quarter of the row's training (25 s for 0.64 on two cores of a Zen 5), each check a
whole one: with 24 trials and 6 checks about 20 minutes for 0.64, an hour for 0.70, three for 0.75. The same
command again goes on where it was stopped.
"""

import argparse
import os
from pathlib import Path
from typing import Any

import hundred
from hundred.experiment.build.targets import overrides_for
from hundred.files import write_json
from hundred.runs.run import Run
from hundred.sweeps.journal import Trial
from hundred.sweeps.result import Sweep

VARY = {
    "training.learning_rate": "0.06..0.28:log",
    "training.momentum": "0.4..0.8",
    "training.schedule.warmup": "0.1..0.4",
    "training.label_smoothing": "0.1..0.35",
    "training.muon.rest_learning_rate": "0.3..1.5:log",
    "training.muon.norm_multiplier": "4..64:log",
    "training.batch_size": [384, 512, 768],
}
WIDTHS = ("model.width1", "model.width2", "model.width3")


def row_settings(target: float) -> dict[str, Any]:
    """The settings of a row of targets.toml, on the validation split."""
    return {**overrides_for("sprint", target), "data.protocol": "holdout", "tracking.mlflow": False}


def cheap(settings: dict[str, Any]) -> dict[str, Any]:
    """The same with half the widths: a quarter of the operations."""
    return {key: max(int(value) // 2, 4) if key in WIDTHS else value for key, value in settings.items()}


def spread(trials: list[Trial], count: int) -> list[Trial]:
    """`count` finished trials from the best to the worst, evenly by rank."""
    done = [trial for trial in trials if trial.state == "complete" and trial.val_accuracy is not None]
    ranked = sorted(done, key=lambda trial: -(trial.val_accuracy or 0.0))
    if len(ranked) <= count:
        return ranked
    return [ranked[round(place * (len(ranked) - 1) / (count - 1))] for place in range(count)]


def rank_correlation(first: list[float], second: list[float]) -> float | None:
    """Spearman's, from -1 to 1; None where all values of a list are the same."""
    if len(set(first)) < 2 or len(set(second)) < 2:
        return None
    from scipy.stats import spearmanr

    return float(spearmanr(first, second).statistic)


def main(arguments: list[str] | None = None) -> None:
    """Search, check, and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.search_rows")
    parser.add_argument("--target", type=float, required=True, help="a row of targets.toml")
    parser.add_argument("--data", default=os.environ.get("HUNDRED_DATA", "sample"))
    parser.add_argument("--trials", type=int, default=24)
    parser.add_argument("--checks", type=int, default=6, help="trials done again at full widths")
    parser.add_argument("--runs", type=Path, default=Path("runs/search"))
    parser.add_argument("--set", action="append", default=[], dest="overrides", metavar="KEY=VALUE")
    options = parser.parse_args(arguments)
    settings = row_settings(options.target)
    settings |= dict(each.split("=", 1) for each in options.overrides)
    name = f"sprint-{options.target:g}"
    sweep = hundred.sweep(
        "sprint",
        VARY,
        trials=options.trials,
        prune=False,
        seeds=0,
        data=options.data,
        set=_as_texts(cheap(settings)),
        runs=options.runs,
        name=name,
    )
    checks = [
        {
            "trial": trial.number,
            "parameters": trial.parameters,
            "cheap": trial.val_accuracy,
            "whole": _at_full_widths(trial, settings, options.data, options.runs, name),
        }
        for trial in spread(sweep.trials, options.checks)
    ]
    _say(sweep, checks, options.runs / f"{name}-ranks.json")


def _as_texts(settings: dict[str, Any]) -> list[str]:
    texts = {key: str(value).lower() if isinstance(value, bool) else value for key, value in settings.items()}
    return [f"{key}={value}" for key, value in texts.items()]


def _at_full_widths(trial: Trial, settings: dict[str, Any], data: str, runs: Path, name: str) -> float:
    """Validation accuracy of the trial's values in the row itself; kept, so it is trained once."""
    folder = f"{name}-check-{trial.number}"
    run = Run(runs / folder)
    if not run.finished:
        sets = _as_texts({**settings, **trial.parameters})
        again = run.path.is_dir()
        hundred.train(
            "sprint", set=sets, data=data, runs=runs, name=folder, figures=False, test=False, resume=again
        )
    return float(run.result["val_accuracy"])


def _say(sweep: Sweep, checks: list[dict[str, Any]], path: Path) -> None:
    for check in checks:
        print(
            f"  trial {check['trial']}: {check['cheap']:.2%} at half the widths, {check['whole']:.2%} whole"
        )
    correlation = rank_correlation([each["cheap"] for each in checks], [each["whole"] for each in checks])
    shown = "not defined, as all are the same" if correlation is None else f"{correlation:.2f}"
    print(f"rank correlation {shown}, over {len(checks)} trials")
    print(f"importance: {sweep.importance()}")
    best = max(checks, key=lambda check: check["whole"])
    print("best at full widths:", " ".join(f"--set {text}" for text in _as_texts(best["parameters"])))
    write_json(path, {"rank_correlation": correlation, "checks": checks})


if __name__ == "__main__":
    main()
