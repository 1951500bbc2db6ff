"""Finished run directories of the study's systems, written and not trained."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from hundred.data.names import FINE_NAMES
from hundred.recipe.load import load_recipe
from hundred.recipe.write import to_toml
from hundred.runs.history import HEADER
from hundred.study.plan import StudyPlan, save_plan
from hundred.study.result import Study

CLASSES, IMAGES = 100, 10  # test images of each class


def write_run(
    folder: Path,
    recipe: str,
    seed: int,
    right: dict[str, float] | float,
    *,
    gap: float = 0.1,
    epochs: int | None = None,
    cuts: int = 0,
    stopped: str = "epochs",
    protocol: str = "holdout",
    **overrides: Any,
) -> Path:
    """A finished run directory whose share of right test images is `right`, for all classes or by name."""
    whole = load_recipe(recipe, {"seed": seed, "data.protocol": protocol, **overrides}).recipe
    epochs = epochs or whole.training.epochs
    path = folder / recipe / f"seed-{seed}"
    path.mkdir(parents=True)
    logits, labels = _predictions(right, seed)
    accuracy = float((logits.argmax(1) == labels).mean())
    np.savez(path / "predictions.npz", test_logits=logits, test_labels=labels)
    (path / "recipe.toml").write_text(to_toml(whole))
    rows = [
        f"{n},{accuracy + gap},1.0,{accuracy * n / epochs},1.0,{1e-3 * 0.5 ** min(n - 1, cuts)},1.0,50.0"
        for n in range(1, epochs + 1)
    ]
    (path / "history.csv").write_text("\n".join([HEADER, *rows]) + "\n")
    events = [{"kind": "learning-rate-cut", "epoch": n, "time": "x"} for n in range(1, cuts + 1)]
    (path / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    result = {
        "name": path.name, "recipe": recipe, "model": whole.model.name, "parameters": 1000, "epochs": epochs,
        "seed": seed, "device": "cpu", "data": "cifar100", "data_digest": "d", "protocol": protocol,
        "val_accuracy": accuracy, "test_accuracy": accuracy, "test_top5_accuracy": 0.8,
        "test_coarse_accuracy": 0.7, "test_loss": 1.0, "calibration_error": 0.1, "train_seconds": 60.0,
        "total_seconds": 70.0, "images_per_second": 50.0, "stopped": stopped, "model_bytes": 4000,
    }  # fmt: skip
    (path / "result.json").write_text(json.dumps(result))
    return path


def _predictions(right: dict[str, float] | float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    labels = np.repeat(np.arange(CLASSES), IMAGES)
    shares = [right if isinstance(right, float) else right.get(name, right[""]) for name in FINE_NAMES]
    generator = np.random.default_rng(seed)
    answers = labels.copy()
    for label, share in enumerate(shares):
        wrong = generator.permutation(IMAGES)[round(share * IMAGES) :]
        answers[label * IMAGES + wrong] = (label + 1 + generator.integers(0, 90, len(wrong))) % CLASSES
    return np.eye(CLASSES, dtype=np.float32)[answers] * 5, labels


def write_study(folder: Path, *, protocol: str = "holdout") -> Study:
    folder.mkdir(parents=True, exist_ok=True)
    save_plan(folder, StudyPlan("d", "cifar100", None, None, protocol), {"resnet50": "out of memory"})
    return Study(folder)
