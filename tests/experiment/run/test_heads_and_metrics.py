"""Networks of two heads, and metrics of the user's own, in whole runs."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import hundred
from hundred.data.dataset import Dataset
from hundred.errors import HundredError, UsageError
from hundred.evaluation.own_metrics import load_metrics, measure
from hundred.training.loss import CrossEntropy, SuperclassLoss, loss_of_outputs
from tests.experiment.conftest import Train, file_weights, rows
from tests.making.killing import KillAt, Killed

PLAIN = {"training.optimizer": "adam", "training.learning_rate": 0.01, "training.resolutions": []}
SUPERCLASSES = 20


class FineAndCoarse(nn.Module):
    def __init__(self, classes: int) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.body = nn.Sequential(
            nn.Conv2d(3, 8, 5, stride=4), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()
        )
        self.fine, self.coarse = nn.Linear(8, classes), nn.Linear(8, SUPERCLASSES)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        features = self.body(images)
        return self.fine(features), self.coarse(features)


def test_the_loss_of_two_heads_is_the_weighted_sum_of_both() -> None:
    torch.manual_seed(0)
    to_coarse = torch.tensor([0, 1, 1, 0])
    fine, coarse, images = torch.randn(3, 4), torch.randn(3, 2), torch.zeros(3, 3, 8, 8)
    loss = SuperclassLoss(CrossEntropy(), CrossEntropy(), to_coarse, 0.5)
    labels = torch.tensor([3, 1, 2])
    total, logits = loss_of_outputs(loss, (fine, coarse), labels, images)
    expected = F.cross_entropy(fine, labels) + 0.5 * F.cross_entropy(coarse, torch.tensor([0, 1, 1]))
    torch.testing.assert_close(total, expected)
    assert logits is fine
    mixed = torch.tensor([[0.7, 0.3, 0.0, 0.0], [0.0, 0.4, 0.6, 0.0], [0.5, 0.0, 0.0, 0.5]])
    of_superclasses = torch.tensor([[0.7, 0.3], [0.0, 1.0], [1.0, 0.0]])
    total, _ = loss_of_outputs(loss, (fine, coarse), mixed, images)
    expected = F.cross_entropy(fine, mixed) + 0.5 * F.cross_entropy(coarse, of_superclasses)
    torch.testing.assert_close(total, expected)


def test_a_network_of_two_heads_is_trained_saved_tested_and_resumed(
    train: Train, small_data: Dataset
) -> None:
    settings = {**PLAIN, "training.superclass_weight": 0.5}
    begin = FineAndCoarse(100).coarse.weight.clone()
    given = FineAndCoarse(100)
    run = train(model=given, epochs=2, set=settings, name="whole")
    assert not torch.equal(given.coarse.weight, begin)  # the second loss reaches its head
    tested = hundred.test(run.path, data=small_data)
    assert tested.metrics.accuracy == run.result["test_accuracy"]
    killed = [KillAt("on_epoch_ended", 2)]
    with pytest.raises(Killed):
        train(model=FineAndCoarse, epochs=2, set=settings, name="cut", listeners=killed)
    resumed = train(model=FineAndCoarse, name="cut", resume=True)
    assert rows(resumed) == rows(run)
    assert file_weights(resumed.model_path) == file_weights(run.model_path)


@pytest.mark.parametrize(
    ("model", "weight", "message"),
    [
        (FineAndCoarse, 0.0, "gives two outputs: set training.superclass_weight"),
        (None, 0.5, "is for a network of two outputs"),
    ],
)
def test_heads_and_losses_that_do_not_fit_are_refused(
    train: Train, tmp_path: Path, model: Any, weight: float, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        train(model=model, epochs=1, set={**PLAIN, "training.superclass_weight": weight})
    assert not (tmp_path / "runs").exists()


def second_best(logits: np.ndarray, labels: np.ndarray) -> float:
    """How often the truth is among the two best."""
    return float((np.argsort(-logits, axis=1)[:, :2] == labels[:, None]).any(axis=1).mean())


def broken(logits: np.ndarray, labels: np.ndarray) -> float:
    raise ValueError("no")


HERE = "tests.experiment.run.test_heads_and_metrics"


def test_metrics_of_the_users_own_are_measured_at_the_end_and_by_test(
    train: Train, small_data: Dataset
) -> None:
    names = [f"{HERE}:second_best", f"{HERE}:broken"]
    run = train(epochs=1, set={**PLAIN, "evaluation.metrics": names})
    with np.load(run.path / "predictions.npz") as kept:
        expected = second_best(kept["test_logits"], kept["test_labels"])
    assert run.result["test_second_best"] == expected
    assert run.result["metrics"] == ["second_best"]
    assert any("the metric broken failed: ValueError: no" in str(event) for event in run.events)
    tested = hundred.test(run.path, data=small_data, metrics=names[:1])
    assert tested.as_dict()["test_second_best"] == expected


def test_wrong_metrics_are_said(train: Train, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has no 'secnd_best'; did you mean 'second_best'"):
        train(epochs=1, set={**PLAIN, "evaluation.metrics": [f"{HERE}:secnd_best"]})
    assert not (tmp_path / "runs").exists()
    with pytest.raises(UsageError, match="has a name that is taken"):
        load_metrics(["sklearn.metrics:accuracy_score"], ["accuracy_score"])
    with pytest.raises(HundredError, match="the metric nothing returned nan"):
        measure({"nothing": lambda logits, labels: np.nan}, np.zeros((1, 2)), [0])
