"""Made-up runs with the shape of real ones, for pictures and pages."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hundred.data.names import COARSE_NAMES, FINE_NAMES, FINE_TO_COARSE


@pytest.fixture(scope="session")
def history() -> pd.DataFrame:
    """Twenty epochs with two cuts of the learning rate, after epochs 8 and 15; best at epoch 17."""
    epoch = np.arange(1, 21)
    val_accuracy = 0.55 * (1 - np.exp(-epoch / 6))
    val_accuracy[16] = 0.58
    return pd.DataFrame(
        {
            "epoch": epoch,
            "accuracy": 0.5 * (1 - np.exp(-epoch / 8)),
            "loss": 4.6 * np.exp(-epoch / 15),
            "val_accuracy": val_accuracy,
            "val_loss": 4.2 * np.exp(-epoch / 14),
            "learning_rate": np.where(epoch <= 8, 1e-3, np.where(epoch <= 15, 2e-4, 4e-5)),
            "seconds": 12.5,
            "images_per_second": 3600.0,
        }
    )


@pytest.fixture(scope="session")
def classes() -> pd.DataFrame:
    """The class table of a test with errors from 1 % (apple) to 100 % (worm)."""
    error = np.arange(1, 101) / 100
    return pd.DataFrame(
        {
            "class": FINE_NAMES,
            "superclass": [COARSE_NAMES[coarse] for coarse in FINE_TO_COARSE],
            "error": error,
            "precision": 1 - error / 2,
            "recall": 1 - error,
            "f1": 1 - error / 1.5,
            "support": 100,
        }
    )


@pytest.fixture(scope="session")
def superclasses(classes: pd.DataFrame) -> pd.DataFrame:
    """The superclass table that belongs to `classes`."""
    grouped = classes.groupby("superclass")["error"].agg(["mean", "min", "max"]).reset_index()
    return grouped.rename(columns={"mean": "mean_error", "min": "min_error", "max": "max_error"})


@pytest.fixture(scope="session")
def matrix() -> np.ndarray:
    """Confusion counts [100, 100]: 60 of 100 right; 25 bears taken for seals; the rest spread."""
    generator = np.random.default_rng(1)
    counts = generator.multinomial(40, np.full(100, 0.01), size=100)
    counts[np.arange(100), np.arange(100)] += 60
    counts[FINE_NAMES.index("bear"), FINE_NAMES.index("seal")] += 25
    return counts


@pytest.fixture(scope="session")
def reliability() -> pd.DataFrame:
    """Ten bins, the first of them empty."""
    low = np.arange(10) / 10
    table = pd.DataFrame({"low": low, "high": low + 0.1, "count": np.arange(10) * 20})
    table["confidence"] = np.where(table["count"] > 0, low + 0.05, np.nan)
    table["accuracy"] = table["confidence"] - 0.04
    table["gap"] = -0.04
    return table


@pytest.fixture(scope="session")
def images() -> np.ndarray:
    """uint8 [100, 3, 32, 32], one image a class."""
    return np.random.default_rng(2).integers(0, 256, (100, 3, 32, 32), dtype=np.uint8)


@pytest.fixture(scope="session")
def layers() -> list[Any]:
    """Rows of a network in two convolution stages and a head, 1,000 parameters in its convolutions."""
    rows = [
        ("conv1", "Conv2d", (8, 30, 30), 400),
        ("relu1", "ReLU", (8, 30, 30), 0),
        ("norm1", "BatchNorm2d", (8, 30, 30), 32),
        ("pool1", "MaxPool2d", (8, 15, 15), 0),
        ("conv2", "Conv2d", (16, 13, 13), 600),
        ("relu2", "ReLU", (16, 13, 13), 0),
        ("pool2", "MaxPool2d", (16, 6, 6), 0),
        ("flatten", "Flatten", (576,), 0),
        ("logits", "Linear", (100,), 57700),
    ]
    fields = ("name", "kind", "output_shape", "parameters")
    return [SimpleNamespace(**dict(zip(fields, row, strict=True))) for row in rows]


@pytest.fixture(scope="session")
def made(  # noqa: PLR0917 - fixtures come by name
    history: pd.DataFrame,
    classes: pd.DataFrame,
    superclasses: pd.DataFrame,
    matrix: np.ndarray,
    reliability: pd.DataFrame,
    images: np.ndarray,
    layers: list[Any],
) -> SimpleNamespace:
    """All of the above under one name."""
    return SimpleNamespace(
        history=history,
        classes=classes,
        superclasses=superclasses,
        matrix=matrix,
        reliability=reliability,
        images=images,
        layers=layers,
    )
