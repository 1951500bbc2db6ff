"""Made-up runs with the shape of real ones, for pictures and pages."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hundred.data.names import COARSE_NAMES, FINE_NAMES, FINE_TO_COARSE
from hundred.reports.figures.mosaic import Shot
from hundred.reports.figures.samples import ClassGallery
from hundred.reports.page.data import Change, Confusion, Gallery, ReportData, RunReport, Setting


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


@pytest.fixture(scope="session")
def result() -> dict[str, Any]:
    """The content of a result.json."""
    return {
        "name": "school-2",
        "recipe": "school",
        "model": "school",
        "parameters": 4899044,
        "epochs": 20,
        "seed": 0,
        "device": "cpu",
        "data": "cifar100",
        "data_digest": "0f" * 32,
        "protocol": "holdout",
        "val_accuracy": 0.5812345678,
        "test_accuracy": 0.5712,
        "test_top5_accuracy": 0.8431,
        "test_coarse_accuracy": 0.6915,
        "test_loss": 1.6180339887,
        "calibration_error": 0.0412,
        "train_seconds": 1834.25,
        "total_seconds": 1999.75,
        "images_per_second": None,
        "stopped": "early-stopping",
    }


@pytest.fixture(scope="session")
def run_report(made: SimpleNamespace, result: dict[str, Any]) -> RunReport:
    """A run with every part of a page filled in."""
    names = list(FINE_NAMES[:12])
    shots = tuple(Shot(made.images[n], names[0], name, 0.9, n) for n, name in enumerate(names))
    gallery = ClassGallery("apple", "fruit_and_vegetables", 0.01, shots[:4])
    return RunReport(
        result=result,
        accuracy_interval=(0.5614, 0.5809),
        history=made.history,
        recipe_text='name = "school"\n[training]\nepochs = 60\n',
        parent="school-base",
        changes=[Change("training.epochs", "60", "30"), Change("augment.shear", None, "0.2")],
        layers=made.layers,
        classes=made.classes,
        superclasses=made.superclasses,
        confusion=Confusion(made.matrix, FINE_NAMES, COARSE_NAMES, FINE_TO_COARSE),
        reliability=made.reliability,
        worst=[gallery],
        best=[gallery],
        galleries=[Gallery("Most confident mistakes", shots, "Wrong, and sure of it.")],
        label_errors=Gallery("", shots[1:3], "Test images whose label is doubted."),
        doctor={
            "findings": [
                {
                    "name": "stopped-early",
                    "since_epoch": 17,
                    "confidence": 0.8,
                    "evidence": "validation loss still fell",
                    "try": ["--set training.epochs=90"],
                }
            ],
            "verdict": "Still improving when it stopped.",
        },
        environment={"python": "3.12.4", "torch": "2.13.0", "cuda": None, "earlier": [{"python": "3.11"}]},
        repeat=["hundred train runs/school-2/recipe.toml"],
    )


@pytest.fixture(scope="session")
def pair_data(run_report: RunReport, made: SimpleNamespace) -> ReportData:
    """Two runs with their comparison; the second on the sample set, validated on its test images."""
    from hundred.evaluation.compare.comparison import compare_contenders
    from hundred.evaluation.compare.contender import Contender

    generator = np.random.default_rng(3)
    labels = np.repeat(np.arange(100), 5)
    logits = generator.normal(size=(2, 500, 100))
    logits[0, np.arange(500), labels] += 4
    logits[1, np.arange(500), labels] += 2
    contenders = [
        Contender(name, [logits[n]], labels, (0,), (60.0 + 60 * n,), 1000, 4000)
        for n, name in enumerate(("school-2", "school-3"))
    ]
    second = {**run_report.result, "name": "school-3", "data": "sample", "protocol": "test-as-validation"}
    return ReportData(
        runs=[run_report, replace(run_report, result=second, history=made.history[:10])],
        settings=[Setting("training.epochs", ("60", None))],
        comparison=compare_contenders(contenders, fine_names=FINE_NAMES),
        made_by="1.2.3",
    )
