"""A recipe that trains by Muon, given a network in which no convolution filters train."""

from pathlib import Path
from typing import Any

import pytest
from torch import nn

import hundred
from hundred.data.dataset import Dataset
from hundred.runs.layout import RECIPE


def linear(classes: int) -> nn.Module:
    return nn.Sequential(nn.AvgPool2d(4), nn.Flatten(), nn.Linear(192, classes))


def convolutional(classes: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 4, 5, stride=4), nn.ReLU(), nn.Flatten(), nn.Linear(196, classes))


def trained(runs: Path, data: Dataset, network: Any, **values: Any) -> hundred.Run:
    given = {"training.resolutions": [], "training.optimizer": "muon", "training.learning_rate": 0.13}
    return hundred.train(
        model=network,
        data=data,
        runs=runs,
        epochs=1,
        set={**given, "data.validation_per_class": 1, **values},
        figures=False,
        test=False,
    )


@pytest.mark.parametrize(
    ("network", "values"), [(linear, {}), (convolutional, {"training.freeze": ["backbone"]})]
)
def test_adamw_is_taken_and_the_run_says_so(
    network: Any,
    values: dict[str, Any],
    tmp_path: Path,
    small_data: Dataset,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = trained(tmp_path, small_data, network, **values)
    assert capsys.readouterr().err.count("adamw with a learning rate of 0.001 is taken") == 1
    written = (run.path / RECIPE).read_text(encoding="utf-8")
    assert 'optimizer = "adamw"' in written
    assert "learning_rate = 0.001" in written
    assert max(row["learning_rate"] for row in run.history.to_dict("records")) <= 0.001


def test_muon_steps_a_network_with_filters_as_before(
    tmp_path: Path, small_data: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    run = trained(tmp_path, small_data, convolutional)
    assert "adamw" not in capsys.readouterr().err
    assert 'optimizer = "muon"' in (run.path / RECIPE).read_text(encoding="utf-8")


def test_a_rate_of_the_user_below_it_is_kept(tmp_path: Path, small_data: Dataset) -> None:
    run = trained(tmp_path, small_data, linear, **{"training.learning_rate": 2e-4})
    assert "learning_rate = 0.0002" in (run.path / RECIPE).read_text(encoding="utf-8")
