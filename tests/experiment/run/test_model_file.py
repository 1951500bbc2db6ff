"""Models that are kept on the way, and the test with several views."""

import pytest
from torch import nn

import hundred
from hundred.errors import UsageError
from tests.experiment.conftest import Train, file_weights


def test_a_model_is_kept_every_so_many_epochs_and_the_test_is_averaged_over_views(train: Train) -> None:
    settings = {"callbacks.checkpoint": {"keep": "last", "every": 2}, "evaluation.tta": "flip"}
    run = train(epochs=4, set=settings)
    kept = sorted(path.name for path in (run.path / "models").iterdir())
    assert kept == ["epoch-0002.h5", "epoch-0004.h5"]
    assert file_weights(run.path / "models" / kept[1]) == file_weights(run.model_path)
    assert hundred.load(run.path / "models" / kept[0]).parameters == run.result["parameters"]
    assert run.result["tta"] == "flip"
    assert 0.0 <= run.result["test_tta_accuracy"] <= 1.0
    assert run.result["test_tta_loss"] != run.result["test_loss"]


def test_a_softmax_in_a_network_is_refused_before_training(train: Train) -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, 100), nn.Softmax(1))
    with pytest.raises(UsageError, match=r"gives probabilities .* leave out the softmax"):
        train(model=network, epochs=1, set={"training.optimizer": "adam", "training.resolutions": []})
