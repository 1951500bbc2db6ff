"""Training a saved network further: on the same classes, on others, with layers frozen."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import hundred
from hundred.data.dataset import Dataset, Split
from hundred.errors import UsageError
from tests.experiment.conftest import Train, file_weights

SETTINGS = {"training.optimizer": "adam", "training.learning_rate": 0.01, "training.ema": 0.5}


def ten_classes(data: Dataset) -> Dataset:
    def some(split: Split) -> Split:
        return split.take((split.fine < 10).nonzero()[:, 0])

    return replace(
        data,
        train=some(data.train),
        test=some(data.test),
        fine_names=data.fine_names[:10],
        fine_to_coarse=data.fine_to_coarse[:10],
    )


def messages(run: hundred.Run) -> list[str]:
    return [event["message"] for event in run.events if event["kind"] == "warned"]


@pytest.fixture
def first(train: Train) -> hundred.Run:
    run: hundred.Run = train(epochs=1, name="first", set=SETTINGS)
    return run


def test_other_classes_get_a_new_head_and_that_is_said(
    train: Train, first: hundred.Run, small_data: Dataset
) -> None:
    run = train(start_from=first.path, data=ten_classes(small_data), epochs=1, set=SETTINGS)
    assert any(
        "has 100 classes and the data 10: its last layer (head) is a new one" in m for m in messages(run)
    )
    model = hundred.load(run.model_path)
    assert model.predict(np.zeros((2, 32, 32, 3), np.uint8)).shape == (2, 10)


def test_a_frozen_backbone_is_the_same_to_the_bit_and_the_file_says_that_it_is_frozen(
    train: Train, first: hundred.Run, small_data: Dataset
) -> None:
    frozen = {**SETTINGS, "training.freeze": ["backbone"]}
    run = train(start_from=first.path, data=ten_classes(small_data), epochs=2, set=frozen)
    before, after = file_weights(first.model_path), file_weights(run.model_path)
    changed = {name for name in after if after[name] != before.get(name)}
    assert {name for name in changed if "head" not in name and "normalization" not in name} == set()
    model = hundred.load(run.model_path)
    assert model.frozen
    assert not any("head" in name for name in model.frozen)


def test_image_sizes_that_a_network_from_a_file_cannot_take_are_left_out(
    small_data: Dataset, tmp_path: Path
) -> None:
    def trained(**options: object) -> hundred.Run:
        run: hundred.Run = hundred.train(  # type: ignore[assignment]
            {
                "model": {"name": "simple"},
                "training": {"epochs": 1, "batch_size": 200, "resolutions": options.pop("resolutions", [])},
                "tracking": {"mlflow": False},
            },
            data=small_data,
            runs=tmp_path,
            figures=False,
            quiet=True,
            **options,  # type: ignore[arg-type]
        )
        return run

    first = trained(name="first")
    run = trained(start_from=first.path, resolutions=[[0.5, 24], [1.0, 32]])
    assert any("training.resolutions (24, 32 pixels) is left out" in message for message in messages(run))
    assert "resolutions = []" in run.recipe_text


def test_a_network_without_a_dense_end_is_refused_in_one_line() -> None:
    from hundred.models.head import replace_head

    with pytest.raises(UsageError, match="100 classes, the data 10, and it ends in no dense layer"):
        replace_head(torch.nn.Sequential(torch.nn.Conv2d(3, 100, 32), torch.nn.Flatten()), 100, 10)
