"""Run directories for the leaderboard's tests: the small files that it reads, without any training."""

import json
from pathlib import Path

from hundred.runs.result import Result


def run(path: Path, test_accuracy: float | None = None, *, batch_size: int = 64, **figures: object) -> Path:
    """A finished run, or, without a test accuracy, one that has trained two of eight epochs."""
    path.mkdir(parents=True)
    (path / "recipe.toml").write_text(
        f'name = "school"\nseed = 0\n\n[training]\nepochs = 8\nbatch_size = {batch_size}\n'
    )
    started = {"kind": "run-started", "epochs": 8, "model": "school", "time": "2026-01-31T12:00:00.000Z"}
    (path / "events.jsonl").write_text(json.dumps(started) + "\n")
    if test_accuracy is None:
        header = "epoch,accuracy,loss,val_accuracy,val_loss,learning_rate,seconds,images_per_second\n"
        rows = "1,0.1,4.0,0.11,3.9,0.01,5.0,900\n2,0.2,3.5,0.21,3.4,0.01,5.0,900\n"
        (path / "history.csv").write_text(header + rows)
    else:
        values = {
            "recipe": "school",
            "epochs": 8,
            "train_seconds": 90.0,
            "val_accuracy": test_accuracy,
            **figures,
        }
        Result(path.name, test_accuracy=test_accuracy, **values).write(path / "result.json")  # type: ignore[arg-type]
    return path


def folder(root: Path) -> Path:
    """Two runs, one unfinished, repeats, an unfinished sweep and a finished one with a winner."""
    run(root / "a", 0.6, batch_size=128, recipe="sprint")
    run(root / "b", 0.5)
    run(root / "cut")
    run(root / "x2" / "seed-0", 0.5)
    run(root / "x2" / "seed-1", 0.75)
    (root / "x2" / "repeats.json").write_text("{}")
    run(root / "sweep" / "trial-0000", 0.3)
    run(root / "sweep" / "winner-trial-0000" / "seed-1", 0.7)
    summary = {"best": {"val_accuracy": 0.72}, "winner": {"test_accuracy": {"mean": 0.7}}}
    (root / "sweep" / "sweep.json").write_text(json.dumps(summary))
    (root / "notes").mkdir()
    (root / "mlartifacts" / "0").mkdir(parents=True)
    return root
